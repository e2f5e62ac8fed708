// The store as an actor of somebody else's system.
#include "talaria/actors.hpp"

#include <chrono>
#include <gtest/gtest.h>
#include <string>

namespace talaria {
namespace {

class StoreActorTest : public testing::Test {
protected:
  actors::store_actor spawn() {
    auto objects = memory_store();
    EXPECT_TRUE(Store::init(*objects));
    auto store = actors::spawn_store(system, std::move(objects), Settings{});
    EXPECT_TRUE(store);
    return *store;
  }

  actors::Config config{2};
  caf::actor_system system{config};
};

TEST_F(StoreActorTest, AnswersRequestsWithResultsOrErrorsOfTalaria) {
  auto store = spawn();
  caf::scoped_actor self{system};
  Digest digest;
  self->request(store, caf::infinite, put_chunks_atom_v, std::vector{Buffer::copy_of("by actor")})
      .receive([&](std::vector<Digest>& digests) { digest = digests.at(0); },
               [](caf::error& e) { FAIL() << actors::to_error(e).message(); });
  EXPECT_EQ(digest, digest_of("by actor"));
  self->request(store, caf::infinite, get_chunks_atom_v, std::vector{digest})
      .receive([](std::vector<Buffer>& buffers) { EXPECT_EQ(buffers.at(0).view(), "by actor"); },
               [](caf::error& e) { FAIL() << actors::to_error(e).message(); });
  self->request(store, caf::infinite, chunk_range_atom_v, digest, uint64_t{3}, uint64_t{100})
      .receive([](Buffer& part) { EXPECT_EQ(part.view(), "actor"); },
               [](caf::error& e) { FAIL() << actors::to_error(e).message(); });
  self->request(store, caf::infinite, ranges_atom_v, std::vector{RangeRequest{"none", 0, 1}},
                std::string())
      .receive([](std::vector<SequenceRange>&) { FAIL(); },
               [](caf::error& e) { EXPECT_EQ(actors::to_error(e).code(), errc::not_found); });
  self->request(store, caf::infinite, export_atom_v, std::string("none@1"), ExportSink(),
                OperationOptions())
      .receive([](ReleaseInfo&) { FAIL(); },
               [](caf::error& e) { EXPECT_EQ(actors::to_error(e).code(), errc::not_found); });
  self->request(store, caf::infinite, verify_atom_v, VerifyOptions())
      .receive([](VerifyReport& report) { EXPECT_TRUE(report.damages.empty()); },
               [](caf::error& e) { FAIL() << actors::to_error(e).message(); });
  self->send_exit(store, caf::exit_reason::user_shutdown);
  self->wait_for(store);
}

TEST_F(StoreActorTest, EndsWhenItsLastHandleIsDropped) {
  for (int i = 0; i < 20; ++i) {
    auto store = spawn();
    caf::scoped_actor self{system};
    self->request(store, caf::infinite, stats_atom_v)
        .receive([](StoreStats&) {}, [](caf::error& e) { FAIL() << actors::to_error(e).message(); });
  }
  system.await_all_actors_done();
}

TEST_F(StoreActorTest, ManyOperationsRunSideBySide) {
  auto store = spawn();
  caf::scoped_actor self{system};
  for (int i = 0; i < 30; ++i) self->send(caf::actor_cast<caf::actor>(store), stats_atom_v);
  int answers = 0;
  self->receive_for(answers, 30)([](StoreStats&) {});
  EXPECT_EQ(answers, 30);
  self->send_exit(store, caf::exit_reason::user_shutdown);
  self->wait_for(store);
}

} // namespace
} // namespace talaria

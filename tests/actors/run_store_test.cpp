// What is stored of a run is read back before it is committed.
#include "actors/run_store.hpp"

#include "actors/runtime.hpp"
#include "coding/residue_difference.hpp"
#include "repository/difference.hpp"
#include "tests/repository/support.hpp"

#include <gtest/gtest.h>

namespace talaria {
namespace {

using actors::Operation;
using actors::RunStore;

class RunStoreTest : public testing::Test {
protected:
  void SetUp() override {
    auto objects = memory_store();
    must(Store::init(*objects));
    runtime = std::make_unique<Runtime>(must(Core::open(std::move(objects), Settings{})));
  }

  // Stores three sequences, each but the first as the difference from the one before it. The last says
  // that it is `depth` deep.
  Result<void> store_chain(uint8_t depth) {
    return runtime->run([&](Operation& op) -> Result<void> {
      auto view = must(op.core->repository->view());
      auto commit = std::make_shared<Commit>(*op.core->repository, view, op.core->settings.pack_size);
      auto run = std::make_shared<talaria::Run>(commit->generation(), std::array<uint32_t, kind_count>{},
                                                op.core->run_limits());
      std::vector<std::string> values{genome(20'000, 1)};
      values.push_back(values[0] + "A");
      values.push_back(values[1] + "C");
      for (auto& value : values)
        run->add(Kind::sequence, Key128::of(digest_of(value)), value, false, value.size());
      for (uint32_t i = 1; i < values.size(); ++i) {
        Difference made;
        made.length = static_cast<uint32_t>(values[i].size());
        made.depth = i == 2 ? depth : 1;
        made.work = i + 1;
        made.references = {{Kind::sequence, commit->generation(), i - 1}};
        std::string bytes;
        must(DifferenceEncoder().encode(values[i], values[i - 1], bytes));
        made.bytes = bytes;
        run->set_difference(Kind::sequence, i, encode_difference_chunk(made));
      }
      return RunStore(op, commit, false).store(run);
    });
  }

  std::unique_ptr<Runtime> runtime;
};

TEST_F(RunStoreTest, StoresDifferencesThatCanBeRead) {
  auto stored = store_chain(2);
  EXPECT_TRUE(stored) << stored.error().message();
}

TEST_F(RunStoreTest, RefusesADifferenceThatReadersWouldRefuse) {
  auto stored = store_chain(1);
  ASSERT_FALSE(stored);
  EXPECT_EQ(stored.error().code(), errc::internal);
  EXPECT_NE(stored.error().message().find("a chain of differences is longer than it says"),
            std::string::npos)
      << stored.error().message();
}

} // namespace
} // namespace talaria

// When the actors of a store start.
#include "tests/actors/fixture.hpp"

#include <algorithm>
#include <filesystem>
#include <thread>
#include <vector>

namespace talaria {
namespace {

class RuntimeTest : public StoreFixture {
protected:
  void SetUp() override {
    ASSERT_TRUE(Store::init(folder / "repo"));
    store = reopened();
  }

  std::unique_ptr<Store> reopened() const {
    return Store::open(folder / "repo", small_settings()).value();
  }

  static auto threads() {
    return std::distance(std::filesystem::directory_iterator("/proc/self/task"),
                         std::filesystem::directory_iterator());
  }
};

TEST_F(RuntimeTest, ReadsOfSingleRecordsAndChunksStartNoThread) {
  if (!std::filesystem::exists("/proc/self/task")) GTEST_SKIP() << "no list of threads here";
  ASSERT_TRUE(ingest(records(1, 20), "db", "1"));
  auto digest = store->chunks().put("bytes").value();
  store.reset();
  const auto before = threads();
  auto again = reopened();
  ASSERT_TRUE(again->get("P10007"));
  ASSERT_TRUE(again->get_range("P10008", 2, 50));
  ASSERT_TRUE(again->chunks().get(digest));
  ASSERT_TRUE(again->chunks().contains(digest));
  ASSERT_TRUE(again->releases());
  EXPECT_EQ(threads(), before);
  ASSERT_TRUE(again->verify());
  EXPECT_GT(threads(), before);
}

TEST_F(RuntimeTest, OperationsOfManyThreadsStartTheActorsOnce) {
  std::vector<Result<Digest>> digests(8, failure(errc::internal, "not put"));
  {
    std::vector<std::jthread> callers;
    for (std::size_t i = 0; i < digests.size(); ++i)
      callers.emplace_back([&, i] { digests[i] = store->chunks().put("chunk " + std::to_string(i)); });
  }
  for (std::size_t i = 0; i < digests.size(); ++i) {
    // Writers exclude each other: all but one may have been refused.
    if (!digests[i]) {
      EXPECT_EQ(digests[i].error().code(), errc::locked) << digests[i].error().message();
      continue;
    }
    EXPECT_EQ(store->chunks().get(*digests[i])->view(), "chunk " + std::to_string(i));
  }
  EXPECT_TRUE(std::any_of(digests.begin(), digests.end(), [](auto& d) { return d.has_value(); }));
}

TEST_F(RuntimeTest, AStoreThatWasOnlyOpenedEndsWithoutOne) {
  store.reset();
  EXPECT_TRUE(reopened());
}

} // namespace
} // namespace talaria

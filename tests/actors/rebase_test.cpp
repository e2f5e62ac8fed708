// Lists of records of releases, written anew with other chains: what they hold stays, and readers don't
// notice.
#include "repository/repository.hpp"
#include "tests/actors/fixture.hpp"

#include <atomic>
#include <numeric>
#include <random>
#include <thread>
#include <vector>

namespace talaria {
namespace {

class RebaseTest : public StoreFixture {
protected:
  // A store with releases db@1, db@2, ... in a folder, each some records more than the one before.
  void make_releases(int count, unsigned chain) {
    path_ = folder / "repo";
    ASSERT_TRUE(Store::init(path_));
    open_with(chain);
    for (int i = 1; i <= count; ++i) {
      texts_.push_back(release(i));
      ASSERT_TRUE(ingest(texts_.back(), "db", std::to_string(i)));
    }
  }

  // From the second on in an order that is not that of their numbers, so that a whole list is longer
  // than what differs.
  static std::string release(int n) {
    std::vector<int> order(150);
    std::iota(order.begin(), order.end(), 0);
    std::mt19937 random(1);
    for (std::size_t i = order.size(); n > 1 && i > 1; --i) std::swap(order[i - 1], order[random() % i]);
    auto text = records(1000, 3 * n, 30);
    for (int i : order) text += records(i, 1, 30);
    return text;
  }

  void open_with(unsigned chain) {
    store.reset();
    Settings settings;
    settings.threads = 2;
    settings.page_chain = chain;
    auto opened = Store::open(path_, settings);
    ASSERT_TRUE(opened) << opened.error().message();
    store = *std::move(opened);
  }

  unsigned longest_chain() {
    auto objects = *local_store(path_, false);
    auto repository = *Repository::open(*objects);
    auto view = *repository->view();
    unsigned longest = 0;
    for (auto& release : view->snapshot().releases)
      longest = std::max(longest, (*view->pages(release))->depth());
    return longest;
  }

  std::size_t count(const std::string& prefix) {
    std::size_t count = 0;
    EXPECT_TRUE(
        (*local_store(path_, false))->list(prefix, [&](const ObjectInfo&) { return ++count > 0; }));
    return count;
  }

  void expect_releases() {
    for (std::size_t i = 0; i < texts_.size(); ++i)
      EXPECT_TRUE(exported("db@" + std::to_string(i + 1)) == texts_[i]) << i;
    auto report = store->verify();
    ASSERT_TRUE(report);
    for (auto& damage : report->damages) ADD_FAILURE() << damage.object << ": " << damage.message;
  }

  RebaseReport rebase(const RebaseOptions& options = {}) {
    auto report = store->rebase(options);
    EXPECT_TRUE(report) << report.error().message();
    return report.value_or(RebaseReport{});
  }

  std::string path_;
  std::vector<std::string> texts_;
};

TEST_F(RebaseTest, ALowerBoundTakesEffectOnReleasesThatAreThere) {
  make_releases(8, 7);
  EXPECT_EQ(longest_chain(), 7u);
  for (unsigned bound : {5u, 2u, 0u}) {
    open_with(bound);
    auto report = rebase();
    EXPECT_FALSE(report.rebased.empty());
    EXPECT_EQ(report.releases, 8u);
    for (auto& release : report.rebased) {
      EXPECT_LE(release.chain_after, bound) << release.release;
      EXPECT_GT(release.bytes_after, 0u);
    }
    EXPECT_LE(longest_chain(), bound);
    EXPECT_EQ(report.page_bytes_after, store->stats()->page_bytes);
    EXPECT_EQ(count("pages/"), 8u) << "the old files are gone";
    EXPECT_EQ(count("releases/"), 8u);
    expect_releases();
    EXPECT_TRUE(rebase().rebased.empty()) << "once is enough";
  }
}

TEST_F(RebaseTest, ReleasesThatAreAskedForProfitFromAHigherBound) {
  make_releases(6, 0);
  auto before = store->stats()->page_bytes;
  open_with(8);
  EXPECT_TRUE(rebase().rebased.empty()) << "none has too long a chain";
  auto report = rebase({{"db@2", "db@3", "db@4", "db@5", "db"}, false, {}});
  EXPECT_EQ(report.rebased.size(), 5u);
  EXPECT_EQ(longest_chain(), 5u);
  EXPECT_LT(store->stats()->page_bytes, before);
  expect_releases();
}

TEST_F(RebaseTest, WhatIsTheDifferenceFromARewrittenReleaseIsRewrittenToo) {
  make_releases(5, 4);
  open_with(1);
  auto report = rebase({{"db@3"}, false, {}});
  std::vector<std::string> names;
  for (auto& release : report.rebased) names.push_back(release.release);
  EXPECT_EQ(names, (std::vector<std::string>{"db@3", "db@4", "db@5"}));
  expect_releases();
}

TEST_F(RebaseTest, ReleasesOfEqualContentGoOnSharingAFile) {
  make_releases(4, 3);
  ASSERT_TRUE(ingest(texts_[3], "copy", "1"));
  ASSERT_EQ(count("pages/"), 4u);
  open_with(0);
  rebase();
  EXPECT_EQ(count("pages/"), 4u);
  EXPECT_TRUE(exported("copy@1") == texts_[3]);
  expect_releases();
}

TEST_F(RebaseTest, ADryRunSaysWhatWouldBeWrittenAndChangesNothing) {
  make_releases(6, 5);
  open_with(2);
  auto bytes = store->stats()->repository_bytes;
  auto planned = rebase({{}, true, {}});
  EXPECT_EQ(store->stats()->repository_bytes, bytes);
  EXPECT_EQ(longest_chain(), 5u);
  auto done = rebase();
  ASSERT_EQ(planned.rebased.size(), done.rebased.size());
  for (std::size_t i = 0; i < done.rebased.size(); ++i) {
    EXPECT_EQ(planned.rebased[i].release, done.rebased[i].release);
    EXPECT_EQ(planned.rebased[i].chain_before, done.rebased[i].chain_before);
  }
}

TEST_F(RebaseTest, RefusesWhatIsNotThereAndEndsWhenItIsCancelled) {
  make_releases(4, 3);
  open_with(0);
  EXPECT_EQ(store->rebase({{"db@9"}, false, {}}).error().code(), errc::not_found);
  EXPECT_EQ(store->rebase({{"@"}, false, {}}).error().code(), errc::invalid_argument);
  RebaseOptions options;
  options.options.cancel = std::make_shared<std::atomic<bool>>(true);
  EXPECT_EQ(store->rebase(options).error().code(), errc::cancelled);
  EXPECT_EQ(count("pages/"), 4u) << "nothing is left over";
  expect_releases();
}

// Readers open the page files of a release again when these have gone under them.
TEST_F(RebaseTest, ReadersDoNotNotice) {
  make_releases(6, 5);
  std::atomic<bool> done{false};
  auto read = [&](std::size_t release) {
    auto reader = *Store::open(path_, {});
    do {
      std::string text;
      auto exported = reader->export_release("db@" + std::to_string(release + 1),
                                             [&](std::string_view bytes) -> Result<void> {
                                               text += bytes;
                                               return {};
                                             });
      EXPECT_TRUE(exported) << exported.error().message();
      EXPECT_TRUE(text == texts_[release]);
      auto record = reader->get("P10007", "db@" + std::to_string(release + 1));
      EXPECT_TRUE(record) << record.error().message();
      auto verified = reader->verify();
      EXPECT_TRUE(verified && verified->damages.empty())
          << (verified ? verified->damages[0].message : verified.error().message());
    } while (!done);
  };
  std::thread first(read, 5);
  std::thread second(read, 3);
  for (unsigned bound : {1u, 2u, 0u}) {
    open_with(bound);
    rebase({bound == 2 ? std::vector<std::string>{"db@3", "db@4", "db@6"} : std::vector<std::string>{},
            false,
            {}});
  }
  done = true;
  first.join();
  second.join();
  expect_releases();
}

} // namespace
} // namespace talaria

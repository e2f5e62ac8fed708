#include "repository/recovery.hpp"

#include "support.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace talaria {
namespace {

class Recovering : public testing::Test {
protected:
  // Three commits, each of a release; the snapshots of all are there.
  void SetUp() override {
    views.push_back(must(repository->view()));
    for (unsigned i = 1; i <= 3; ++i) {
      TestWriter writer(*repository);
      writer.add(Kind::sequence, protein(100, i));
      auto pages = must(PageFileWriter::create(*repository.store));
      must(pages->add({pages->generation(writer.generations[writer.own]), 0}, {0, 0}, {}));
      const auto info = must(pages->finish());
      writer.commit.add_pages(info);
      // Names that order otherwise than their times.
      const auto name = std::string(1, static_cast<char>('z' - i));
      views.push_back(
          must(writer.publish(ReleaseEntry{name, "1", i, {}, 0, 1, 0, info.digest, info.size})));
    }
  }

  std::string snapshot_at(std::size_t commit) const { return snapshot_name(views[commit]->digest()); }

  static std::vector<std::string> labels(const Snapshot& snapshot) {
    std::vector<std::string> names;
    for (auto& release : snapshot.releases) names.push_back(release.name);
    return names;
  }

  static std::vector<std::string> packs(const Snapshot& snapshot) {
    std::vector<std::string> names;
    for (auto& pack : snapshot.packs)
      names.push_back(pack.digest.hex() + snapshot.generations.at(pack.generation).hex());
    std::sort(names.begin(), names.end());
    return names;
  }

  TestRepository repository;
  std::vector<ViewPtr> views;
};

TEST_F(Recovering, TheNewestSoundSnapshotIsFound) {
  EXPECT_EQ(must(newest_snapshot(*repository.store))->digest, views[3]->digest());
  must(repository.store->put(snapshot_at(3), bytes_of(*repository.store, snapshot_at(3)) + "x"));
  EXPECT_EQ(must(newest_snapshot(*repository.store))->digest, views[2]->digest());
  must(repository.store->remove(snapshot_at(2)));
  EXPECT_EQ(must(newest_snapshot(*repository.store))->digest, views[1]->digest());
  must(repository.store->remove(snapshot_at(1)));
  must(repository.store->remove(snapshot_at(0)));
  EXPECT_FALSE(must(newest_snapshot(*repository.store)));
}

TEST_F(Recovering, OfAWholeRepositoryIsItsSnapshot) {
  const auto found = must(recover(*repository.store));
  EXPECT_EQ(found.serial, 3u);
  EXPECT_EQ(found.snapshot.serial, 4u);
  EXPECT_EQ(found.snapshot.parent, views[3]->digest());
  EXPECT_EQ(found.known_packs, 3u);
  EXPECT_EQ(packs(found.snapshot), packs(views[3]->snapshot()));
  EXPECT_EQ(labels(found.snapshot), labels(views[3]->snapshot()));
  EXPECT_TRUE(found.findings.empty());
  EXPECT_TRUE(found.loose_pages.empty());
}

TEST_F(Recovering, AddsWhatAnOlderSnapshotDoesNotName) {
  must(repository.store->remove(snapshot_at(3)));
  must(repository.store->remove(snapshot_at(2)));
  const auto found = must(recover(*repository.store));
  EXPECT_EQ(found.serial, 1u);
  EXPECT_EQ(found.known_packs, 1u);
  EXPECT_EQ(packs(found.snapshot), packs(views[3]->snapshot()));
  EXPECT_EQ(found.snapshot.generations, views[3]->snapshot().generations);
  EXPECT_EQ(labels(found.snapshot), labels(views[3]->snapshot()));
  EXPECT_EQ(found.snapshot.totals[0].count, 1u) << "totals are counted later";
}

TEST_F(Recovering, WithoutAnySnapshotFindsAllPacksAndReleasesInTheOrderOfTheirTimes) {
  for (std::size_t i = 0; i < views.size(); ++i) must(repository.store->remove(snapshot_at(i)));
  const auto found = must(recover(*repository.store));
  EXPECT_FALSE(found.serial);
  EXPECT_EQ(found.known_packs, 0u);
  EXPECT_EQ(found.snapshot.parent, Digest{});
  EXPECT_EQ(packs(found.snapshot), packs(views[3]->snapshot()));
  EXPECT_EQ(found.snapshot.generations, views[3]->snapshot().generations);
  EXPECT_EQ(labels(found.snapshot), (std::vector<std::string>{"y", "x", "w"}));
  EXPECT_TRUE(found.findings.empty());
}

TEST_F(Recovering, NamesWhatCanNotBeReadAndGoesOn) {
  must(repository.store->remove(snapshot_at(3)));
  const auto& newest = views[3]->snapshot();
  const auto pack = pack_name(newest.packs[2].digest);
  const auto release = release_name(digest_of(encode_release(newest.releases[2])));
  must(repository.store->put(pack, bytes_of(*repository.store, pack).substr(1)));
  must(repository.store->put(release, "TALRELE1"));
  must(repository.store->remove(pages_name(newest.releases[0].pages)));
  const auto found = must(recover(*repository.store));
  std::vector<std::string> objects;
  for (auto& finding : found.findings) objects.push_back(finding.object);
  std::sort(objects.begin(), objects.end());
  EXPECT_EQ(objects, (std::vector{pack, pages_name(newest.releases[0].pages), release}));
  EXPECT_EQ(packs(found.snapshot), packs(views[2]->snapshot()));
  EXPECT_EQ(labels(found.snapshot), (std::vector<std::string>{"y", "x"}));
  // The release object is lost, but what it named is not to be forgotten.
  ASSERT_EQ(found.loose_pages.size(), 1u);
  EXPECT_EQ(found.loose_pages[0].digest, newest.releases[2].pages);
}

TEST_F(Recovering, LeavesOutObjectsOfOtherNamesAndSecondReleasesOfAName) {
  must(repository.store->remove(snapshot_at(3)));
  must(repository.store->put("packs/notes", "mine"));
  auto second = views[3]->snapshot().releases[0];
  second.created = 9;
  const auto bytes = encode_release(second);
  must(repository.store->put(release_name(digest_of(bytes)), bytes));
  const auto found = must(recover(*repository.store));
  EXPECT_TRUE(found.findings.empty());
  EXPECT_EQ(labels(found.snapshot), labels(views[3]->snapshot()));
  EXPECT_EQ(found.snapshot.releases[0].created, 1u);
}

// The snapshot of before a rebase names page files that are gone.
TEST_F(Recovering, TakesThePageFilesThatReleasesWereRewrittenTo) {
  const auto old = views[3]->snapshot().releases[1];
  auto pages = must(PageFileWriter::create(*repository.store));
  pages->set_preamble("another file");
  const auto made = must(pages->finish());
  auto rewritten = old;
  rewritten.pages = made.digest;
  rewritten.pages_size = made.size;
  const auto bytes = encode_release(rewritten);
  must(repository.store->put(release_name(digest_of(bytes)), bytes));
  EXPECT_EQ(must(recover(*repository.store)).snapshot.releases[1].pages, old.pages) << "it is there";
  must(repository.store->remove(pages_name(old.pages)));
  const auto found = must(recover(*repository.store));
  EXPECT_EQ(found.snapshot.releases[1].pages, made.digest);
  EXPECT_EQ(labels(found.snapshot), labels(views[3]->snapshot()));
  EXPECT_TRUE(found.loose_pages.empty());
  EXPECT_TRUE(found.findings.empty());
}

} // namespace
} // namespace talaria

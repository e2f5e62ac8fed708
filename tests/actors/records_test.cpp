// Records of many releases, each stored as the difference from the one before.
#include "tests/actors/fixture.hpp"

#include <map>
#include <random>
#include <vector>

namespace talaria {
namespace {

using Records = std::map<std::string, std::string>; // text by accession

class ManyReleases : public StoreFixture {
protected:
  static std::string joined(const Records& records) {
    std::string text;
    for (auto& [id, record] : records) text += record;
    return text;
  }

  Records some(int first, int count) {
    Records found;
    for (int i = first; i < first + count; ++i)
      found["P" + std::to_string(10000 + i)] = records(i, 1, 30 + static_cast<std::size_t>(i % 90));
    return found;
  }

  // Some go, some come, some have another header or sequence.
  Records later(const Records& before, int release) {
    Records next = some(1000 * release, 5);
    for (auto& [id, text] : before) {
      auto chance = random() % 40;
      if (chance == 0) continue;
      auto changed = text;
      if (chance == 1) changed.insert(changed.find('\n'), " again");
      if (chance == 2) changed[changed.find('\n') + 1] = 'W';
      next[id] = changed;
    }
    return next;
  }

  std::mt19937 random{5};
};

TEST_F(ManyReleases, EveryRecordOfEachIsFoundByAccession) {
  store = open(small_settings());
  std::vector<Records> releases{some(0, 600)};
  while (releases.size() < 12)
    releases.push_back(later(releases.back(), static_cast<int>(releases.size())));
  for (std::size_t i = 0; i < releases.size(); ++i)
    ASSERT_TRUE(ingest(joined(releases[i]), "db", std::to_string(i)));
  for (std::size_t i = 0; i < releases.size(); ++i) {
    auto name = "db@" + std::to_string(i);
    for (auto& [id, text] : releases[i]) {
      auto record = store->get(id, name);
      ASSERT_TRUE(record) << record.error().message();
      EXPECT_EQ(record->text, text);
      EXPECT_EQ(record->release, name);
    }
  }
  // What went is there no more, but in the newest release that had it.
  for (auto& [id, text] : releases.front()) {
    if (releases.back().contains(id)) continue;
    EXPECT_EQ(store->get(id, "db").error().code(), errc::not_found);
    auto newest = store->get(id);
    ASSERT_TRUE(newest);
    EXPECT_NE(newest->release, "db@11");
  }
}

TEST_F(ManyReleases, ASequenceIsFoundByDigestInEach) {
  auto first = records(1, 3);
  auto second = records(2, 3);
  ASSERT_TRUE(ingest(first, "db", "1"));
  ASSERT_TRUE(ingest(second, "db", "2"));
  auto digest = digest_of(store->get("P10002", "db@1")->sequence).hex();
  EXPECT_EQ(store->get(digest, "db@1")->text, records(2, 1));
  EXPECT_EQ(store->get(digest, "db@2")->text, records(2, 1));
  auto gone = digest_of(store->get("P10001")->sequence).hex();
  EXPECT_EQ(store->get(gone, "db@2").error().code(), errc::not_found);
}

} // namespace
} // namespace talaria

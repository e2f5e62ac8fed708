#include "repository/verify.hpp"

#include "support.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace talaria {
namespace {

class Verification : public testing::Test {
protected:
  void SetUp() override {
    TestWriter writer(*repository, {1 << 20, 2000}, 1 << 20);
    for (unsigned i = 0; i < 30; ++i) {
      writer.add(Kind::sequence, protein(300, i));
      must(writer.interner->intern_header("header " + std::to_string(i), uint64_t{i} << 32));
    }
    writer.add(Kind::sequence, long_value);
    must(writer.publish());
    view = must(repository->view());
    index = must(view->index());
  }

  PackInfo pack() const { return view->snapshot().packs.at(0); }
  std::string name() const { return pack_name(pack().digest); }

  // All blocks of the pack.
  BlockCheck job(bool with_index = true) {
    BlockCheck check{with_index ? index : nullptr, view->snapshot().generations.at(0), {}};
    const auto id = repository->registry()->id(pack().digest);
    for (auto& block : must(read_pack_footer(*repository.store, name(), pack().size)).blocks)
      check.places.push_back({id, block});
    return check;
  }

  TestRepository repository;
  std::string long_value = genome(700'000, 1);
  ViewPtr view;
  DigestIndexPtr index;
};

TEST_F(Verification, FindsNothingWrongWithWhatIsWhole) {
  Checker checker(*repository.store, repository->registry());
  const auto blocks = checker.check(job());
  EXPECT_TRUE(blocks.findings.empty());
  EXPECT_EQ(blocks.blocks, job().places.size());
  EXPECT_GT(blocks.chunks, 61u);
  ASSERT_EQ(blocks.lists.size(), 1u);
  EXPECT_TRUE(
      checker.check(ValueCheck{index, Kind::sequence, {blocks.lists[0].second}}).findings.empty());
  EXPECT_TRUE(checker.check(FileCheck{name(), pack().digest, pack().size}).findings.empty());
}

TEST_F(Verification, FindsEveryDamagedBlock) {
  Checker checker(*repository.store, repository->registry());
  const auto good = bytes_of(*repository.store, name());
  const auto check = job();
  for (auto& place : check.places) {
    auto bytes = good;
    bytes[place.info.offset + place.info.stored / 2] ^= 16;
    must(repository.store->put(name(), bytes));
    for (const bool with_index : {true, false}) {
      auto again = check;
      if (!with_index) again.index = nullptr;
      const auto report = checker.check(again);
      ASSERT_EQ(report.findings.size(), 1u);
      EXPECT_EQ(report.findings[0].object, name());
      EXPECT_EQ(report.findings[0].blocks, std::vector{place.key()});
      EXPECT_NE(
          report.findings[0].error.message().find("block at byte " + std::to_string(place.info.offset)),
          std::string::npos);
      EXPECT_EQ(report.blocks, check.places.size() - 1);
    }
    EXPECT_EQ(checker.check(FileCheck{name(), pack().digest, pack().size}).findings.size(), 1u);
  }
}

// What a release draws on was proven when it was stored: its bytes are compared with their checksums.
TEST_F(Verification, OfWhatIsDrawnOnFindsEveryDamagedBlock) {
  Checker checker(*repository.store, repository->registry());
  auto sought = std::make_shared<SoughtSequences>(SIZE_MAX, SIZE_MAX);
  sought->add(7, protein(300, 3));
  sought->finish();
  for (auto& seek :
       {std::shared_ptr<const SoughtSequences>(), std::shared_ptr<const SoughtSequences>(sought)}) {
    const DrawnCheck check{index, view->snapshot().generations.at(0), job().places, seek};
    const auto whole = checker.check(check);
    EXPECT_TRUE(whole.findings.empty());
    EXPECT_EQ(whole.blocks, check.places.size());
    EXPECT_EQ(whole.similar.size(), seek ? 1u : 0u);
    if (seek) {
      EXPECT_EQ(whole.similar.at(7).content, protein(300, 3));
    }
    const auto good = bytes_of(*repository.store, name());
    for (auto& place : check.places) {
      auto bytes = good;
      bytes[place.info.offset + place.info.stored / 2] ^= 16;
      must(repository.store->put(name(), bytes));
      const auto report = checker.check(check);
      ASSERT_EQ(report.findings.size(), 1u);
      EXPECT_EQ(report.findings[0].blocks, std::vector{place.key()});
      EXPECT_NE(
          report.findings[0].error.message().find("block at byte " + std::to_string(place.info.offset)),
          std::string::npos);
    }
    must(repository.store->put(name(), good.substr(0, good.size() / 2)));
    EXPECT_FALSE(checker.check(check).findings.empty());
    must(repository.store->remove(name()));
    EXPECT_EQ(checker.check(check).findings.size(), check.places.size());
    must(repository.store->put(name(), good));
  }
}

TEST_F(Verification, FindsALongValueWithADamagedPart) {
  Checker checker(*repository.store, repository->registry());
  const auto lists = checker.check(job()).lists;
  for (auto& place : job().places) {
    if (place.info.kind != Kind::part) continue;
    auto bytes = bytes_of(*repository.store, name());
    bytes[place.info.offset] ^= 1;
    must(repository.store->put(name(), bytes));
    break;
  }
  const auto report = checker.check(ValueCheck{index, Kind::sequence, {lists.at(0).second, {0, 0}}});
  ASSERT_EQ(report.findings.size(), 1u);
  EXPECT_EQ(report.findings[0].values, std::vector{lists[0]});
}

TEST_F(Verification, FindsFilesThatAreCutReplacedOrGone) {
  Checker checker(*repository.store, repository->registry());
  const FileCheck file{name(), pack().digest, pack().size};
  const auto good = bytes_of(*repository.store, name());
  for (auto& bytes : {good.substr(1), good + "x", std::string(good.size(), 'x'), std::string()}) {
    must(repository.store->put(name(), bytes));
    EXPECT_EQ(checker.check(file).findings.size(), 1u);
  }
  must(repository.store->remove(name()));
  EXPECT_EQ(checker.check(file).findings.size(), 1u);
  must(repository.store->put(name(), good));
  EXPECT_TRUE(checker.check(file).findings.empty()) << "one check doesn't disturb the next";
}

TEST_F(Verification, FindsChunksThatTheIndexPlacesElsewhere) {
  Checker checker(*repository.store, repository->registry());
  auto check = job();
  // An index that knows nothing of them.
  check.index = must(DigestIndex::open(view->snapshot().generations, {}, {}, repository->registry()));
  EXPECT_EQ(checker.check(check).findings.size(), check.places.size());
}

} // namespace
} // namespace talaria

#include "repository/reindex.hpp"

#include "support.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

namespace talaria {
namespace {

uint64_t key_of_header(std::string_view header) {
  return key_of(header).high;
}

class Reindex : public testing::Test {
protected:
  // All blocks of a pack.
  BlockScan job(const Snapshot& snapshot, const PackInfo& pack, DigestIndexPtr index) {
    BlockScan scan{std::move(index), 0, {}, true};
    const auto id = repository->registry()->id(pack.digest);
    for (auto& block :
         must(read_pack_footer(*repository.store, pack_name(pack.digest), pack.size)).blocks)
      scan.places.push_back({id, block});
    for (auto& named : snapshot.packs)
      if (named.digest == pack.digest) scan.generation = named.generation;
    return scan;
  }

  // The segment of all packs of the first generation, of those kinds that `index` lacks.
  std::string rebuild(const Snapshot& snapshot, const DigestIndexPtr& index) {
    SegmentBuilder builder(snapshot.generations.at(0));
    for (auto& pack : snapshot.packs) {
      const auto scan = job(snapshot, pack, index);
      const auto report = scanner.scan(scan);
      findings.insert(findings.end(), report.findings.begin(), report.findings.end());
      for (std::size_t i = 0; i < report.blocks.size(); ++i)
        builder.add(pack, scan.places[i].info, report.blocks[i]);
    }
    auto draft = builder.finish();
    return write_segment(draft);
  }

  DigestIndexPtr index_of_segments(const Snapshot& snapshot, std::vector<SegmentPtr> segments) {
    return must(
        DigestIndex::open(snapshot.generations, std::move(segments), {}, repository->registry()));
  }

  TestRepository repository;
  BlockScanner scanner{*repository.store, repository->registry(), key_of_header};
  std::vector<Finding> findings;
};

TEST_F(Reindex, ASegmentIsMadeAgainByteForByte) {
  TestWriter writer(*repository, {1 << 20, 2000}, 6000);
  for (unsigned i = 0; i < 60; ++i) {
    writer.add(Kind::sequence, protein(300, i));
    writer.add(Kind::bytes, genome(50, i));
    const auto header = "header " + std::to_string(i);
    must(writer.interner->intern_header(header, key_of_header(header)));
  }
  must(writer.publish());
  const auto view = must(repository->view());
  const auto& snapshot = view->snapshot();
  ASSERT_GT(snapshot.packs.size(), 2u);
  ASSERT_EQ(snapshot.segments.size(), 1u);
  EXPECT_EQ(rebuild(snapshot, index_of_segments(snapshot, {})),
            bytes_of(*repository.store, segment_name(snapshot.segments[0].digest)));
  EXPECT_TRUE(findings.empty());
}

TEST_F(Reindex, WhatTheIndexHasIsPassedOver) {
  TestWriter writer(*repository);
  writer.add(Kind::sequence, "ACGT");
  const auto view = must(writer.publish());
  const auto& snapshot = view->snapshot();
  const auto report = scanner.scan(job(snapshot, snapshot.packs[0], must(view->index())));
  ASSERT_EQ(report.blocks.size(), 1u);
  EXPECT_TRUE(report.blocks[0].chunks.empty());
  EXPECT_EQ(report.blocks[0].bytes, 4u);
  EXPECT_EQ(report.blocks[0].lowest, 0u);
  EXPECT_EQ(report.blocks[0].highest, 0u);
}

// Its digest is that of the whole value, so its parts must be in the index.
TEST_F(Reindex, ALongValueIsReadThroughItsParts) {
  const auto value = genome(700'000, 1);
  TestWriter writer(*repository);
  writer.add(Kind::sequence, value);
  const auto view = must(writer.publish());
  const auto& snapshot = view->snapshot();
  const auto nothing = index_of_segments(snapshot, {});
  const auto parts = rebuild(snapshot, nothing);
  EXPECT_EQ(findings.size(), 1u) << "the parts alone can be indexed at first";
  must(repository.store->put("index/parts", parts));
  const auto with_parts =
      index_of_segments(snapshot, {must(Segment::open(*repository.store, "index/parts"))});
  must(repository.store->put("index/rest", rebuild(snapshot, with_parts)));
  EXPECT_EQ(findings.size(), 1u);
  auto segments = with_parts->segments();
  segments.push_back(must(Segment::open(*repository.store, "index/rest")));
  const auto whole = index_of_segments(snapshot, segments);
  const auto number = must(whole->find(Kind::sequence, key_of(value)));
  ASSERT_TRUE(number);
  DirectBlockSource source(*repository.store, repository->registry());
  EXPECT_EQ(must(read_value(*whole, source, Kind::sequence, *number, UINT64_MAX)), value);
  const auto report = scanner.scan(job(snapshot, snapshot.packs[0], whole));
  uint64_t bytes = 0;
  for (auto& block : report.blocks) bytes += block.bytes;
  EXPECT_EQ(bytes, 2 * value.size()) << "once as itself and once as parts";
}

TEST_F(Reindex, ADamagedBlockLeavesAHoleInTheNumbers) {
  TestWriter writer(*repository, {1 << 20, 400});
  for (unsigned i = 0; i < 20; ++i) writer.add(Kind::bytes, protein(200, i));
  const auto view = must(writer.publish());
  const auto& snapshot = view->snapshot();
  const auto name = pack_name(snapshot.packs[0].digest);
  const auto scan = job(snapshot, snapshot.packs[0], index_of_segments(snapshot, {}));
  ASSERT_GT(scan.places.size(), 4u);
  auto bytes = bytes_of(*repository.store, name);
  bytes[scan.places[2].info.offset] ^= 1;
  must(repository.store->put(name, bytes));
  must(repository.store->put("index/x", rebuild(snapshot, index_of_segments(snapshot, {}))));
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].object, name);
  EXPECT_EQ(findings[0].blocks, std::vector{scan.places[2].key()});
  const auto segment = must(Segment::open(*repository.store, "index/x"));
  must(segment->verify_entries());
  EXPECT_EQ(segment->ranges().size(), 2u);
  EXPECT_EQ(segment->count(Kind::bytes), 20 - scan.places[2].info.count);
  const auto index = index_of_segments(snapshot, {segment});
  for (unsigned i = 0; i < 20; ++i) {
    const bool hole = i / scan.places[0].info.count == 2;
    EXPECT_EQ(must(index->find(Kind::bytes, key_of(protein(200, i)))).has_value(), !hole) << i;
  }
}

PackSpan span(uint64_t chunks, Kind kind, uint32_t lowest, uint32_t highest) {
  PackSpan made;
  made.chunks = chunks;
  ScannedBlock block;
  block.lowest = lowest;
  block.highest = highest;
  made.add(kind, block);
  return made;
}

using Groups = std::vector<std::vector<std::size_t>>;

TEST(GroupPacks, PutsPacksOfARunTogetherWhateverTheirOrder) {
  const std::vector<PackSpan> packs{
      span(50, Kind::sequence, 0, 95),    span(50, Kind::sequence, 101, 190),
      span(50, Kind::sequence, 3, 99),    span(50, Kind::sequence, 100, 199),
      span(50, Kind::sequence, 200, 249),
  };
  EXPECT_EQ(group_packs(packs, 100), (Groups{{0, 2}, {1, 3}, {4}}));
  EXPECT_EQ(group_packs(packs, 150), (Groups{{0, 2}, {1, 3, 4}}));
  EXPECT_EQ(group_packs(packs, 1000), (Groups{{0, 2, 1, 3, 4}}));
  EXPECT_EQ(group_packs(packs, 1), (Groups{{0, 2}, {1, 3}, {4}})) << "a run is never divided";
}

TEST(GroupPacks, JoinsPacksThatShareARunOfAnyKind) {
  auto both = span(50, Kind::sequence, 0, 99);
  both.add(Kind::part, {{}, 0, 10, 0});
  const std::vector<PackSpan> packs{both, span(50, Kind::sequence, 100, 199), span(9, Kind::part, 5, 20),
                                    span(1, Kind::sequence, 50, 50)};
  EXPECT_EQ(group_packs(packs, 1), (Groups{{0, 2, 3}, {1}}));
}

TEST(GroupPacks, OfNothingIsNothing) {
  EXPECT_TRUE(group_packs({}, 10).empty());
  EXPECT_EQ(group_packs({PackSpan()}, 10), (Groups{{0}}));
}

} // namespace
} // namespace talaria

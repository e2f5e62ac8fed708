// Runs, interning and commits together: what a writer does with chunks, and what a reader then finds.
#include "repository/commit.hpp"

#include "failing_store.hpp"
#include "support.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <set>
#include <string>
#include <vector>

namespace talaria {
namespace {

using NewRun = talaria::Run; // within a test, Run is a function of GoogleTest

std::string read(Repository& repository, Kind kind, const std::string& value) {
  return must(stored_value(repository, kind, key_of(value)));
}

// Stores values in a commit of their own.
void commit_values(Repository& repository, const std::vector<std::string>& values,
                   Kind kind = Kind::sequence) {
  TestWriter writer(repository);
  for (auto& value : values) writer.add(kind, value);
  must(writer.publish());
}

KindTotals totals(Repository& repository, Kind kind) {
  return must(repository.view())->snapshot().totals[index_of(kind)];
}

TEST(Run, NumbersChunksOfEachKindFromTheFirstFreeOrdinalOn) {
  NewRun run(generation_id(1), {10, 20, 30, 40, 50}, {});
  EXPECT_TRUE(run.empty());
  EXPECT_EQ(run.add(Kind::sequence, key_of("a"), "a", false, 1), 10u);
  EXPECT_EQ(run.add(Kind::sequence, key_of("b"), "b", false, 1), 11u);
  EXPECT_EQ(run.add(Kind::part, key_of("a"), "a", false, 1), 50u);
  EXPECT_EQ(run.add_header(1, "h", false, 1), 20u);
  EXPECT_EQ(run.add_header(1, "h", false, 1), 21u);
  EXPECT_EQ(run.next(), (std::array<uint32_t, kind_count>{12, 22, 30, 40, 51}));
  EXPECT_EQ(run.find(Kind::sequence, key_of("b")), 11u);
  EXPECT_EQ(run.find(Kind::part, key_of("b")), std::nullopt);
  EXPECT_EQ(run.count(), 5u);
  EXPECT_EQ(run.content_bytes(), 5u);
  EXPECT_FALSE(run.empty());
}

TEST(Run, IsFullAtItsLimitWhichCountsShortChunksToo) {
  NewRun bytes(generation_id(1), {}, {10'000, 1000});
  EXPECT_FALSE(bytes.full());
  bytes.add(Kind::sequence, key_of("a"), std::string(9000, 'A'), false, 9000);
  EXPECT_FALSE(bytes.full());
  bytes.add(Kind::sequence, key_of("b"), std::string(1000, 'A'), false, 1000);
  EXPECT_TRUE(bytes.full());
  NewRun many(generation_id(1), {}, {10'000, 1000});
  for (uint64_t i = 0; i < 10'000 && !many.full(); ++i) many.add(Kind::sequence, {i, i}, "", false, 0);
  EXPECT_TRUE(many.full());
}

TEST(Run, IsFullBeforeItsOrdinalsAreSpent) {
  NewRun run(generation_id(1), {0, UINT32_MAX - 1000, 0, 0, 0}, {});
  EXPECT_TRUE(run.full());
}

// To read one header of codec dense takes long enough.
TEST(Run, HasLargerBlocksOfHeadersThanOfOthersButNotAsLargeIfTheyAreDense) {
  std::vector<std::size_t> blocks;
  for (auto codec : {CodecId::zstd, CodecId::dense}) {
    NewRun run(generation_id(1), {}, {1 << 24, 64 << 10, codec});
    for (unsigned i = 0; i < 10'000; ++i) run.add_header(i, std::string(100, 'x'), false, 100);
    blocks.push_back(run.plan(Kind::header, {}).size());
  }
  EXPECT_EQ(blocks, (std::vector<std::size_t>{2, 3}));
}

TEST(Run, PlansEveryChunkOnceInBlocksOfTheWantedSize) {
  constexpr std::size_t block = 4000;
  NewRun run(generation_id(1), {}, {1 << 20, block});
  for (unsigned i = 0; i < 200; ++i) {
    const auto content = protein(i % 10 == 0 ? 0 : 50 + i * 7 % 600, i);
    run.add(Kind::sequence, {i, 0}, content, false, content.size());
    run.add(Kind::bytes, {i, 0}, content, false, content.size());
  }
  for (auto kind : {Kind::sequence, Kind::bytes}) {
    std::vector<uint32_t> sketches;
    if (NewRun::is_sorted(kind))
      for (uint32_t first = 0; first < run.count(kind); first += 70) {
        const auto some = run.sketch(kind, first, std::min(70u, run.count(kind) - first));
        sketches.insert(sketches.end(), some.begin(), some.end());
      }
    EXPECT_TRUE(!NewRun::is_sorted(kind) || sketches == run.sketch(kind, 0, run.count(kind)));
    const auto plans = run.plan(kind, sketches);
    std::vector<uint32_t> places;
    BlockEncoder encoder(CodecId::zstd, 1);
    for (auto& plan : plans) {
      EXPECT_EQ(plan.kind, kind);
      places.insert(places.end(), plan.places.begin(), plan.places.end());
      const auto encoded = must(run.encode(plan, encoder));
      EXPECT_EQ(encoded.info.count, plan.places.size());
      EXPECT_LT(encoded.info.raw, block + 700);
      if (&plan != &plans.back()) {
        EXPECT_GE(encoded.info.raw, block);
      }
    }
    if (!NewRun::is_sorted(kind)) {
      EXPECT_TRUE(std::is_sorted(places.begin(), places.end()));
    }
    std::sort(places.begin(), places.end());
    std::vector<uint32_t> all(200);
    std::iota(all.begin(), all.end(), 0u);
    EXPECT_EQ(places, all);
  }
  EXPECT_TRUE(run.plan(Kind::text, {}).empty());
}

TEST(Interner, StoresEqualChunksOfARunOnce) {
  TestRepository repository;
  TestWriter writer(*repository);
  const auto first = writer.add(Kind::sequence, "MKV");
  EXPECT_EQ(first, (Number{writer.own, 0}));
  EXPECT_EQ(writer.add(Kind::sequence, "MKL"), (Number{writer.own, 1}));
  EXPECT_EQ(writer.add(Kind::sequence, "MKV"), first);
  EXPECT_EQ(writer.add(Kind::bytes, "MKV"), (Number{writer.own, 0})) << "kinds are apart";
  must(writer.publish());
  EXPECT_EQ(totals(*repository, Kind::sequence).count, 2u);
  EXPECT_EQ(totals(*repository, Kind::sequence).bytes, 6u);
  EXPECT_EQ(read(*repository, Kind::sequence, "MKV"), "MKV");
}

TEST(Interner, StoresEqualChunksOfSeveralRunsOnce) {
  TestRepository repository;
  TestWriter writer(*repository);
  std::vector<Number> numbers;
  for (unsigned run = 0; run < 3; ++run) {
    for (unsigned i = 0; i < 10; ++i) numbers.push_back(writer.add(Kind::sequence, protein(80, i)));
    numbers.push_back(writer.add(Kind::sequence, protein(90, run)));
    must(writer.end_run());
  }
  for (unsigned i = 0; i < 10; ++i) {
    EXPECT_EQ(numbers[i], numbers[11 + i]);
    EXPECT_EQ(numbers[i], numbers[22 + i]);
  }
  EXPECT_EQ(numbers[21], (Number{writer.own, 11}));
  EXPECT_EQ(numbers[32], (Number{writer.own, 12}));
  must(writer.publish());
  EXPECT_EQ(totals(*repository, Kind::sequence).count, 13u);
  EXPECT_EQ(must(repository->view())->snapshot().generations.size(), 1u);
}

TEST(Interner, StoresEqualChunksOfSeveralCommitsOnce) {
  TestRepository repository;
  std::vector<std::string> values;
  for (unsigned i = 0; i < 20; ++i) values.push_back(protein(60 + i, i));
  commit_values(*repository, values);
  TestWriter writer(*repository);
  for (unsigned i = 0; i < 20; ++i) EXPECT_EQ(writer.add(Kind::sequence, values[i]), (Number{0, i}));
  EXPECT_EQ(writer.add(Kind::sequence, "NEW"), (Number{1, 0}));
  // In any other order too, where the number expected next is wrong.
  for (unsigned i : {3u, 17u, 4u, 4u, 0u, 19u, 5u})
    EXPECT_EQ(writer.add(Kind::sequence, values[i]), (Number{0, i}));
  must(writer.publish());
  EXPECT_EQ(totals(*repository, Kind::sequence).count, 21u);
  for (auto& value : values) EXPECT_EQ(read(*repository, Kind::sequence, value), value);
}

TEST(Interner, NamesTheBlocksOfEarlierCommitsThatItDrawsOn) {
  TestRepository repository;
  {
    TestWriter first(*repository, {1 << 20, 2000});
    for (unsigned i = 0; i < 100; ++i) first.add(Kind::sequence, protein(300, i));
    first.add(Kind::sequence, genome(600'000, 1));
    must(first.publish());
  }
  TestWriter second(*repository, {1 << 20, 2000});
  second.add(Kind::sequence, protein(300, 1000)); // new
  EXPECT_TRUE(second.interner->drawn().blocks.empty());
  const auto number = second.add(Kind::sequence, protein(300, 7));
  second.add(Kind::sequence, protein(300, 7));
  const auto index = must(second.commit.index());
  const auto at = must(index->block_at(Kind::sequence, number));
  auto& blocks = second.interner->drawn().blocks.at(at.segment);
  EXPECT_TRUE(blocks.at(at.block));
  EXPECT_EQ(std::count(blocks.begin(), blocks.end(), true), 1);
  EXPECT_TRUE(second.interner->drawn().lists.empty());
  const auto list = second.add(Kind::sequence, genome(600'000, 1));
  EXPECT_EQ(second.interner->drawn().lists, (std::set<std::pair<Kind, Number>>{{Kind::sequence, list}}));
  EXPECT_GT(std::count(blocks.begin(), blocks.end(), true), 3);
}

// Notes which blocks it is told of.
class ExpectingSource : public DirectBlockSource {
public:
  using DirectBlockSource::DirectBlockSource;
  void expect(const BlockPlace& place) override { expected.push_back(place.key()); }
  std::vector<uint64_t> expected;
};

// Headers by the dozen thousand, in blocks of 512 KiB: their blocks, and what an interner expects that
// meets them in this order.
struct MetHeaders {
  std::vector<uint64_t> blocks;
  std::vector<uint64_t> expected;
};
MetHeaders meet_headers(const std::vector<uint64_t>& order) {
  TestRepository repository;
  auto header = [](uint64_t i) { return "seq" + std::to_string(i) + " " + std::string(60, 'x'); };
  TestWriter first(*repository);
  for (uint64_t i = 0; i < order.size(); ++i) must(first.interner->intern_header(header(i), i << 32));
  must(first.publish());

  Commit commit(*repository, must(repository->view()), 1 << 20);
  auto index = must(commit.index());
  auto own = static_cast<uint32_t>(index->generations().size() - 1);
  ExpectingSource source(repository->store(), repository->registry());
  Interner interner(
      source, index, own,
      std::make_unique<NewRun>(commit.generation(), std::array<uint32_t, kind_count>{}, RunLimits{}));
  MetHeaders met;
  for (auto i : order) {
    auto number = must(interner.intern_header(header(i), i << 32));
    auto block = must(index->locate(Kind::header, number)).key();
    if (std::ranges::find(met.blocks, block) == met.blocks.end()) met.blocks.push_back(block);
  }
  met.expected = source.expected;
  return met;
}

TEST(Interner, ExpectsTheNextBlockOfHeadersOnceItIsInTheLastHalfOfOne) {
  std::vector<uint64_t> order(24'000);
  std::iota(order.begin(), order.end(), 0);
  auto met = meet_headers(order);
  ASSERT_GE(met.blocks.size(), 3u);
  EXPECT_EQ(met.expected, std::vector(met.blocks.begin() + 1, met.blocks.end()));
}

TEST(Interner, ExpectsNoBlockOfHeadersThatComeInNoOrder) {
  std::vector<uint64_t> order(24'000);
  for (uint64_t i = 0; i < order.size(); ++i) order[i] = i * 7919 % order.size();
  EXPECT_TRUE(meet_headers(order).expected.empty());
}

TEST(Interner, ACommitOfNothingNewAddsNoFiles) {
  TestRepository repository;
  commit_values(*repository, {"MKV", "MKL"});
  const auto before = must(repository->view())->snapshot();
  TestWriter writer(*repository);
  writer.add(Kind::sequence, "MKL");
  must(writer.publish());
  EXPECT_FALSE(writer.commit.added_files());
  const auto after = must(repository->view())->snapshot();
  EXPECT_EQ(after.generations, before.generations);
  EXPECT_EQ(after.segments, before.segments);
  EXPECT_EQ(after.packs.size(), before.packs.size());
}

// A removed chunk keeps its key in the index, so the shortcut must not bring it back.
TEST(Interner, AChunkThatWasRemovedIsStoredAnew) {
  TestRepository repository;
  commit_values(*repository, {"one", "two", "three"}, Kind::bytes);
  const auto base = must(repository->view());
  auto next = base->snapshot();
  next.removed = {{0, 1}};
  must(repository->commit(*base, next));
  EXPECT_EQ(code_of(stored_value(*repository, Kind::bytes, key_of("two"))), errc::not_found);
  TestWriter writer(*repository);
  EXPECT_EQ(writer.add(Kind::bytes, "one"), (Number{0, 0}));
  EXPECT_EQ(writer.add(Kind::bytes, "two"), (Number{1, 0}));
  EXPECT_EQ(writer.add(Kind::bytes, "three"), (Number{0, 2}));
  must(writer.publish());
  EXPECT_EQ(read(*repository, Kind::bytes, "two"), "two");
}

RC_GTEST_PROP(Interner, AgreesWithAModelWhateverTheOrderOfChunksRunsAndCommits, ()) {
  TestRepository repository;
  std::map<std::pair<Kind, std::string>, std::size_t> first_seen; // and in which commit
  const auto commits = *rc::gen::inRange(1, 4);
  for (int c = 0; c < commits; ++c) {
    TestWriter writer(*repository, {}, 300);
    std::map<std::pair<Kind, std::string>, Number> numbers;
    for (auto step : *rc::gen::container<std::vector<int>>(rc::gen::inRange(-3, 40))) {
      if (step < 0) {
        must(writer.end_run());
        continue;
      }
      const auto kind = step % 2 == 0 ? Kind::sequence : Kind::bytes;
      const auto value = protein(static_cast<std::size_t>(step), static_cast<unsigned>(step));
      const auto number = writer.add(kind, value);
      const auto known = numbers.emplace(std::pair(kind, value), number).first->second;
      RC_ASSERT(number == known);
      if (first_seen.emplace(std::pair(kind, value), c).second)
        RC_ASSERT(number.generation == writer.own);
      else if (first_seen[{kind, value}] != static_cast<std::size_t>(c))
        RC_ASSERT(number.generation != writer.own);
    }
    must(writer.publish());
  }
  for (auto& [chunk, commit] : first_seen)
    RC_ASSERT(read(*repository, chunk.first, chunk.second) == chunk.second);
  RC_ASSERT(totals(*repository, Kind::sequence).count + totals(*repository, Kind::bytes).count ==
            first_seen.size());
}

class Headers : public testing::Test {
protected:
  Number add(TestWriter& writer, const std::string& header, uint64_t key) {
    return must(writer.interner->intern_header(header, key));
  }
  std::string header(const Number& number) {
    const auto index = must(must(repository->view())->index());
    DirectBlockSource source(*repository.store, repository->registry());
    return must(read_value(*index, source, Kind::header, number, UINT64_MAX));
  }
  TestRepository repository;
};

TEST_F(Headers, OfEarlierCommitsAreFoundByTheirAccessionAndCompared) {
  {
    TestWriter writer(*repository);
    add(writer, "P1 first", 1ull << 32);
    add(writer, "P2 second", 2ull << 32);
    add(writer, "P2 another", 2ull << 32);
    must(writer.publish());
  }
  TestWriter writer(*repository);
  EXPECT_EQ(add(writer, "P2 another", 2ull << 32), (Number{0, 2}));
  EXPECT_EQ(add(writer, "P1 first", 1ull << 32), (Number{0, 0}));
  EXPECT_EQ(add(writer, "P2 second", 2ull << 32), (Number{0, 1})) << "the one that follows";
  EXPECT_EQ(add(writer, "P2 changed", 2ull << 32), (Number{1, 0}));
  EXPECT_EQ(add(writer, "P3", 3ull << 32), (Number{1, 1}));
  must(writer.publish());
  EXPECT_EQ(header({1, 0}), "P2 changed");
  EXPECT_EQ(header({0, 1}), "P2 second");
  EXPECT_EQ(totals(*repository, Kind::header).count, 5u);
}

TEST_F(Headers, LongerThanAChunkAreCutAndReadBack) {
  const auto longer = protein(3 * longest_chunk, 1);
  Number number;
  {
    TestWriter writer(*repository);
    number = add(writer, longer, 1ull << 32);
    must(writer.publish());
  }
  EXPECT_TRUE(header(number) == longer);
  TestWriter writer(*repository);
  const auto again = add(writer, longer, 1ull << 32);
  must(writer.publish());
  EXPECT_TRUE(header(again) == longer);
  EXPECT_LE(totals(*repository, Kind::part).count, 3 * longest_chunk / 32'000)
      << "its parts are stored once";
}

TEST(LongValue, IsCutIntoPartsAndStoredOnce) {
  TestRepository repository;
  const auto value = genome(2'000'000, 1);
  {
    TestWriter writer(*repository);
    const auto first = writer.add(Kind::sequence, value);
    EXPECT_EQ(writer.add(Kind::sequence, value), first);
    must(writer.publish());
  }
  const auto parts = totals(*repository, Kind::part).count;
  EXPECT_GT(parts, 10u);
  EXPECT_EQ(totals(*repository, Kind::sequence).count, 1u);
  EXPECT_EQ(totals(*repository, Kind::sequence).bytes, value.size());
  EXPECT_TRUE(read(*repository, Kind::sequence, value) == value);
  const auto files = names_in(*repository.store, "packs/");
  TestWriter writer(*repository);
  EXPECT_EQ(writer.add(Kind::sequence, value), (Number{0, 0}));
  must(writer.publish());
  EXPECT_EQ(names_in(*repository.store, "packs/"), files);
}

TEST(LongValue, SharesItsPartsWithASimilarOne) {
  TestRepository repository;
  const auto value = genome(3'000'000, 1);
  commit_values(*repository, {value});
  const auto before = totals(*repository, Kind::part).count;
  auto other = value;
  other.insert(1'500'000, "ACGTTGCA");
  commit_values(*repository, {other});
  EXPECT_LE(totals(*repository, Kind::part).count, before + 4);
  EXPECT_TRUE(read(*repository, Kind::sequence, other) == other);
  EXPECT_TRUE(read(*repository, Kind::sequence, value) == value);
}

TEST(LongValue, BeginsWhereAChunkWouldBeTooLong) {
  TestRepository repository;
  commit_values(*repository, {genome(longest_chunk, 1), genome(longest_chunk + 1, 2), ""}, Kind::bytes);
  for (auto& value : {genome(longest_chunk, 1), genome(longest_chunk + 1, 2), std::string()})
    EXPECT_TRUE(read(*repository, Kind::bytes, value) == value);
  EXPECT_EQ(totals(*repository, Kind::bytes).count, 3u);
  EXPECT_GE(totals(*repository, Kind::part).count, 2u);
}

TEST(LongValue, IsReadWithinTheCallersLimit) {
  TestRepository repository;
  const auto value = genome(1'000'000, 1);
  commit_values(*repository, {value});
  const auto index = must(must(repository->view())->index());
  DirectBlockSource source(*repository.store, repository->registry());
  EXPECT_EQ(code_of(read_value(*index, source, Kind::sequence, {0, 0}, value.size() - 1)),
            errc::limit_exceeded);
  EXPECT_TRUE(must(read_value(*index, source, Kind::sequence, {0, 0}, value.size())) == value);
  EXPECT_EQ(code_of(read_value(*index, source, Kind::sequence, {0, 1}, UINT64_MAX)), errc::damaged);
}

// However a value arrives, it is the same one.
TEST(ValueBuilder, InAnyPiecesIsTheValueInternedAtOnce) {
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, longest_chunk - 1, longest_chunk,
                                 longest_chunk + 1, std::size_t{1'500'000}}) {
    TestRepository repository;
    TestWriter writer(*repository);
    const auto value = genome(size, 3);
    const auto whole = writer.add(Kind::sequence, value);
    const auto parts = writer.interner->run().count(Kind::part);
    for (const std::size_t most : {std::size_t{1} << 22, std::size_t{1} << 17, std::size_t{5000}}) {
      std::mt19937 random(static_cast<unsigned>(size + most));
      ValueBuilder builder(*writer.interner, Kind::sequence);
      for (std::size_t at = 0; at < value.size();) {
        const auto piece = std::min<std::size_t>(random() % (most + 1), value.size() - at);
        must(builder.append(std::string_view(value).substr(at, piece)));
        at += piece;
      }
      EXPECT_EQ(builder.size(), size);
      EXPECT_EQ(must(builder.finish()), whole) << size << " in pieces of up to " << most;
      EXPECT_EQ(writer.interner->run().count(Kind::part), parts);
    }
  }
}

TEST(ValueBuilder, MayGoOnInAnotherRun) {
  TestRepository repository;
  const auto value = genome(2'000'000, 4);
  {
    TestWriter writer(*repository);
    ValueBuilder builder(*writer.interner, Kind::bytes);
    for (std::size_t at = 0; at < value.size(); at += 300'000) {
      must(builder.append(std::string_view(value).substr(at, 300'000)));
      must(writer.end_run());
    }
    must(builder.finish());
    EXPECT_GT(names_in(*repository.store, "index/").size(), 3u);
    must(writer.publish());
  }
  EXPECT_TRUE(read(*repository, Kind::bytes, value) == value);
}

TEST(Commit, CountsWhatItAdds) {
  TestRepository repository;
  TestWriter writer(*repository, {}, 2000);
  for (unsigned i = 0; i < 30; ++i) writer.add(Kind::sequence, protein(500, i));
  EXPECT_FALSE(writer.commit.added_files());
  must(writer.end_run());
  EXPECT_TRUE(writer.commit.added_files());
  EXPECT_EQ(writer.commit.added()[0].count, 30u);
  EXPECT_EQ(writer.commit.added()[0].bytes, 15'000u);
  uint64_t bytes = 0;
  must(repository.store->list("", [&](const ObjectInfo& object) {
    if (object.name.starts_with("packs/") || object.name.starts_with("index/")) bytes += object.size;
    return true;
  }));
  EXPECT_EQ(writer.commit.stored_bytes(), bytes);
  must(writer.publish());
}

TEST(Commit, ClosesPacksAtTheirSize) {
  TestRepository repository;
  TestWriter writer(*repository, {1 << 20, 1000}, 5000);
  for (unsigned i = 0; i < 60; ++i) writer.add(Kind::sequence, protein(500, i));
  must(writer.publish());
  const auto& packs = must(repository->view())->snapshot().packs;
  EXPECT_GE(packs.size(), 3u);
  for (auto& pack : packs) {
    EXPECT_LT(pack.size, 6000u);
    const auto footer = must(read_pack_footer(*repository.store, pack_name(pack.digest), pack.size));
    EXPECT_EQ(footer.generation, writer.commit.generation());
  }
  for (unsigned i = 0; i < 60; ++i)
    EXPECT_EQ(read(*repository, Kind::sequence, protein(500, i)), protein(500, i));
}

class MergingCommits : public testing::Test {
protected:
  std::size_t segments() { return must(repository->view())->snapshot().segments.size(); }
  std::size_t files() { return names_in(*repository.store, "index/").size(); }
  // All that is stored, without snapshots and marker, is what the snapshot names.
  void expect_nothing_else() {
    auto names = must(repository->view())->snapshot().file_names();
    std::set<std::string> there;
    for (const char* folder : {"packs/", "index/", "pages/", "releases/"})
      for (auto& name : names_in(*repository.store, folder)) there.insert(name);
    EXPECT_EQ(there, std::set<std::string>(names.begin(), names.end()));
  }
  void expect_all(unsigned count) {
    auto fresh = must(Repository::open(*repository.store));
    for (unsigned i = 0; i < count; ++i)
      EXPECT_EQ(read(*fresh, Kind::sequence, protein(100, i)), protein(100, i));
  }
  TestRepository repository;
};

TEST_F(MergingCommits, KeepTheNumberOfSegmentsLow) {
  for (unsigned i = 0; i < 300; ++i) {
    const auto lock = must(repository->lock_for_writing(std::chrono::milliseconds(0)));
    commit_values(*repository, {protein(100, i)});
    ASSERT_LE(segments(), 13u) << i;
    ASSERT_EQ(files(), segments()) << i;
  }
  expect_all(300);
  for (auto& segment : must(must(repository->view())->index())->segments()) must(segment->verify());
}

TEST_F(MergingCommits, MergeTheRunsOfOneCommitAndLeaveOnlyTheResult) {
  TestWriter writer(*repository);
  for (unsigned i = 0; i < 10; ++i) {
    writer.add(Kind::sequence, protein(100, i));
    must(writer.end_run());
  }
  EXPECT_EQ(files(), 10u);
  must(writer.publish());
  EXPECT_EQ(segments(), 1u);
  EXPECT_EQ(files(), 1u);
  EXPECT_EQ(must(must(repository->view())->index())->segments()[0]->ranges().size(), 1u);
  expect_all(10);
}

TEST_F(MergingCommits, LeaveNothingThatTheSnapshotDoesNotName) {
  for (unsigned i = 0; i < 20; ++i) {
    TestWriter writer(*repository);
    writer.add(Kind::sequence, protein(100, 2 * i));
    must(writer.end_run());
    writer.add(Kind::sequence, protein(100, 2 * i + 1));
    must(writer.publish());
    expect_nothing_else();
  }
  expect_all(40);
}

// Cut short between the swap of the ref and the removal: nothing is lost, and what is left over goes.
TEST_F(MergingCommits, LeaveWhatTheyCouldNotRemoveToTheNextWriters) {
  FailingStore store(*repository.store);
  auto own = must(Repository::open(store));
  for (unsigned i = 0; i < 3; ++i) commit_values(*own, {protein(100, i)});
  store.keep_all(true);
  commit_values(*own, {protein(100, 3)});
  store.keep_all(false);
  EXPECT_EQ(segments(), 1u);
  EXPECT_EQ(files(), 5u); // with that of the run
  expect_all(4);
  for (unsigned i = 4; i < 6; ++i) {
    const auto lock = must(repository->lock_for_writing(std::chrono::milliseconds(0)));
    commit_values(*repository, {protein(100, i)});
  }
  expect_nothing_else();
  expect_all(6);
}

// A segment that can't be read is a matter for verification, not for who adds something.
TEST_F(MergingCommits, GoOnBesideADamagedSegment) {
  for (unsigned i = 0; i < 2; ++i) commit_values(*repository, {protein(100, i)});
  const auto name = segment_name(must(repository->view())->snapshot().segments[1].digest);
  auto bytes = bytes_of(*repository.store, name);
  bytes[20] ^= 1;
  must(repository.store->put(name, bytes));
  auto fresh = must(Repository::open(*repository.store));
  const auto base = must(fresh->view());
  EXPECT_EQ(code_of(must(base->index())->segments()[1]->check()), errc::damaged);
  for (unsigned i = 0; i < 100; ++i) {
    // Interning would ask the damaged segment.
    Commit commit(*fresh, must(fresh->view()), 1 << 20);
    NewRun run(commit.generation(), {}, {});
    run.add(Kind::sequence, key_of(protein(90, i)), protein(90, i), false, 90);
    must(commit.index());
    must(write_run(commit, run));
    must(commit.publish({}, [](const View&) -> Result<void> { return {}; }));
  }
  const auto& now = must(fresh->view())->snapshot().segments;
  EXPECT_EQ(now[1], base->snapshot().segments[1]);
  EXPECT_LE(now.size(), 2 + 12u);
}

TEST_F(MergingCommits, FindAChunkThatWasRemovedAndStoredAgain) {
  for (unsigned round = 0; round < 12; ++round) {
    commit_values(*repository, {"again", std::to_string(round)}, Kind::bytes);
    EXPECT_EQ(read(*repository, Kind::bytes, "again"), "again");
    const auto base = must(repository->view());
    const auto number = must(must(base->index())->find(Kind::bytes, key_of("again")));
    ASSERT_EQ(number, (Number{round, 0}));
    auto next = base->snapshot();
    next.removed.push_back(*number);
    must(repository->commit(*base, next));
    EXPECT_EQ(code_of(stored_value(*repository, Kind::bytes, key_of("again"))), errc::not_found);
  }
}

// Only some namesakes are compared, so they have to be the newest.
TEST_F(MergingCommits, FindTheNewestOfManyHeadersOfOneAccession) {
  for (unsigned version = 0; version < 40; ++version) {
    TestWriter writer(*repository);
    const auto header = "P1 version " + std::to_string(version);
    const auto first = must(writer.interner->intern_header(header, 1ull << 32));
    EXPECT_EQ(first, (Number{version, 0}));
    must(writer.publish());
    TestWriter again(*repository);
    EXPECT_EQ(must(again.interner->intern_header(header, 1ull << 32)), first);
  }
  EXPECT_LE(segments(), 12u);
}

TEST_F(MergingCommits, ThatLoseTheRaceMergeWhatIsThereThen) {
  for (unsigned i = 0; i < 3; ++i) commit_values(*repository, {protein(100, i)});
  auto other = must(Repository::open(*repository.store));
  TestWriter slow(*repository);
  slow.add(Kind::sequence, protein(100, 4));
  must(slow.end_run());
  commit_values(*other, {protein(100, 3)});
  must(slow.publish());
  EXPECT_EQ(segments(), 2u);
  expect_all(5);
  must(repository->lock_for_writing(std::chrono::milliseconds(0)));
  EXPECT_EQ(files(), 2u);
}

TEST(Commit, ThatIsAbandonedLeavesNothing) {
  TestRepository repository;
  commit_values(*repository, {"MKV"});
  const auto before = names_in(*repository.store);
  {
    TestWriter writer(*repository);
    for (unsigned run = 0; run < 3; ++run) {
      writer.add(Kind::sequence, protein(300, run));
      must(writer.end_run());
    }
    auto pages = must(PageFileWriter::create(*repository.store));
    writer.commit.add_pages(must(pages->finish()));
    EXPECT_GT(names_in(*repository.store).size(), before.size());
  }
  EXPECT_EQ(names_in(*repository.store), before);
}

TEST(Commit, ThatIsAbandonedKeepsPagesThatAReleaseHasToo) {
  TestRepository repository;
  auto pages = [&] {
    auto writer = must(PageFileWriter::create(*repository.store));
    return must(writer->finish());
  };
  {
    TestWriter writer(*repository);
    const auto info = pages();
    writer.commit.add_pages(info);
    must(writer.publish(ReleaseEntry{"a", "1", 0, {}, 0, 0, 0, info.digest, info.size}));
  }
  const auto before = names_in(*repository.store);
  {
    TestWriter writer(*repository);
    writer.commit.add_pages(pages());
  }
  EXPECT_EQ(names_in(*repository.store), before);
}

TEST(Commit, ThatLostTheRaceIsRebasedAndBothAreThere) {
  TestRepository repository;
  auto other = must(Repository::open(*repository.store));
  TestWriter slow(*repository);
  slow.add(Kind::sequence, "SLOW");
  slow.add(Kind::sequence, "BOTH");
  must(slow.end_run());
  commit_values(*other, {"FAST", "BOTH"});
  std::size_t rebased = 0;
  const auto view = must(slow.commit.publish(ReleaseEntry{"a", "1", 0, {}, 0, 0, 0, {}, 0},
                                             [&](const View& now) -> Result<void> {
                                               EXPECT_EQ(now.snapshot().generations.size(), 1u);
                                               ++rebased;
                                               return {};
                                             }));
  EXPECT_EQ(rebased, 1u);
  EXPECT_EQ(view->snapshot().generations.size(), 2u);
  EXPECT_EQ(view->snapshot().generations[1], slow.commit.generation());
  EXPECT_EQ(view->snapshot().releases.size(), 1u);
  EXPECT_EQ(view->snapshot().totals[0].count, 4u);
  for (const char* value : {"FAST", "SLOW", "BOTH"})
    EXPECT_EQ(read(*repository, Kind::sequence, value), value);
}

TEST(Commit, MayBeGivenUpWhenRebased) {
  TestRepository repository;
  auto other = must(Repository::open(*repository.store));
  const auto give_up = [](const View&) -> Result<void> { return failure(errc::exists, "has it"); };
  std::vector<std::string> live;
  {
    TestWriter slow(*repository);
    slow.add(Kind::sequence, "SLOW");
    must(slow.end_run());
    commit_values(*other, {"FAST"});
    EXPECT_EQ(code_of(slow.commit.publish({}, give_up)), errc::exists);
  }
  EXPECT_EQ(must(repository->view())->snapshot().generations.size(), 1u);
  EXPECT_EQ(names_in(*repository.store, "packs/").size(), 1u);
  EXPECT_EQ(names_in(*repository.store, "index/").size(), 1u);
  // The snapshot that lost goes when the next writer comes.
  must(repository->lock_for_writing(std::chrono::milliseconds(0)));
  EXPECT_EQ(names_in(*repository.store, "snapshots/").size(), 2u);
}

// Wherever the disk becomes full, the repository is what it was, and works when there is room again.
TEST(Commit, AFullDiskAnywhereChangesNothing) {
  TestRepository inner;
  commit_values(*inner, {protein(200, 1), protein(200, 2)});
  FailingStore store(*inner.store);
  auto repository = must(Repository::open(store));
  const auto digest = must(repository->view())->digest();
  const auto before = names_in(store);

  auto commit = [&]() -> Result<ViewPtr> {
    TestWriter writer(*repository, {1 << 20, 300}, 600);
    for (unsigned run = 0; run < 3; ++run) {
      for (unsigned i = 0; i < 4; ++i) writer.add(Kind::sequence, protein(200, 2 + 4 * run + i));
      if (auto ended = writer.end_run(); !ended) return tl::unexpected<Error>(ended.error());
    }
    auto pages = PageFileWriter::create(store);
    if (!pages) return tl::unexpected<Error>(pages.error());
    auto info = (*pages)->finish();
    if (!info) return tl::unexpected<Error>(info.error());
    writer.commit.add_pages(*info);
    return writer.publish(ReleaseEntry{"a", "1", 0, {}, 0, 0, 0, info->digest, info->size});
  };
  std::size_t failures = 0;
  for (std::size_t at = 0;; ++at) {
    store.fail_from(at);
    const auto done = commit();
    if (!store.failed()) {
      EXPECT_TRUE(done);
      break;
    }
    ++failures;
    EXPECT_EQ(code_of(done), errc::no_space) << "write " << at;
    store.heal();
    EXPECT_EQ(must(repository->view())->digest(), digest);
    // Only a snapshot that no ref names may be left; the next writer removes it.
    must(repository->lock_for_writing(std::chrono::milliseconds(0)));
    EXPECT_EQ(names_in(store), before) << "write " << at;
  }
  EXPECT_GT(failures, 20u);
  EXPECT_EQ(must(repository->view())->snapshot().releases.size(), 1u);
  for (unsigned i = 1; i < 14; ++i)
    EXPECT_EQ(read(*repository, Kind::sequence, protein(200, i)), protein(200, i));
}

// Without any lock, a failed commit has itself removed all but, at most, its snapshot.
TEST(Commit, AFullDiskLeavesNoPacksBehind) {
  TestRepository inner;
  FailingStore store(*inner.store);
  auto repository = must(Repository::open(store));
  for (std::size_t at = 0; at < 12; ++at) {
    store.fail_from(at);
    {
      TestWriter writer(*repository, {1 << 20, 300}, 600);
      for (unsigned i = 0; i < 8; ++i) writer.add(Kind::sequence, protein(200, i));
      const auto done = writer.publish();
      EXPECT_EQ(code_of(done), store.failed() ? errc::no_space : errc{});
      if (!store.failed()) break;
    }
    store.heal();
    for (const char* folder : {"packs/", "index/"}) EXPECT_TRUE(names_in(store, folder).empty()) << at;
  }
}

} // namespace
} // namespace talaria

#include "repository/digest_index.hpp"

#include "drafts.hpp"
#include "support.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <vector>

namespace talaria {
namespace {

class Index : public testing::Test {
protected:
  SegmentPtr segment(const DraftBuilder& draft) { return open_segment(*store, draft.bytes()); }

  DigestIndexPtr open(std::vector<SegmentPtr> segments, std::vector<Number> removed = {}) {
    return must(DigestIndex::open({generation_id(1), generation_id(2), generation_id(3)},
                                  std::move(segments), std::move(removed), registry));
  }

  std::unique_ptr<ObjectStore> store = memory_store();
  std::shared_ptr<PackRegistry> registry = std::make_shared<PackRegistry>();
};

DraftBuilder draft(const std::string& pack = "one") {
  DraftBuilder builder;
  builder.pack(pack);
  return builder;
}

TEST_F(Index, FindsChunksInAllSegmentsAndGenerations) {
  const auto index = open({segment(draft().range(Kind::sequence, generation_id(1), 0, 10, 0)),
                           segment(draft("two").range(Kind::sequence, generation_id(1), 10, 5, 10)),
                           segment(draft("three")
                                       .range(Kind::sequence, generation_id(3), 0, 5, 15)
                                       .range(Kind::part, generation_id(2), 7, 3, 20))});
  for (uint32_t n = 0; n < 15; ++n)
    EXPECT_EQ(must(index->find(Kind::sequence, nth_key(n))), (Number{0, n}));
  for (uint32_t n = 15; n < 20; ++n)
    EXPECT_EQ(must(index->find(Kind::sequence, nth_key(n))), (Number{2, n - 15}));
  for (uint32_t n = 20; n < 23; ++n)
    EXPECT_EQ(must(index->find(Kind::part, nth_key(n))), (Number{1, n - 13}));
  EXPECT_EQ(must(index->find(Kind::sequence, nth_key(20))), std::nullopt);
  EXPECT_EQ(must(index->find(Kind::sequence, nth_key(99))), std::nullopt);
}

TEST_F(Index, GoesFromNumbersToKeysAndBlocks) {
  const auto first = draft().range(Kind::sequence, generation_id(1), 0, 10, 0);
  const auto second = draft("two")
                          .pack("one")
                          .range(Kind::sequence, generation_id(2), 0, 7, 10)
                          .range(Kind::header, generation_id(2), 0, 4, 0);
  const auto index = open({segment(first), segment(second)});
  for (uint32_t n = 0; n < 10; ++n) {
    EXPECT_EQ(must(index->key(Kind::sequence, Number{0, n})), nth_key(n));
    const auto place = must(index->locate(Kind::sequence, {0, n}));
    EXPECT_EQ(place.info.offset, 24 + 100 * (n / 3));
    EXPECT_EQ(registry->digest(place.pack), digest_of("one"));
  }
  for (uint32_t n = 0; n < 7; ++n) {
    EXPECT_EQ(must(index->key(Kind::sequence, Number{1, n})), nth_key(10 + n));
    const auto place = must(index->locate(Kind::sequence, {1, n}));
    EXPECT_EQ(place.info.offset, 24 + 100 * (n / 3));
    EXPECT_EQ(registry->digest(place.pack), digest_of(n / 3 % 2 == 0 ? "two" : "one"));
  }
  EXPECT_EQ(must(index->locate(Kind::header, {1, 3})).info.kind, Kind::header);
}

TEST_F(Index, NumbersThatNothingHasAreDamage) {
  const auto index = open({segment(draft().range(Kind::sequence, generation_id(1), 5, 10, 0))});
  for (const Number number : {Number{0, 4}, Number{0, 15}, Number{0, UINT32_MAX}, Number{1, 5},
                              Number{3, 5}, Number{UINT32_MAX, 5}}) {
    EXPECT_FALSE(index->contains(Kind::sequence, number));
    EXPECT_EQ(code_of(index->locate(Kind::sequence, number)), errc::damaged);
    EXPECT_EQ(code_of(index->key(Kind::sequence, number)), errc::damaged);
  }
  EXPECT_TRUE(index->contains(Kind::sequence, {0, 5}));
  EXPECT_TRUE(index->contains(Kind::sequence, {0, 14}));
  EXPECT_FALSE(index->contains(Kind::header, {0, 5}));
}

TEST_F(Index, TheNewestSegmentWins) {
  const auto old = segment(draft("old").range(Kind::sequence, generation_id(1), 0, 10, 0));
  const auto other = segment(draft("other").range(Kind::sequence, generation_id(2), 0, 10, 0));
  EXPECT_EQ(must(open({old, other})->find(Kind::sequence, nth_key(3))), (Number{1, 3}));
  EXPECT_EQ(must(open({other, old})->find(Kind::sequence, nth_key(3))), (Number{0, 3}));
}

// A number names one chunk, in one segment.
TEST_F(Index, SegmentsThatNumberTheSameChunksAreDamage) {
  const auto first = segment(draft().range(Kind::sequence, generation_id(1), 10, 10, 0));
  auto with = [&](Kind kind, uint8_t generation, uint32_t base, uint32_t count) {
    const auto second = segment(draft("two").range(kind, generation_id(generation), base, count, 50));
    return code_of(
        DigestIndex::open({generation_id(1), generation_id(2)}, {first, second}, {}, registry));
  };
  EXPECT_EQ(with(Kind::sequence, 1, 10, 10), errc::damaged);
  EXPECT_EQ(with(Kind::sequence, 1, 19, 5), errc::damaged);
  EXPECT_EQ(with(Kind::sequence, 1, 5, 6), errc::damaged);
  EXPECT_EQ(with(Kind::sequence, 1, 0, 50), errc::damaged);
  EXPECT_EQ(with(Kind::sequence, 1, 12, 1), errc::damaged);
  EXPECT_EQ(with(Kind::sequence, 1, 20, 5), errc{});
  EXPECT_EQ(with(Kind::sequence, 1, 5, 5), errc{});
  EXPECT_EQ(with(Kind::sequence, 2, 10, 10), errc{});
  EXPECT_EQ(with(Kind::part, 1, 10, 10), errc{});
}

TEST_F(Index, AGenerationThatTheSnapshotDoesNotListIsDamage) {
  const auto unknown = segment(draft().range(Kind::sequence, generation_id(9), 0, 3, 0));
  EXPECT_EQ(code_of(DigestIndex::open({generation_id(1)}, {unknown}, {}, registry)), errc::damaged);
}

TEST_F(Index, RemovedChunksAreAbsentButKeepTheirPlaces) {
  const auto stored = draft()
                          .range(Kind::bytes, generation_id(1), 0, 5, 0)
                          .range(Kind::sequence, generation_id(1), 0, 5, 0);
  const auto index = open({segment(stored)}, {{0, 1}, {0, 3}});
  for (uint32_t n = 0; n < 5; ++n) {
    const auto found = must(index->find(Kind::bytes, nth_key(n)));
    if (n == 1 || n == 3) {
      EXPECT_EQ(found, std::nullopt);
    } else {
      EXPECT_EQ(found, (Number{0, n}));
    }
    EXPECT_EQ(must(index->find(Kind::sequence, nth_key(n))), (Number{0, n}))
        << "only chunks of applications go";
    EXPECT_TRUE(index->contains(Kind::bytes, {0, n}));
  }
  // Stored anew, it is there again; and if the newer one is removed, the older is found.
  const auto again = segment(draft("two").range(Kind::bytes, generation_id(2), 0, 1, 1));
  EXPECT_EQ(must(open({segment(stored), again}, {{0, 1}})->find(Kind::bytes, nth_key(1))),
            (Number{1, 0}));
  EXPECT_EQ(must(open({segment(stored), again}, {{1, 0}})->find(Kind::bytes, nth_key(1))),
            (Number{0, 1}));
}

// Merging brings the removed chunk and the one stored anew into one segment.
TEST_F(Index, ARemovedChunkDoesNotHideAnEqualOneInItsSegment) {
  const auto both = segment(draft()
                                .range(Kind::bytes, generation_id(1), 0, 5, 0)
                                .range(Kind::bytes, generation_id(2), 0, 5, 0)
                                .range(Kind::bytes, generation_id(3), 0, 5, 0));
  auto find = [&](std::vector<Number> removed) {
    return must(open({both}, std::move(removed))->find(Kind::bytes, nth_key(2)));
  };
  EXPECT_EQ(find({}), (Number{2, 2}));
  EXPECT_EQ(find({{0, 2}}), (Number{2, 2}));
  EXPECT_EQ(find({{0, 2}, {2, 2}}), (Number{1, 2}));
  EXPECT_EQ(find({{1, 2}, {2, 2}}), (Number{0, 2}));
  EXPECT_EQ(find({{0, 2}, {1, 2}, {2, 2}}), std::nullopt);
}

TEST_F(Index, FindsHeadersNewestSegmentFirst) {
  const auto index = open({segment(draft().range(Kind::header, generation_id(1), 0, 5, 0)),
                           segment(draft("two").range(Kind::header, generation_id(2), 0, 5, 3))});
  std::vector<Number> numbers;
  must(index->find_headers(nth_accession(4), 9, numbers));
  EXPECT_EQ(numbers, (std::vector<Number>{{1, 1}, {0, 4}}));
  must(index->find_headers(nth_accession(0), 9, numbers));
  EXPECT_EQ(numbers.size(), 3u) << "they are appended";
}

TEST_F(Index, KnowsTheLastOfEqualGenerations) {
  const auto index = open({});
  EXPECT_EQ(index->generation(generation_id(2)), 1u);
  EXPECT_EQ(index->generation(generation_id(9)), std::nullopt);
  EXPECT_EQ(must(index->find(Kind::sequence, nth_key(1))), std::nullopt);
}

TEST(PackRegistry, GivesEachPackOneId) {
  PackRegistry registry;
  const auto a = registry.id(digest_of("a"));
  const auto b = registry.id(digest_of("b"));
  EXPECT_NE(a, b);
  EXPECT_EQ(registry.id(digest_of("a")), a);
  EXPECT_EQ(registry.digest(b), digest_of("b"));
}

// Against a model: segments of disjoint ranges, keys that repeat.
RC_GTEST_PROP(DigestIndex, AgreesWithAModel, ()) {
  auto store = memory_store();
  auto registry = std::make_shared<PackRegistry>();
  std::array<uint32_t, 3> next{};
  std::map<uint64_t, Number> newest;
  std::map<std::pair<uint32_t, uint32_t>, uint64_t> chunk_of;
  std::vector<SegmentPtr> segments;
  const auto count = *rc::gen::inRange(0, 6);
  for (int i = 0; i < count; ++i) {
    const auto generation = *rc::gen::inRange(0u, 3u);
    const auto gap = *rc::gen::inRange(0u, 3u);
    const auto size = *rc::gen::inRange(1u, 20u);
    const auto first = *rc::gen::inRange<uint64_t>(0, 30);
    const auto base = next[generation] + gap;
    segments.push_back(open_segment(
        *store, draft(std::to_string(i))
                    .range(Kind::sequence, generation_id(static_cast<uint8_t>(generation + 1)), base,
                           size, first)
                    .bytes()));
    for (uint32_t j = 0; j < size; ++j) {
      newest[first + j] = {generation, base + j};
      chunk_of[{generation, base + j}] = first + j;
    }
    next[generation] = base + size;
  }
  const auto index = must(
      DigestIndex::open({generation_id(1), generation_id(2), generation_id(3)}, segments, {}, registry));
  for (uint64_t n = 0; n < 60; ++n) {
    const auto found = must(index->find(Kind::sequence, nth_key(n)));
    const auto wanted = newest.find(n);
    RC_ASSERT(found == (wanted == newest.end() ? std::nullopt : std::optional(wanted->second)));
  }
  for (uint32_t generation = 0; generation < 4; ++generation)
    for (uint32_t ordinal = 0; ordinal < 130; ++ordinal) {
      const auto wanted = chunk_of.find({generation, ordinal});
      RC_ASSERT(index->contains(Kind::sequence, {generation, ordinal}) == (wanted != chunk_of.end()));
      if (wanted != chunk_of.end())
        RC_ASSERT(must(index->key(Kind::sequence, Number{generation, ordinal})) ==
                  nth_key(wanted->second));
    }
}

} // namespace
} // namespace talaria

#include "repository/segment.hpp"

#include "drafts.hpp"
#include "support.hpp"

#include "core/endian.hpp"
#include "repository/segment_merge.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace talaria {
namespace {

// All kinds, and two generations of sequences.
DraftBuilder several_ranges() {
  DraftBuilder draft;
  draft.pack("one").pack("two");
  draft.range(Kind::sequence, generation_id(1), 100, 5, 0);
  draft.range(Kind::header, generation_id(1), 0, 7, 0);
  draft.range(Kind::sequence, generation_id(2), 0, 4, 5);
  draft.range(Kind::text, generation_id(2), 3, 1, 100);
  draft.range(Kind::bytes, generation_id(2), 0, 2, 200);
  draft.range(Kind::part, generation_id(2), UINT32_MAX - 2, 2, 300);
  return draft;
}

// Asks a segment for everything it was made of. `may_be_damaged`: an answer may be errc::damaged
// instead, but never a wrong one. Returns how many were.
std::size_t expect_holds(const Segment& segment, const SegmentDraft& draft,
                         bool may_be_damaged = false) {
  std::size_t damaged = 0;
  auto right = [&](const auto& result, const auto& wanted, std::string_view what) {
    if (!result && may_be_damaged) {
      EXPECT_EQ(result.error().code(), errc::damaged) << what;
      ++damaged;
    } else if (!result) {
      ADD_FAILURE() << what << ": " << result.error().message();
    } else {
      EXPECT_TRUE(*result == wanted) << what;
    }
  };
  for (auto kind : all_kinds) {
    auto& part = draft.parts[index_of(kind)];
    EXPECT_EQ(segment.count(kind), part.blocks.size());
    for (uint32_t slot = 0; slot < part.blocks.size(); ++slot) {
      const auto place = segment.block_of(kind, slot);
      right(place, part.blocks[slot], "block_of");
      if (kind == Kind::header) {
        std::vector<uint32_t> slots;
        const auto found = segment.find_headers(uint64_t{part.header_keys[slot]} << 32, SIZE_MAX, slots);
        if (!found && may_be_damaged) {
          ++damaged;
        } else {
          EXPECT_TRUE(found);
          EXPECT_NE(std::find(slots.begin(), slots.end(), slot), slots.end()) << "header " << slot;
        }
        continue;
      }
      right(segment.key(kind, slot), part.keys[slot], "key");
      right(segment.find(kind, part.keys[slot]), std::optional<uint32_t>(slot), "find");
    }
  }
  right(segment.header_keys(), draft.parts[index_of(Kind::header)].header_keys, "header_keys");
  EXPECT_EQ(segment.block_count(), draft.blocks.size());
  for (uint32_t i = 0; i < draft.blocks.size(); ++i) {
    auto as_bytes = [](const BlockInfo& info) {
      std::string bytes;
      info.write(bytes);
      return bytes;
    };
    right(segment.block(i).map(as_bytes), as_bytes(draft.blocks[i]), "block");
  }
  return damaged;
}

TEST(Segment, KnowsWhatItWasMadeOf) {
  auto store = memory_store();
  const auto draft = several_ranges();
  const auto segment = open_segment(*store, draft.bytes());
  expect_holds(*segment, draft.draft());
  must(segment->verify());
  EXPECT_EQ(segment->packs(), draft.draft().packs);
  ASSERT_EQ(segment->ranges().size(), draft.draft().ranges.size());
  for (std::size_t i = 0; i < segment->ranges().size(); ++i) {
    auto& range = segment->ranges()[i];
    auto& wanted = draft.draft().ranges[i];
    EXPECT_EQ(range.kind, wanted.kind);
    EXPECT_EQ(range.generation, wanted.generation);
    EXPECT_EQ(range.base, wanted.base);
    EXPECT_EQ(range.count, wanted.count);
  }
  EXPECT_EQ(segment->name(), segment_name(digest_of(draft.bytes())));
}

TEST(Segment, NumbersItsSlotsRangeByRange) {
  auto store = memory_store();
  const auto segment = open_segment(*store, several_ranges().bytes());
  auto number = [&](Kind kind, uint32_t slot) {
    auto [range, ordinal] = segment->number_of(kind, slot);
    return range ? std::pair{range->generation, ordinal} : std::pair{generation_id(0), 0u};
  };
  EXPECT_EQ(number(Kind::sequence, 0), std::pair(generation_id(1), 100u));
  EXPECT_EQ(number(Kind::sequence, 4), std::pair(generation_id(1), 104u));
  EXPECT_EQ(number(Kind::sequence, 5), std::pair(generation_id(2), 0u));
  EXPECT_EQ(number(Kind::sequence, 8), std::pair(generation_id(2), 3u));
  EXPECT_EQ(number(Kind::sequence, 9), std::pair(generation_id(0), 0u));
  EXPECT_EQ(number(Kind::header, 6), std::pair(generation_id(1), 6u));
  EXPECT_EQ(number(Kind::part, 1), std::pair(generation_id(2), UINT32_MAX - 1));
}

TEST(Segment, NumbersTheSlotsOfThousandsOfRanges) {
  auto store = memory_store();
  DraftBuilder draft;
  draft.pack("one");
  for (uint32_t i = 0; i < 5000; ++i)
    draft.range(i % 2 == 0 ? Kind::sequence : Kind::header, generation_id(1), 10 * i, 1 + i % 4 / 2, i);
  const auto segment = open_segment(*store, draft.bytes());
  uint32_t slot = 0;
  for (uint32_t i = 0; i < 5000; i += 2)
    for (uint32_t j = 0; j < 1 + i % 4 / 2; ++j, ++slot) {
      const auto [range, ordinal] = segment->number_of(Kind::sequence, slot);
      ASSERT_EQ(range, &segment->ranges()[i]);
      EXPECT_EQ(ordinal, 10 * i + j);
    }
  EXPECT_EQ(segment->number_of(Kind::sequence, slot).first, nullptr);
  EXPECT_EQ(segment->number_of(Kind::text, 0).first, nullptr);
}

// The highest slot is the newest; a reader that may not have it asks for the one before.
TEST(Segment, FindsEqualChunksFromTheNewestOn) {
  auto store = memory_store();
  DraftBuilder draft;
  draft.pack("one");
  for (uint32_t i = 0; i < 3; ++i) draft.range(Kind::bytes, generation_id(1), 10 * i, 10, 0);
  const auto segment = open_segment(*store, draft.bytes());
  for (uint32_t n = 0; n < 10; ++n) {
    EXPECT_EQ(must(segment->find(Kind::bytes, nth_key(n))), 20 + n);
    EXPECT_EQ(must(segment->find(Kind::bytes, nth_key(n), 20 + n)), 10 + n);
    EXPECT_EQ(must(segment->find(Kind::bytes, nth_key(n), 10 + n)), n);
    EXPECT_EQ(must(segment->find(Kind::bytes, nth_key(n), n)), std::nullopt);
  }
}

TEST(Segment, VerifyFindsAnotherSegmentInItsPlace) {
  auto store = memory_store();
  const auto other = DraftBuilder().pack("one").range(Kind::text, generation_id(1), 0, 1, 0).bytes();
  const auto name = segment_name(digest_of("the one that was here"));
  must(store->put(name, other));
  EXPECT_EQ(code_of(must(Segment::open(*store, name))->verify()), errc::damaged);
}

TEST(Segment, FindsNothingThatIsNotThere) {
  auto store = memory_store();
  const auto segment = open_segment(*store, several_ranges().bytes());
  for (uint64_t n = 1000; n < 3000; ++n)
    EXPECT_EQ(must(segment->find(Kind::sequence, nth_key(n))), std::nullopt);
  // What is of one kind isn't of another.
  EXPECT_EQ(must(segment->find(Kind::sequence, nth_key(100))), std::nullopt);
  EXPECT_NE(must(segment->find(Kind::text, nth_key(100))), std::nullopt);
  // The same first half is not the same key.
  auto near = nth_key(1);
  near.low ^= 1;
  EXPECT_EQ(must(segment->find(Kind::sequence, near)), std::nullopt);
}

TEST(Segment, FindsSeveralHeadersOfOneAccession) {
  auto store = memory_store();
  DraftBuilder draft;
  draft.pack("one");
  for (uint32_t i = 0; i < 40; ++i) draft.range(Kind::header, generation_id(1), i, 1, i % 4);
  const auto segment = open_segment(*store, draft.bytes());
  for (uint64_t n = 0; n < 4; ++n) {
    std::vector<uint32_t> slots;
    must(segment->find_headers(nth_accession(n), 4, slots));
    EXPECT_EQ(slots.size(), 4u);
    slots.clear();
    must(segment->find_headers(nth_accession(n), 40, slots));
    EXPECT_EQ(slots.size(), 10u);
    for (auto slot : slots) EXPECT_EQ(slot % 4, n);
  }
  std::vector<uint32_t> slots;
  for (uint64_t n = 100; n < 1100; ++n) must(segment->find_headers(nth_accession(n), 40, slots));
  EXPECT_TRUE(slots.empty());
}

TEST(Segment, OutOfRangeIsDamageNotACrash) {
  auto store = memory_store();
  const auto segment = open_segment(*store, several_ranges().bytes());
  for (auto kind : all_kinds)
    for (auto slot : {segment->count(kind), UINT32_MAX}) {
      EXPECT_EQ(code_of(segment->key(kind, slot)), errc::damaged);
      EXPECT_EQ(code_of(segment->block_of(kind, slot)), errc::damaged);
    }
  EXPECT_EQ(code_of(segment->block(segment->block_count())), errc::damaged);
}

TEST(Segment, MayBeEmptyOrOfOneKind) {
  auto store = memory_store();
  const auto empty = open_segment(*store, DraftBuilder().bytes());
  must(empty->verify());
  EXPECT_EQ(must(empty->find(Kind::sequence, nth_key(1))), std::nullopt);
  for (auto kind : all_kinds) {
    DraftBuilder draft;
    draft.pack("one").range(kind, generation_id(3), 9, 1, 1);
    const auto segment = open_segment(*store, draft.bytes());
    must(segment->verify());
    expect_holds(*segment, draft.draft());
  }
}

RC_GTEST_PROP(Segment, KnowsAnythingItWasMadeOf, ()) {
  auto store = memory_store();
  DraftBuilder draft;
  draft.pack("one").pack("two").pack("three");
  uint64_t next = 0;
  const auto ranges = *rc::gen::inRange(0, 8);
  for (int i = 0; i < ranges; ++i) {
    const auto count = *rc::gen::inRange(1u, 200u);
    draft.per_block(*rc::gen::inRange(1u, 100u));
    draft.range(*rc::gen::elementOf(all_kinds), generation_id(static_cast<uint8_t>(i)),
                *rc::gen::inRange(0u, UINT32_MAX - 1000), count, next);
    next += count;
  }
  const auto segment = open_segment(*store, draft.bytes());
  expect_holds(*segment, draft.draft());
  must(segment->verify());
}

// A flip must be found out: at opening, at the touch, and in any case by verify(). In no case may it
// make a stored chunk seem absent, for then it would be stored again, or a release would seem to lack
// it.
void expect_flips_found_out(const DraftBuilder& draft, std::size_t step) {
  auto store = memory_store();
  std::size_t opened = 0;
  each_flip(
      draft.bytes(),
      [&](const std::string& bytes, std::size_t at) {
        must(store->put("index/x", bytes));
        const auto segment = Segment::open(*store, "index/x");
        if (!segment) {
          EXPECT_EQ(segment.error().code(), errc::damaged) << "byte " << at;
          return;
        }
        ++opened;
        EXPECT_EQ(code_of((*segment)->verify()), errc::damaged) << "byte " << at;
        const auto damaged = expect_holds(**segment, draft.draft(), true);
        EXPECT_GT(damaged, 0u) << "byte " << at;
        for (uint64_t n = 100'000; n < 100'010; ++n)
          if (const auto found = (*segment)->find(Kind::sequence, nth_key(n))) {
            EXPECT_EQ(*found, std::nullopt) << "byte " << at;
          }
      },
      step);
  EXPECT_GT(opened, 10u);
}

TEST(Segment, NoFlippedBitMakesAStoredChunkSeemAbsent) {
  DraftBuilder draft;
  draft.pack("one")
      .range(Kind::sequence, generation_id(1), 100, 5, 0)
      .range(Kind::header, generation_id(1), 0, 7, 0);
  expect_flips_found_out(draft, 1);
}

TEST(Segment, NoFlippedBitOfALargerOneDoesEither) {
  DraftBuilder draft;
  draft.pack("one").range(Kind::sequence, generation_id(1), 100, 1500, 0);
  draft.range(Kind::header, generation_id(1), 0, 500, 0)
      .range(Kind::part, generation_id(2), 0, 500, 5000);
  ASSERT_GT(draft.bytes().size(), 3 * CheckedFile::region_size);
  expect_flips_found_out(draft, 997);
}

TEST(Segment, NoFlippedBitOfOneWithRunsOfLocationsDoes) {
  DraftBuilder draft;
  draft.pack("one").per_block(50);
  draft.range(Kind::sequence, generation_id(1), 100, 150, 0);
  draft.range(Kind::header, generation_id(1), 0, 120, 0);
  expect_flips_found_out(draft, 3);
}

TEST(Segment, SaysOnceWhichBlockSuccessiveChunksLieIn) {
  DraftBuilder packed, runs;
  packed.pack("one").per_block(1).range(Kind::header, generation_id(1), 0, 1000, 0);
  runs.pack("one").per_block(500).range(Kind::header, generation_id(1), 0, 1000, 0);
  const auto locations = [](const DraftBuilder& draft) {
    return draft.bytes().size() - draft.draft().blocks.size() * BlockInfo::stored_size;
  };
  EXPECT_LT(locations(runs) + 1000, locations(packed));
}

// Right checksums don't make them right: what they say must not depend on where a search begins.
TEST(Segment, WithRunsOfLocationsOutOfOrderIsDamaged) {
  DraftBuilder draft;
  draft.pack("one").per_block(50).range(Kind::sequence, generation_id(1), 0, 150, 0);
  const auto whole = draft.bytes();
  const auto body_size = load_u64(whole.data() + whole.size() - 28);
  const auto second_run = body_size - 3 * BlockInfo::stored_size - 2 * 8;
  ASSERT_EQ(load_u32(whole.data() + second_run), 50u);
  for (const char first : {'\0', 'd', 'x'}) {
    auto body = whole.substr(0, body_size);
    body[second_run] = first;
    const auto bad = body + CheckedFile::checksums(body) +
                     whole.substr(body_size + CheckedFile::checksums_size(body_size));
    auto store = memory_store();
    const auto segment = open_segment(*store, bad);
    EXPECT_EQ(code_of(segment->block_of(Kind::sequence, 0)), errc::damaged);
    EXPECT_EQ(code_of(segment->block_of(Kind::sequence, 149)), errc::damaged);
    EXPECT_EQ(code_of(segment->verify()), errc::damaged);
    EXPECT_EQ(must(segment->find(Kind::sequence, nth_key(7))), 7u);
    const std::vector<SegmentPtr> twice{segment, segment};
    EXPECT_EQ(code_of(merge_segments(*store, twice)), errc::damaged);
  }
}

TEST(Segment, EveryTruncationIsDamage) {
  auto store = memory_store();
  const auto whole = several_ranges().bytes();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    must(store->put("index/x", std::string_view(whole).substr(0, size)));
    EXPECT_EQ(code_of(Segment::open(*store, "index/x")), errc::damaged) << size;
  }
  must(store->put("index/x", whole + "x"));
  EXPECT_EQ(code_of(Segment::open(*store, "index/x")), errc::damaged);
}

TEST(Segment, VerifyFindsAChunkInABlockOfAnotherKind) {
  auto store = memory_store();
  auto draft = several_ranges().draft();
  draft.parts[index_of(Kind::sequence)].blocks[0] = draft.parts[index_of(Kind::part)].blocks[0];
  EXPECT_EQ(code_of(open_segment(*store, write_segment(draft))->verify()), errc::damaged);
}

TEST(Segment, CostsAtMostTwentyFourBytesASequence) {
  constexpr uint32_t count = 100'000;
  DraftBuilder draft;
  draft.pack("one").range(Kind::sequence, generation_id(1), 0, count, 0);
  // Blocks of three chunks are none that a writer makes: about a hundred are.
  auto dense = draft.draft();
  dense.blocks.resize(count / 100);
  for (uint32_t i = 0; i < count; ++i) dense.parts[index_of(Kind::sequence)].blocks[i] = i / 100;
  const auto cost = static_cast<double>(write_segment(dense).size()) / count;
  EXPECT_LE(cost, 24.0);
  RecordProperty("bytes_per_sequence", std::to_string(cost));
}

} // namespace
} // namespace talaria

#include "repository/segment_merge.hpp"

#include "drafts.hpp"
#include "failing_store.hpp"
#include "support.hpp"

#include "core/endian.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <array>
#include <numeric>
#include <string>
#include <vector>

namespace talaria {
namespace {

// What a run would have written that held all that these hold, one behind the other.
SegmentDraft joined(const std::vector<SegmentDraft>& drafts) {
  SegmentDraft all;
  for (auto& draft : drafts) {
    const auto first_pack = static_cast<uint16_t>(all.packs.size());
    const auto first_block = static_cast<uint32_t>(all.blocks.size());
    all.packs.insert(all.packs.end(), draft.packs.begin(), draft.packs.end());
    for (auto block : draft.blocks) {
      block.pack = static_cast<uint16_t>(block.pack + first_pack);
      all.blocks.push_back(block);
    }
    for (auto range : draft.ranges) {
      const auto last = std::find_if(all.ranges.rbegin(), all.ranges.rend(),
                                     [&](const NumberRange& r) { return r.kind == range.kind; });
      if (last != all.ranges.rend() && last->generation == range.generation &&
          last->base + last->count == range.base)
        last->count += range.count;
      else
        all.ranges.push_back(range);
    }
    for (auto kind : all_kinds) {
      auto& from = draft.parts[index_of(kind)];
      auto& to = all.parts[index_of(kind)];
      to.keys.insert(to.keys.end(), from.keys.begin(), from.keys.end());
      to.header_keys.insert(to.header_keys.end(), from.header_keys.begin(), from.header_keys.end());
      for (auto block : from.blocks) to.blocks.push_back(first_block + block);
    }
  }
  return all;
}

class Merge : public testing::Test {
protected:
  SegmentPtr segment(const DraftBuilder& draft) { return open_segment(*store, draft.bytes()); }
  SegmentPtr merged(const std::vector<SegmentPtr>& segments) {
    return must(Segment::open(*store, segment_name(must(merge_segments(*store, segments)).digest)));
  }
  std::unique_ptr<ObjectStore> store = memory_store();
};

TEST_F(Merge, MakesTheBytesThatOneRunWithAllOfItWouldHaveMade) {
  DraftBuilder a, b, c;
  a.pack("a").range(Kind::sequence, generation_id(1), 0, 1000, 0);
  a.range(Kind::header, generation_id(1), 0, 900, 0);
  b.pack("b").pack("b2").range(Kind::sequence, generation_id(2), 0, 10, 2000);
  b.range(Kind::part, generation_id(2), 0, 2500, 5000).range(Kind::header, generation_id(2), 5, 3, 100);
  c.pack("c").range(Kind::text, generation_id(3), 0, 1, 3000);
  const auto all = merged({segment(a), segment(b), segment(c)});
  must(all->verify());
  auto draft = joined({a.draft(), b.draft(), c.draft()});
  ASSERT_GT(all->size(), 4 * CheckedFile::region_size);
  EXPECT_TRUE(bytes_of(*store, all->name()) == write_segment(draft));
}

// More bytes than are written at once.
TEST_F(Merge, OfLargeSegmentsMakesTheSameBytes) {
  std::vector<SegmentPtr> segments;
  std::vector<SegmentDraft> drafts;
  for (uint8_t i = 0; i < 5; ++i) {
    DraftBuilder draft;
    draft.pack(std::to_string(i)).range(Kind::sequence, generation_id(i), 0, 30'000, i * 30'000u);
    draft.per_block(5000).range(Kind::header, generation_id(i), 0, 20'000, i * 10'000u);
    segments.push_back(segment(draft));
    drafts.push_back(draft.draft());
  }
  const auto all = merged(segments);
  ASSERT_GT(all->size(), uint64_t{3} << 20);
  auto draft = joined(drafts);
  EXPECT_TRUE(bytes_of(*store, all->name()) == write_segment(draft));
}

RC_GTEST_PROP(SegmentMerge, OfAnythingAnswersAsItsInputs, ()) {
  auto store = memory_store();
  std::vector<SegmentPtr> segments;
  std::vector<SegmentDraft> drafts;
  std::array<uint32_t, 3 * kind_count> next{};
  const auto count = *rc::gen::inRange(1, 6);
  for (int i = 0; i < count; ++i) {
    DraftBuilder draft;
    draft.pack("a" + std::to_string(i)).pack("b" + std::to_string(i));
    for (auto ranges = *rc::gen::inRange(0, 5); ranges-- > 0;) {
      const auto kind = *rc::gen::elementOf(all_kinds);
      const auto generation = *rc::gen::inRange<uint8_t>(0, 3);
      auto& base = next[generation * kind_count + index_of(kind)];
      base += *rc::gen::inRange(0u, 2u);
      const auto size = *rc::gen::inRange(1u, 150u);
      draft.per_block(*rc::gen::inRange(1u, 100u));
      // Keys repeat, as those of chunks do that were removed and stored again.
      draft.range(kind, generation_id(generation), base, size, *rc::gen::inRange(0u, 300u));
      base += size;
    }
    segments.push_back(open_segment(*store, draft.bytes()));
    drafts.push_back(draft.draft());
  }
  const auto info = must(merge_segments(*store, segments));
  const auto all = must(Segment::open(*store, segment_name(info.digest)));
  RC_ASSERT(all->size() == info.size);
  must(all->verify());
  auto draft = joined(drafts);
  RC_ASSERT(bytes_of(*store, all->name()) == write_segment(draft));
  std::array<uint32_t, kind_count> first{};
  for (auto& input : segments)
    for (auto kind : all_kinds) {
      for (uint32_t slot = 0; slot < input->count(kind); ++slot) {
        const auto own = first[index_of(kind)] + slot;
        const auto [range, ordinal] = all->number_of(kind, own);
        const auto [was_range, was_ordinal] = input->number_of(kind, slot);
        RC_ASSERT(range && range->generation == was_range->generation);
        RC_ASSERT(ordinal == was_ordinal);
        const auto block = must(all->block(must(all->block_of(kind, own))));
        const auto was = must(input->block(must(input->block_of(kind, slot))));
        RC_ASSERT(block.crc == was.crc);
        RC_ASSERT(all->packs()[block.pack] == input->packs()[was.pack]);
        if (kind == Kind::header) continue;
        const auto key = must(input->key(kind, slot));
        RC_ASSERT(must(all->key(kind, own)) == key);
        RC_ASSERT(must(all->find(kind, key, own + 1)) == own);
      }
      first[index_of(kind)] += input->count(kind);
    }
}

// However segments came together, the same ones make the same segment.
TEST_F(Merge, OfMergedSegmentsIsThatOfTheFirstOnes) {
  std::vector<SegmentPtr> segments;
  for (uint8_t i = 0; i < 4; ++i)
    segments.push_back(segment(DraftBuilder()
                                   .pack(std::to_string(i))
                                   .range(Kind::sequence, generation_id(i), 0, 100, i * 100u)
                                   .range(Kind::header, generation_id(i), 0, 50, i * 40u)));
  const auto left = merged({merged({segments[0], segments[1]}), segments[2], segments[3]});
  const auto right = merged({segments[0], segments[1], merged({segments[2], segments[3]})});
  EXPECT_EQ(left->name(), merged(segments)->name());
  EXPECT_EQ(right->name(), merged(segments)->name());
}

TEST_F(Merge, JoinsTheRangesOfTheRunsOfOneCommit) {
  std::vector<SegmentPtr> segments;
  for (uint32_t i = 0; i < 5; ++i)
    segments.push_back(segment(DraftBuilder()
                                   .pack(std::to_string(i))
                                   .range(Kind::sequence, generation_id(1), 10 * i, 10, 10 * i)
                                   .range(Kind::header, generation_id(1), 20 * i, 10, 10 * i)));
  const auto all = merged(segments);
  ASSERT_EQ(all->ranges().size(), 6u);
  EXPECT_EQ(all->ranges()[0].count, 50u);
  EXPECT_EQ(all->number_of(Kind::sequence, 49).second, 49u);
  EXPECT_EQ(all->number_of(Kind::header, 49).second, 89u);
}

TEST_F(Merge, NamesAPackOnceThatSeveralSegmentsHave) {
  const auto all = merged(
      {segment(DraftBuilder().pack("one").pack("two").range(Kind::sequence, generation_id(1), 0, 9, 0)),
       segment(DraftBuilder().pack("two").range(Kind::sequence, generation_id(1), 9, 9, 9))});
  ASSERT_EQ(all->packs().size(), 2u);
  EXPECT_EQ(all->packs()[must(all->block(3)).pack].digest, digest_of("two"));
  must(all->verify());
}

// The body of a segment, changed, with the checksums it then has.
std::string with_body(const std::string& file, uint64_t at, char flip) {
  const auto trailer = file.size() - 28;
  const auto body_size = load_u64(file.data() + trailer);
  auto body = file.substr(0, body_size);
  body[at] = static_cast<char>(body[at] ^ flip);
  return body + CheckedFile::checksums(body) +
         file.substr(body_size + CheckedFile::checksums_size(body_size));
}

// Right checksums don't make it right: it is damaged, or what it finds is found.
TEST_F(Merge, OfASegmentThatContradictsItselfLosesNothing) {
  const auto whole =
      DraftBuilder().pack("one").range(Kind::sequence, generation_id(1), 0, 100, 0).bytes();
  const auto other = segment(DraftBuilder().pack("two").range(Kind::part, generation_id(1), 0, 9, 0));
  std::size_t refused = 0;
  const auto body_size = load_u64(whole.data() + whole.size() - 28);
  for (uint64_t at = 8; at < body_size; ++at) {
    const auto bad = open_segment(*store, with_body(whole, at, 4));
    const std::vector<SegmentPtr> inputs{other, bad};
    const auto info = merge_segments(*store, inputs);
    if (!info) {
      EXPECT_EQ(info.error().code(), errc::damaged) << at;
      ++refused;
      continue;
    }
    const auto all = must(Segment::open(*store, segment_name(info->digest)));
    for (uint32_t slot = 0; slot < 100; ++slot) {
      const auto key = must(bad->key(Kind::sequence, slot));
      const auto found = bad->find(Kind::sequence, key);
      if (found && *found) {
        EXPECT_NE(must(all->find(Kind::sequence, key)), std::nullopt) << at;
      }
    }
  }
  EXPECT_GT(refused, 100u);
}

class MergeNewest : public Merge {
protected:
  // As many equal segments as are merged.
  void SetUp() override {
    for (uint8_t i = 0; i < 4; ++i)
      segments.push_back(segment(DraftBuilder()
                                     .pack(std::to_string(i))
                                     .range(Kind::sequence, generation_id(i), 0, 300, i * 300u)));
  }
  SegmentPtr damaged(const SegmentPtr& segment) {
    auto bytes = bytes_of(*store, segment->name());
    bytes[bytes.size() / 3] ^= 1;
    return open_segment(*store, bytes);
  }
  std::vector<SegmentPtr> segments;
};

TEST_F(MergeNewest, MergesWhenItIsDue) {
  const auto merge = must(merge_newest(*store, segments));
  ASSERT_TRUE(merge);
  EXPECT_EQ(merge->first, 0u);
  segments.pop_back();
  EXPECT_FALSE(must(merge_newest(*store, segments)));
  EXPECT_FALSE(must(merge_newest(*store, {})));
}

TEST_F(MergeNewest, LeavesADamagedSegmentAndMergesWhatIsNewer) {
  auto with = segments;
  with.insert(with.begin() + 1, damaged(segments[0]));
  EXPECT_FALSE(must(merge_newest(*store, with))) << "three are newer";
  with.push_back(
      segment(DraftBuilder().pack("5").range(Kind::sequence, generation_id(5), 0, 300, 5000)));
  const auto merge = must(merge_newest(*store, with));
  ASSERT_TRUE(merge);
  EXPECT_EQ(merge->first, 2u);
  with.back() = damaged(with.back());
  EXPECT_FALSE(must(merge_newest(*store, with)));
}

TEST_F(MergeNewest, OnAFullDiskLeavesNothing) {
  FailingStore failing(*store);
  const auto before = names_in(*store);
  for (std::size_t at = 0;; ++at) {
    failing.fail_from(at);
    const auto merge = merge_newest(failing, segments);
    if (!failing.failed()) break;
    EXPECT_EQ(code_of(merge), errc::no_space);
    EXPECT_EQ(names_in(*store), before);
  }
  EXPECT_EQ(names_in(*store).size(), before.size() + 1);
}

std::size_t first_of(const std::vector<uint64_t>& sizes) {
  std::vector<MergeCandidate> candidates;
  for (auto size : sizes) candidates.push_back({size, 1});
  return first_to_merge(candidates);
}

TEST(Tiering, MergesFourOfAboutOneSize) {
  EXPECT_EQ(first_of({}), 0u);
  EXPECT_EQ(first_of({5, 5, 5}), 3u);
  EXPECT_EQ(first_of({5, 5, 5, 5}), 0u);
  EXPECT_EQ(first_of({100, 5, 5, 5}), 4u);
  EXPECT_EQ(first_of({100, 5, 5, 5, 5}), 1u);
  EXPECT_EQ(first_of({20, 20, 20, 5, 5, 5, 5}), 0u) << "what merges with the result is merged with it";
  EXPECT_EQ(first_of({1, 1, 1, 100}), 0u) << "small ones don't stay between large ones";
}

TEST(Tiering, MakesNothingLargerThanItsBounds) {
  EXPECT_EQ(first_of(std::vector<uint64_t>(4, largest_merge / 4)), 0u);
  EXPECT_EQ(first_of(std::vector<uint64_t>(4, largest_merge / 4 + 1)), 4u);
  EXPECT_EQ(first_of({UINT64_MAX, UINT64_MAX, 1, 1, 1, 1}), 2u);
  EXPECT_EQ(first_to_merge(std::vector<MergeCandidate>(4, {100, 16'383})), 0u);
  EXPECT_EQ(first_to_merge(std::vector<MergeCandidate>(4, {100, 16'384})), 4u);
}

// The number of segments after commits of these sizes, and how often a byte was written.
std::pair<std::size_t, double> after(const std::vector<uint64_t>& commits) {
  std::vector<uint64_t> sizes;
  uint64_t added = 0;
  uint64_t written = 0;
  std::size_t most = 0;
  for (auto size : commits) {
    sizes.push_back(size);
    added += size;
    written += size;
    if (const auto first = first_of(sizes); first < sizes.size()) {
      const auto sum =
          std::accumulate(sizes.begin() + static_cast<std::ptrdiff_t>(first), sizes.end(), uint64_t{0});
      sizes.resize(first);
      sizes.push_back(sum);
      written += sum;
    }
    most = std::max(most, sizes.size());
  }
  return {most, static_cast<double>(written) / static_cast<double>(added)};
}

TEST(Tiering, KeepsSegmentsAndWritesLogarithmic) {
  const auto [few, few_writes] = after(std::vector<uint64_t>(50, 1000));
  EXPECT_LE(few, 8u);
  EXPECT_LE(few_writes, 3.0);
  const auto [many, many_writes] = after(std::vector<uint64_t>(1000, 1000));
  EXPECT_LE(many, 14u);
  EXPECT_LE(many_writes, 4.2);
}

RC_GTEST_PROP(Tiering, HoldsForAnySizes, ()) {
  std::vector<uint64_t> sizes;
  for (int i = 0; i < 300; ++i) sizes.push_back(uint64_t{1} << *rc::gen::inRange(6, 18));
  const auto [most, writes] = after(sizes);
  RC_ASSERT(most <= 30u);
  RC_ASSERT(writes <= 8.0);
}

} // namespace
} // namespace talaria

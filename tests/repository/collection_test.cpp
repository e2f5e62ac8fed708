// What collecting garbage does to segments and packs, chunk by chunk; and what it asks of other writers.
#include "repository/collection.hpp"

#include "drafts.hpp"
#include "failing_store.hpp"
#include "support.hpp"

#include "repository/difference.hpp"
#include "repository/list.hpp"
#include "repository/segment_merge.hpp"
#include "repository/stored_chunk.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <set>
#include <string>
#include <vector>

namespace talaria {
namespace {

BlockInfo new_block(Kind kind, uint32_t offset) {
  BlockInfo block;
  block.offset = offset;
  block.stored = 90;
  block.directory = 10;
  block.raw = 100;
  block.count = 3;
  block.kind = kind;
  block.crc = 1000 + offset;
  return block;
}

// A change that lets some blocks be as they are, drops some, and moves others to a pack "new".
SegmentChange change_of(const Segment& segment, const std::function<unsigned(uint32_t)>& fate) {
  SegmentChange change;
  change.packs = {{digest_of("new"), 3}};
  for (uint32_t i = 0; i < segment.block_count(); ++i) switch (fate(i)) {
    case 0:
      change.moved.push_back(SegmentChange::stays);
      break;
    case 1:
      change.moved.push_back(no_block);
      break;
    default:
      change.moved.push_back(static_cast<uint32_t>(change.blocks.size()));
      change.blocks.push_back(new_block(must(segment.block(i)).kind, 24 + 90 * i));
    }
  return change;
}

RC_GTEST_PROP(RewrittenSegment, HasTheChunksThatAreNeededAndNoOthers, ()) {
  auto store = memory_store();
  DraftBuilder draft;
  draft.pack("a").pack("b");
  uint32_t base = 0;
  uint64_t first = 0;
  for (auto ranges = *rc::gen::inRange(1, 5); ranges-- > 0;) {
    const auto size = *rc::gen::inRange(1u, 400u);
    draft.per_block(*rc::gen::inRange(1u, 60u));
    draft.range(*rc::gen::elementOf(all_kinds), generation_id(1), base, size, first);
    base += size + *rc::gen::inRange(0u, 2u);
    first += size;
  }
  const auto segment = open_segment(*store, draft.bytes());
  // Blocks of one fate come in runs, so that there are large and small holes.
  std::vector<unsigned> fates;
  while (fates.size() < segment->block_count())
    fates.insert(fates.end(), *rc::gen::inRange<std::size_t>(1, 60), *rc::gen::inRange(0u, 3u));
  auto change = change_of(*segment, [&](uint32_t block) { return fates[block]; });
  const auto share = *rc::gen::inRange(1u, 10u);
  change.needed = [&](Kind, uint32_t slot) { return slot * 2654435761u % 10 < share; };
  const auto rewritten = must(rewrite_segment(*store, segment, change));
  std::size_t left = 0;
  auto index_of_it = [&](const SegmentPtr& of) {
    return must(DigestIndex::open({generation_id(1)}, {of}, {}, std::make_shared<PackRegistry>()));
  };
  const auto before = index_of_it(segment);
  const auto open =
      rewritten ? must(Segment::open(*store, segment_name(rewritten->digest))) : SegmentPtr();
  if (open) must(open->verify());
  const auto after = open ? index_of_it(open) : DigestIndexPtr();
  for (auto kind : all_kinds)
    for (uint32_t slot = 0; slot < segment->count(kind); ++slot) {
      const auto block = must(segment->block_of(kind, slot));
      const Number number{0, segment->number_of(kind, slot).second};
      const bool stays = change.moved[block] == SegmentChange::stays;
      const bool there = stays || (change.moved[block] != no_block && change.needed(kind, slot));
      RC_ASSERT((after && after->contains(kind, number)) == there);
      if (!there && after && kind != Kind::header)
        RC_ASSERT(!must(after->find(kind, must(segment->key(kind, slot)))));
      if (!there) continue;
      ++left;
      const auto place = must(after->locate(kind, number));
      RC_ASSERT(place.info.crc ==
                (stays ? must(segment->block(block)).crc : change.blocks[change.moved[block]].crc));
      if (kind == Kind::header) continue;
      const auto key = must(segment->key(kind, slot));
      RC_ASSERT(must(after->key(kind, number)) == key);
      RC_ASSERT(must(after->find(kind, key)) == number);
    }
  RC_ASSERT((left == 0) == !open);
  if (!open) return;
  // Merged with another it answers the same.
  const auto other = open_segment(
      *store,
      DraftBuilder().pack("c").range(Kind::sequence, generation_id(1), base + 5, 9, 5000).bytes());
  const std::vector<SegmentPtr> both{open, other};
  const auto merged =
      must(Segment::open(*store, segment_name(must(merge_segments(*store, both)).digest)));
  must(merged->verify());
  const auto of_both = index_of_it(merged);
  for (auto kind : all_kinds)
    for (uint32_t slot = 0; slot < segment->count(kind); ++slot) {
      const Number number{0, segment->number_of(kind, slot).second};
      RC_ASSERT(of_both->contains(kind, number) == after->contains(kind, number));
      if (after->contains(kind, number))
        RC_ASSERT(must(of_both->locate(kind, number)).info == must(after->locate(kind, number)).info ||
                  must(of_both->locate(kind, number)).info.crc ==
                      must(after->locate(kind, number)).info.crc);
    }
}

TEST(RewrittenSegment, KeepsSmallHolesWithinARangeAndEndsItAtLargeOnes) {
  auto store = memory_store();
  const auto segment = open_segment(
      *store, DraftBuilder().pack("a").range(Kind::sequence, generation_id(1), 100, 600, 0).bytes());
  // Of 200 blocks of three: the first goes, then ten, then a hundred, and the last.
  auto change = change_of(*segment, [](uint32_t block) {
    return block == 0 || (block >= 20 && block < 30) || (block >= 60 && block < 160) || block == 199;
  });
  const auto rewritten =
      must(Segment::open(*store, segment_name(must(rewrite_segment(*store, segment, change))->digest)));
  ASSERT_EQ(rewritten->ranges().size(), 2u);
  EXPECT_EQ(rewritten->ranges()[0].base, 103u);
  EXPECT_EQ(rewritten->ranges()[0].count, 177u);
  EXPECT_EQ(rewritten->ranges()[1].base, 580u);
  EXPECT_EQ(rewritten->ranges()[1].count, 117u);
  EXPECT_TRUE(rewritten->has_gone(Kind::sequence));
  EXPECT_EQ(must(rewritten->block_of(Kind::sequence, 60)), no_block);
  EXPECT_EQ(must(rewritten->key(Kind::sequence, 60)), Key128());
  EXPECT_FALSE(must(rewritten->find(Kind::sequence, Key128())));
}

TEST(RewrittenSegment, FailsInOrderWhenTheDiskIsFull) {
  auto memory = memory_store();
  FailingStore store(*memory);
  const auto segment = open_segment(
      store, DraftBuilder().pack("a").range(Kind::sequence, generation_id(1), 0, 90, 0).bytes());
  const auto change = change_of(*segment, [](uint32_t block) { return block % 2; });
  store.fail_from(0);
  EXPECT_EQ(code_of(rewrite_segment(store, segment, change)), errc::no_space);
  EXPECT_EQ(names_in(*memory).size(), 1u);
}

TEST(StoredChunk, TellsWhatItRefersTo) {
  EXPECT_TRUE(must(references_of(ChunkForm::whole, "anything")).empty());
  const auto list = encode_list(
      {300, {{generation_id(1), 7, 100}, {generation_id(2), 9, 150}, {generation_id(1), 8, 50}}, {}});
  const auto parts = must(references_of(ChunkForm::list, list));
  ASSERT_EQ(parts.size(), 3u);
  EXPECT_EQ(parts[1].kind, Kind::part);
  EXPECT_EQ(parts[1].generation, generation_id(2));
  EXPECT_EQ(parts[1].ordinal, 9u);
  EXPECT_EQ(must(value_size(ChunkForm::list, list)), 300u);
  Difference difference;
  difference.length = 77;
  difference.depth = 1;
  difference.work = 2;
  difference.references = {{Kind::sequence, generation_id(3), 5}};
  const auto content = encode_difference_chunk(difference);
  const auto references = must(references_of(ChunkForm::difference, content));
  ASSERT_EQ(references.size(), 1u);
  EXPECT_EQ(references[0].kind, Kind::sequence);
  EXPECT_EQ(references[0].ordinal, 5u);
  EXPECT_EQ(must(value_size(ChunkForm::difference, content)), 77u);
  EXPECT_EQ(code_of(references_of(ChunkForm::list, "x")), errc::damaged);
}

std::shared_ptr<Marks> marks_of(Repository& repository) {
  return must(Marks::create(must(must(repository.view())->index())));
}

// Collects what is not marked.
void collect(Repository& repository, Marks& marks, double dead_share = 0) {
  const auto view = must(repository.view());
  PackUses uses(view->snapshot(), *repository.registry(), dead_share);
  must(uses.decide(marks));
  Collector collector(repository, view, std::shared_ptr<Marks>(&marks, [](Marks*) {}), uses, {});
  while (must(collector.step())) {
  }
}

TEST(Collection, KeepsNumbersAndContents) {
  TestRepository repository;
  std::map<std::string, Number> numbers;
  TestWriter writer(*repository, RunLimits{std::size_t{1} << 20, 4096}, 1 << 20);
  for (unsigned i = 0; i < 300; ++i) {
    auto text = protein(200, i);
    numbers[text] = writer.add(Kind::sequence, text);
  }
  must(writer.publish());
  auto marks = marks_of(*repository);
  std::set<std::string> needed;
  for (auto& [text, number] : numbers)
    if (number.ordinal % 3 != 0 && number.ordinal < 250) {
      needed.insert(text);
      must(marks->need(Kind::sequence, number));
    }
  const auto packs = names_in(*repository.store, "packs/");
  collect(*repository, *marks);
  EXPECT_NE(names_in(*repository.store, "packs/"), packs);
  const auto view = must(repository->view());
  const auto index = must(view->index());
  for (auto& [text, number] : numbers) {
    EXPECT_EQ(index->contains(Kind::sequence, number), needed.contains(text));
    const auto found = must(index->find(Kind::sequence, key_of(text)));
    EXPECT_EQ(found, needed.contains(text) ? std::optional(number) : std::nullopt);
    if (!found) continue;
    EXPECT_EQ(must(stored_value(*repository, Kind::sequence, key_of(text))), text);
  }
  EXPECT_EQ(view->snapshot().totals[index_of(Kind::sequence)].count, needed.size());
  EXPECT_EQ(view->snapshot().totals[index_of(Kind::sequence)].bytes, needed.size() * 200);
}

// A reader that has the old index still finds every needed chunk, through whichever of its neighbours it
// asks for the block.
TEST(Collection, LeavesOldPlacesUsable) {
  TestRepository repository;
  std::vector<Number> numbers;
  TestWriter writer(*repository, RunLimits{std::size_t{1} << 20, 4096}, 1 << 20);
  for (unsigned i = 0; i < 300; ++i) numbers.push_back(writer.add(Kind::sequence, protein(200, i)));
  must(writer.publish());
  const auto old = must(must(repository->view())->index());
  auto marks = marks_of(*repository);
  for (auto& number : numbers)
    if (number.ordinal % 3 != 0) must(marks->need(Kind::sequence, number));
  collect(*repository, *marks);
  auto reader = must(Repository::open(*repository.store));
  for (auto& number : numbers) {
    DirectBlockSource source(*repository.store, repository->registry());
    const auto read = read_value(*old, source, Kind::sequence, number, 1000);
    if (number.ordinal % 3 == 0)
      EXPECT_EQ(code_of(read), errc::not_found);
    else
      EXPECT_EQ(must(read), protein(200, number.ordinal));
  }
}

TEST(Collection, ThatFailsLeavesAllAsItWas) {
  for (std::size_t write = 0;; ++write) {
    SCOPED_TRACE(write);
    auto memory = memory_store();
    must(Repository::create(*memory));
    FailingStore store(*memory);
    const auto repository = must(Repository::open(store));
    TestWriter writer(*repository, RunLimits{std::size_t{1} << 20, 4096}, 1 << 20);
    std::vector<Number> numbers;
    for (unsigned i = 0; i < 60; ++i) numbers.push_back(writer.add(Kind::sequence, protein(200, i)));
    must(writer.publish());
    const auto before = names_in(*memory);
    auto marks = marks_of(*repository);
    for (auto& number : numbers)
      if (number.ordinal % 2 == 0) must(marks->need(Kind::sequence, number));
    const auto view = must(repository->view());
    PackUses uses(view->snapshot(), *repository->registry(), 0);
    must(uses.decide(*marks));
    Collector collector(*repository, view, marks, uses, {});
    store.fail_from(write);
    const auto done = collector.step();
    if (done) {
      EXPECT_GT(write, 3u);
      break;
    }
    store.heal();
    EXPECT_EQ(code_of(done), errc::no_space);
    for (unsigned i = 0; i < 60; ++i)
      EXPECT_EQ(must(stored_value(*repository, Kind::sequence, key_of(protein(200, i)))),
                protein(200, i));
    auto lock = must(repository->lock_for_writing({}));
    EXPECT_EQ(names_in(*memory, "packs/").size(), 1u);
    EXPECT_EQ(names_in(*memory, "index/").size(), 1u);
  }
}

// Where no lock keeps writers apart: one that deduplicated against what was taken out must not commit.
TEST(Collection, MakesAnotherWriterStartAgain) {
  TestRepository repository;
  TestWriter first(*repository);
  first.add(Kind::sequence, protein(200, 1));
  must(first.publish());
  TestWriter late(*repository);
  late.add(Kind::sequence, protein(200, 1)); // draws on what is there
  late.add(Kind::sequence, protein(200, 2));
  auto marks = marks_of(*repository);
  collect(*repository, *marks);
  const auto published = late.publish();
  EXPECT_EQ(code_of(published), errc::conflict);
  EXPECT_NE(message_of(published).find("run it again"), std::string::npos) << message_of(published);
}

} // namespace
} // namespace talaria

#include "repository/marks.hpp"

#include "core/try.hpp"
#include "repository/open_page.hpp"
#include "repository/stored_chunk.hpp"

#include <algorithm>

namespace talaria {

Marks::Marks(DigestIndexPtr index, ChunkBits needed, ChunkBits followed)
    : index_(std::move(index)),
      needed_(std::move(needed)),
      followed_(std::move(followed)),
      changed_(std::make_unique<std::atomic<bool>[]>(index_->segments().size())) {
  for (auto& segment : index_->segments()) parts_ = parts_ || segment->count(Kind::part) > 0;
}

Result<std::shared_ptr<Marks>> Marks::create(DigestIndexPtr index) {
  TALARIA_TRY_ASSIGN(auto needed, ChunkBits::create(*index));
  TALARIA_TRY_ASSIGN(auto followed, ChunkBits::create(*index));
  return std::shared_ptr<Marks>(new Marks(std::move(index), std::move(needed), std::move(followed)));
}

bool Marks::is_needed(Kind kind, const Number& number) const noexcept {
  auto slot = index_->slot(kind, number);
  return slot && is_needed(kind, *slot);
}

Result<void> Marks::need(Kind kind, const Number& number) {
  auto slot = index_->slot(kind, number);
  if (!slot) return index_->block_at(kind, number).map([](const auto&) {}); // says what is missing
  need(kind, *slot);
  return {};
}

void Marks::need(Kind kind, const DigestIndex::Slot& slot) noexcept {
  // Whoever sees the change sees the bit.
  if (needed_.set(kind, slot)) changed_[slot.segment].store(true, std::memory_order_release);
}

Result<void> Marks::need_bytes(const std::vector<Number>& removed) {
  for (uint32_t i = 0; i < index_->segments().size(); ++i) {
    auto& segment = *index_->segments()[i];
    for (uint32_t slot = 0; slot < segment.count(Kind::bytes); ++slot) {
      TALARIA_TRY_ASSIGN(auto block, segment.block_of(Kind::bytes, slot));
      DigestIndex::Slot at{i, slot};
      if (block != no_block &&
          !std::binary_search(removed.begin(), removed.end(), index_->number(Kind::bytes, at)))
        need(Kind::bytes, at);
    }
  }
  return {};
}

Result<bool> Marks::refers(const Segment& segment) const {
  if (parts_) return true;
  for (uint32_t i = 0; i < segment.block_count(); ++i) {
    TALARIA_TRY_ASSIGN(auto info, segment.block(i));
    if (may_refer(info, parts_)) return true;
  }
  return false;
}

Result<void> Marks::each_to_follow(std::size_t place,
                                   const std::function<Result<void>(const BlockPlace&)>& visit) const {
  auto& segment = *index_->segments()[place];
  TALARIA_TRY_ASSIGN(bool any, refers(segment));
  if (!any) return {};
  std::vector<bool> seen(segment.block_count(), false);
  for (auto kind : all_kinds)
    for (uint32_t i = 0; i < segment.count(kind); ++i) {
      DigestIndex::Slot slot{static_cast<uint32_t>(place), i};
      if (!needed_.get(kind, slot) || followed_.get(kind, slot)) continue;
      TALARIA_TRY_ASSIGN(auto block, segment.block_of(kind, i));
      if (block == no_block || seen[block]) continue;
      seen[block] = true;
      TALARIA_TRY_ASSIGN(auto found, index_->place({slot.segment, block}));
      if (!may_refer(found.info, parts_)) continue;
      found.chunk = index_->number(kind, slot);
      TALARIA_TRY(visit(found));
    }
  return {};
}

Result<void> Marker::mark(const PagesToMark& job) {
  auto& marks = *job.marks;
  auto read = [&]() -> Result<void> {
    for (auto i = job.first; i < job.first + job.count; ++i) {
      TALARIA_TRY_ASSIGN(auto page, open_page(store_, *job.pages, i, marks.index()));
      for (auto& row : page->page.rows) {
        TALARIA_TRY(marks.need(Kind::header, row.header));
        TALARIA_TRY(marks.need(Kind::sequence, row.sequence));
      }
      for (auto& layout : page->page.layouts)
        if (layout.form == RecordLayout::Form::stored) TALARIA_TRY(marks.need(Kind::text, layout.text));
    }
    return {};
  }();
  if (!read) return tl::unexpected(read.error().within(pages_name(job.pages->info().digest)));
  return {};
}

Result<void> Marker::mark(const BlocksToMark& job) {
  for (auto& place : job.places) {
    auto marked = mark_block(*job.marks, place);
    if (!marked) return tl::unexpected(marked.error().within(pack_name(registry_->digest(place.pack))));
  }
  return {};
}

Result<void> Marker::mark_block(Marks& marks, const BlockPlace& place) {
  TALARIA_TRY_ASSIGN(auto block, read_block(store_, *registry_, place, decoder_));
  auto kind = block->kind();
  for (std::size_t i = 0; i < block->count(); ++i) {
    auto slot = marks.index().slot(kind, {place.chunk->generation, block->ordinal(i)});
    if (!slot || !marks.is_needed(kind, *slot) || !marks.follow(kind, *slot)) continue;
    TALARIA_TRY_ASSIGN(auto references, references_of(block->form(i), block->content(i)));
    for (auto& reference : references) {
      TALARIA_TRY_ASSIGN(auto number, marks.index().number(reference.generation, reference.ordinal));
      TALARIA_TRY(marks.need(reference.kind, number));
    }
  }
  return {};
}

} // namespace talaria

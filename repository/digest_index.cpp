#include "repository/digest_index.hpp"

#include "core/try.hpp"

#include <algorithm>

namespace talaria {

uint32_t PackRegistry::id(const Digest& pack) {
  std::lock_guard lock(mutex_);
  auto [at, fresh] = ids_.try_emplace(pack, static_cast<uint32_t>(digests_.size()));
  if (fresh) digests_.push_back(pack);
  return at->second;
}

Digest PackRegistry::digest(uint32_t id) const {
  std::lock_guard lock(mutex_);
  return digests_[id];
}

void PackRegistry::set_locate(Locate locate) {
  std::lock_guard lock(mutex_);
  locate_ = std::move(locate);
}

Result<BlockPlace> PackRegistry::locate_now(Kind kind, const Number& number) const {
  Locate locate;
  {
    std::lock_guard lock(mutex_);
    locate = locate_;
  }
  if (locate) return locate(kind, number);
  return failure(errc::damaged, "no newer snapshot is known");
}

Result<DigestIndexPtr> DigestIndex::open(std::vector<GenerationId> generations,
                                         std::vector<SegmentPtr> segments, std::vector<Number> removed,
                                         std::shared_ptr<PackRegistry> registry) {
  auto index = std::make_shared<DigestIndex>();
  index->generations_ = std::move(generations);
  index->removed_ = std::move(removed);
  index->registry_ = std::move(registry);
  index->order_generations();
  for (auto& segment : segments) TALARIA_TRY(index->add(std::move(segment)));
  for (auto kind : all_kinds) TALARIA_TRY(index->order_ranges(kind));
  return DigestIndexPtr(std::move(index));
}

void DigestIndex::order_generations() {
  for (uint32_t i = 0; i < generations_.size(); ++i) generation_places_.emplace_back(generations_[i], i);
  std::sort(generation_places_.begin(), generation_places_.end());
}

Result<void> DigestIndex::add(SegmentPtr segment) {
  std::vector<uint32_t> packs;
  for (auto& pack : segment->packs()) packs.push_back(registry_->id(pack.digest));
  std::vector<uint32_t> places;
  auto own = static_cast<uint32_t>(segments_.size());
  for (auto& range : segment->ranges()) {
    auto place = generation(range.generation);
    if (!place)
      return failure(errc::damaged,
                     segment->name() + " has a generation that the snapshot doesn't list");
    places.push_back(*place);
    ranges_[index_of(range.kind)].push_back({*place, range.base, range.count, own, range.first_slot});
  }
  segment_packs_.push_back(std::move(packs));
  segment_generations_.push_back(std::move(places));
  segments_.push_back(std::move(segment));
  return {};
}

Result<void> DigestIndex::order_ranges(Kind kind) {
  auto& ranges = ranges_[index_of(kind)];
  std::sort(ranges.begin(), ranges.end(), [](const Range& a, const Range& b) {
    return a.generation != b.generation ? a.generation < b.generation : a.base < b.base;
  });
  auto overlaps = [](const Range& a, const Range& b) {
    return a.generation == b.generation && b.base - a.base < a.count;
  };
  auto twice = std::adjacent_find(ranges.begin(), ranges.end(), overlaps);
  if (twice != ranges.end())
    return failure(errc::damaged,
                   segments_[std::max(twice->segment, std::next(twice)->segment)]->name() +
                       " numbers chunks that another segment has numbered");
  auto& first = first_ranges_[index_of(kind)];
  first.resize(generations_.size() + 1);
  for (auto& range : ranges) ++first[range.generation + 1];
  for (std::size_t i = 1; i < first.size(); ++i) first[i] += first[i - 1];
  return {};
}

// Of equal generations the last counts.
std::optional<uint32_t> DigestIndex::generation(const GenerationId& id) const noexcept {
  auto next =
      std::upper_bound(generation_places_.begin(), generation_places_.end(), std::pair{id, UINT32_MAX});
  if (next == generation_places_.begin() || std::prev(next)->first != id) return std::nullopt;
  return std::prev(next)->second;
}

Result<Number> DigestIndex::number(const GenerationId& id, uint32_t ordinal) const {
  if (auto place = generation(id)) return Number{*place, ordinal};
  return failure(errc::damaged, "a chunk refers to a generation that the snapshot doesn't list");
}

Number DigestIndex::number(uint32_t segment, Kind kind, uint32_t slot) const noexcept {
  auto [range, ordinal] = segments_[segment]->number_of(kind, slot);
  auto place = static_cast<std::size_t>(range - segments_[segment]->ranges().data());
  return {segment_generations_[segment][place], ordinal};
}

Result<std::optional<Number>> DigestIndex::find(Kind kind, const Key128& key) const {
  for (auto i = segments_.size(); i-- > 0;) {
    for (auto below = UINT32_MAX;;) {
      TALARIA_TRY_ASSIGN(auto slot, segments_[i]->find(kind, key, below));
      if (!slot) break;
      auto found = number(static_cast<uint32_t>(i), kind, *slot);
      if (!is_removed(kind, found)) return found;
      below = *slot;
    }
  }
  return std::nullopt;
}

bool DigestIndex::is_removed(Kind kind, const Number& number) const noexcept {
  return kind == Kind::bytes && std::binary_search(removed_.begin(), removed_.end(), number);
}

Result<void> DigestIndex::find_headers(uint64_t accession_key, std::size_t most,
                                       std::vector<Number>& numbers) const {
  std::vector<uint32_t> slots;
  for (auto i = segments_.size(); i-- > 0 && numbers.size() < most;) {
    slots.clear();
    TALARIA_TRY(segments_[i]->find_headers(accession_key, most - numbers.size(), slots));
    for (auto slot : slots) {
      if (slot >= segments_[i]->count(Kind::header))
        return failure(errc::damaged, segments_[i]->name() + ": impossible slot");
      numbers.push_back(number(static_cast<uint32_t>(i), Kind::header, slot));
    }
  }
  return {};
}

std::optional<DigestIndex::Slot> DigestIndex::slot(Kind kind, const Number& number) const noexcept {
  if (number.generation >= generations_.size()) return std::nullopt;
  auto first = first_ranges_[index_of(kind)].begin() + number.generation;
  auto begin = ranges_[index_of(kind)].begin() + first[0];
  auto end = ranges_[index_of(kind)].begin() + first[1];
  auto at = std::upper_bound(begin, end, number.ordinal,
                             [](uint32_t ordinal, const Range& range) { return ordinal < range.base; });
  if (at == begin) return std::nullopt;
  --at;
  if (number.ordinal - at->base >= at->count) return std::nullopt;
  Slot found{at->segment, at->first_slot + (number.ordinal - at->base)};
  return is_gone(kind, found) ? std::nullopt : std::optional(found);
}

// What can't be read is not said to be gone: whoever goes on to read it gets the error.
bool DigestIndex::is_gone(Kind kind, const Slot& slot) const noexcept {
  auto& segment = *segments_[slot.segment];
  if (!segment.has_gone(kind)) return false;
  auto block = segment.block_of(kind, slot.slot);
  return block && *block == no_block;
}

bool DigestIndex::contains(Kind kind, const Number& number) const noexcept {
  return slot(kind, number).has_value();
}

Result<DigestIndex::Slot> DigestIndex::existing_slot(Kind kind, const Number& number) const {
  auto found = slot(kind, number);
  if (!found)
    return failure(errc::damaged, std::string(to_string(kind)) + " " + std::to_string(number.ordinal) +
                                      " of generation " + std::to_string(number.generation) +
                                      " is in no index segment");
  return *found;
}

Result<Key128> DigestIndex::key(Kind kind, const Number& number) const {
  TALARIA_TRY_ASSIGN(auto at, existing_slot(kind, number));
  return key(kind, at);
}

Result<Key128> DigestIndex::key(Kind kind, const Slot& slot) const {
  return segments_[slot.segment]->key(kind, slot.slot);
}

Result<DigestIndex::Entry> DigestIndex::entry(Kind kind, const Number& number) const {
  TALARIA_TRY_ASSIGN(auto at, existing_slot(kind, number));
  auto& segment = *segments_[at.segment];
  Entry entry{&segment, 0, {}};
  TALARIA_TRY_ASSIGN(entry.block, segment.block_of(kind, at.slot));
  if (kind != Kind::header) {
    TALARIA_TRY_ASSIGN(entry.key, segment.key(kind, at.slot));
  }
  return entry;
}

Result<DigestIndex::BlockAt> DigestIndex::block_at(Kind kind, const Number& number) const {
  TALARIA_TRY_ASSIGN(auto at, existing_slot(kind, number));
  return block_at(kind, at);
}

Result<DigestIndex::BlockAt> DigestIndex::block_at(Kind kind, const Slot& slot) const {
  TALARIA_TRY_ASSIGN(auto block, segments_[slot.segment]->block_of(kind, slot.slot));
  return BlockAt{slot.segment, block};
}

Result<BlockPlace> DigestIndex::place(const BlockAt& at) const {
  BlockPlace found;
  TALARIA_TRY_ASSIGN(found.info, segments_[at.segment]->block(at.block));
  found.pack = segment_packs_[at.segment][found.info.pack];
  return found;
}

Result<BlockPlace> DigestIndex::locate(Kind kind, const Number& number) const {
  TALARIA_TRY_ASSIGN(auto at, block_at(kind, number));
  TALARIA_TRY_ASSIGN(auto found, place(at));
  found.chunk = number;
  return found;
}

} // namespace talaria

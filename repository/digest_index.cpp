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

Result<DigestIndexPtr> DigestIndex::open(std::vector<GenerationId> generations,
                                         std::vector<SegmentPtr> segments, std::vector<Number> removed,
                                         std::shared_ptr<PackRegistry> registry) {
  auto index = std::make_shared<DigestIndex>();
  index->generations_ = std::move(generations);
  index->removed_ = std::move(removed);
  index->registry_ = std::move(registry);
  for (auto& ranges : index->ranges_) ranges.resize(index->generations_.size());
  for (auto& segment : segments) TALARIA_TRY(index->add(std::move(segment)));
  return DigestIndexPtr(std::move(index));
}

Result<DigestIndexPtr> DigestIndex::with(SegmentPtr segment) const {
  auto index = std::make_shared<DigestIndex>(*this);
  TALARIA_TRY(index->add(std::move(segment)));
  return DigestIndexPtr(std::move(index));
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
    auto& ranges = ranges_[index_of(range.kind)][*place];
    Range entry{range.base, range.count, own, range.first_slot};
    auto next = std::upper_bound(ranges.begin(), ranges.end(), entry,
                                 [](const Range& a, const Range& b) { return a.base < b.base; });
    if ((next != ranges.end() && next->base - entry.base < entry.count) ||
        (next != ranges.begin() && entry.base - std::prev(next)->base < std::prev(next)->count))
      return failure(errc::damaged,
                     segment->name() + " numbers chunks that another segment has numbered");
    ranges.insert(next, entry);
  }
  segment_packs_.push_back(std::move(packs));
  segment_generations_.push_back(std::move(places));
  segments_.push_back(std::move(segment));
  return {};
}

std::optional<uint32_t> DigestIndex::generation(const GenerationId& id) const noexcept {
  for (auto i = generations_.size(); i-- > 0;)
    if (generations_[i] == id) return static_cast<uint32_t>(i);
  return std::nullopt;
}

Number DigestIndex::number(uint32_t segment, Kind kind, uint32_t slot) const noexcept {
  auto [range, ordinal] = segments_[segment]->number_of(kind, slot);
  auto place = static_cast<std::size_t>(range - segments_[segment]->ranges().data());
  return {segment_generations_[segment][place], ordinal};
}

Result<std::optional<Number>> DigestIndex::find(Kind kind, const Key128& key) const {
  for (auto i = segments_.size(); i-- > 0;) {
    TALARIA_TRY_ASSIGN(auto slot, segments_[i]->find(kind, key));
    if (!slot) continue;
    auto found = number(static_cast<uint32_t>(i), kind, *slot);
    if (kind == Kind::bytes && std::binary_search(removed_.begin(), removed_.end(), found)) continue;
    return found;
  }
  return std::nullopt;
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
  auto& ranges = ranges_[index_of(kind)][number.generation];
  auto at = std::upper_bound(ranges.begin(), ranges.end(), number.ordinal,
                             [](uint32_t ordinal, const Range& range) { return ordinal < range.base; });
  if (at == ranges.begin()) return std::nullopt;
  --at;
  if (number.ordinal - at->base >= at->count) return std::nullopt;
  return Slot{at->segment, at->first_slot + (number.ordinal - at->base)};
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
  return segments_[at.segment]->key(kind, at.slot);
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
  TALARIA_TRY_ASSIGN(auto block, segments_[at.segment]->block_of(kind, at.slot));
  return BlockAt{at.segment, block};
}

Result<BlockPlace> DigestIndex::place(const BlockAt& at) const {
  BlockPlace found;
  TALARIA_TRY_ASSIGN(found.info, segments_[at.segment]->block(at.block));
  found.pack = segment_packs_[at.segment][found.info.pack];
  return found;
}

Result<BlockPlace> DigestIndex::locate(Kind kind, const Number& number) const {
  TALARIA_TRY_ASSIGN(auto at, block_at(kind, number));
  return place(at);
}

} // namespace talaria

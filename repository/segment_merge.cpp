#include "repository/segment_merge.hpp"

#include "core/endian.hpp"
#include "core/try.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <memory>
#include <queue>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

namespace talaria {

namespace {

// A segment is merged when so many, it being the oldest, are of about one size.
constexpr std::size_t merge_factor = 4;

// A segment's block entries have 16 bits for the pack.
constexpr std::size_t most_packs = UINT16_MAX;

// Writes a segment front to back, region by region.
class BodyWriter {
public:
  explicit BodyWriter(std::unique_ptr<ObjectWriter> out) : out_(std::move(out)) {}

  uint64_t size() const noexcept { return written_ + pending_.size(); }

  // What is appended here is written by the next flush().
  std::string& pending() noexcept { return pending_; }

  // Writes what is pending, as far as it fills regions, if it is much.
  Result<void> flush() {
    if (pending_.size() < window) return {};
    auto whole = pending_.size() - pending_.size() % CheckedFile::region_size;
    TALARIA_TRY(write(std::string_view(pending_).substr(0, whole)));
    pending_.erase(0, whole);
    return {};
  }

  Result<PackInfo> finish(const SegmentDescriptor& descriptor) {
    TALARIA_TRY(write(pending_));
    auto end = descriptor.end_of_file(written_, std::move(checksums_));
    TALARIA_TRY(out_->append(end));
    hasher_.update(end);
    PackInfo info{hasher_.finish(), written_ + end.size()};
    TALARIA_TRY(out_->commit(segment_name(info.digest)));
    return info;
  }

private:
  static constexpr std::size_t window = 64 * CheckedFile::region_size;

  Result<void> write(std::string_view bytes) {
    checksums_ += CheckedFile::checksums(bytes);
    hasher_.update(bytes);
    written_ += bytes.size();
    return out_->append(bytes);
  }

  std::unique_ptr<ObjectWriter> out_;
  std::string pending_;
  std::string checksums_;
  Hasher hasher_;
  uint64_t written_ = 0;
};

// Successive slots of a segment, and those that they become.
struct SlotSpan {
  uint32_t from = 0;
  uint32_t to = 0;
  uint32_t count = 0;
};

// A segment on its way into another one.
class Source {
public:
  Source(SegmentPtr segment, const SegmentChange* change)
      : segment_(std::move(segment)), change_(change) {}

  const Segment& segment() const noexcept { return *segment_; }

  // Whether the block at a place of its table stays.
  bool stays(uint32_t block) const noexcept {
    return !change_ || change_->moved[block] == SegmentChange::stays;
  }

  // Whether all slots of a kind stay, and none is that of a chunk that is gone.
  bool is_whole(Kind kind) const noexcept { return !change_ && !segment_->has_gone(kind); }

  // The place of a chunk's block in the new table, once that is known; no_block if the chunk is gone.
  Result<uint32_t> block_of(Kind kind, uint32_t slot) const {
    TALARIA_TRY_ASSIGN(auto block, there(kind, slot));
    if (block == no_block) return block;
    return change_ ? places_[block] : first_block_ + block;
  }

  // Whether the chunk of a slot goes along.
  Result<bool> has(Kind kind, uint32_t slot) const {
    if (is_whole(kind)) return true;
    TALARIA_TRY_ASSIGN(auto block, there(kind, slot));
    return block != no_block;
  }

  // The slot that a slot of a chunk becomes, or nothing.
  Result<std::optional<uint32_t>> slot(Kind kind, uint32_t slot) const {
    TALARIA_TRY_ASSIGN(bool there, has(kind, slot));
    if (!there) return std::nullopt;
    auto& spans = spans_[index_of(kind)];
    auto next = std::upper_bound(spans.begin(), spans.end(), slot,
                                 [](uint32_t s, const SlotSpan& span) { return s < span.from; });
    if (next == spans.begin()) return std::nullopt;
    auto& span = *std::prev(next);
    if (slot - span.from >= span.count) return std::nullopt;
    return span.to + (slot - span.from);
  }

  const std::vector<SlotSpan>& spans(Kind kind) const noexcept { return spans_[index_of(kind)]; }
  void add_span(Kind kind, const SlotSpan& span) { spans_[index_of(kind)].push_back(span); }

  // Where its blocks stand in the new table: by their place in its own one, or one behind the other.
  void set_blocks(std::vector<uint32_t> places) { places_ = std::move(places); }
  void set_blocks(uint32_t first) { first_block_ = first; }

private:
  // The place of a chunk's block in the old table; no_block if the chunk is gone or goes.
  Result<uint32_t> there(Kind kind, uint32_t slot) const {
    TALARIA_TRY_ASSIGN(auto block, segment_->block_of(kind, slot));
    if (block == no_block || stays(block)) return block;
    return change_->moved[block] != no_block && change_->needed(kind, slot) ? block : no_block;
  }

  SegmentPtr segment_;
  const SegmentChange* change_;
  std::array<std::vector<SlotSpan>, kind_count> spans_; // by kind, ascending
  std::vector<uint32_t> places_;
  uint32_t first_block_ = 0;
};

// The entries of the look-up tables of several segments, in the order of one table.
class MergedEntries {
public:
  MergedEntries(std::span<const Source> sources, Kind kind) : sources_(sources), kind_(kind) {}

  // Puts the first entry of each segment in order.
  Result<void> begin() {
    for (auto& source : sources_) {
      cursors_.push_back(source.segment().entries(kind_));
      TALARIA_TRY(advance(cursors_.size() - 1));
    }
    return {};
  }

  // The next key and slot; nothing behind the last.
  Result<std::optional<std::pair<uint64_t, uint32_t>>> next() {
    if (queue_.empty()) return std::nullopt;
    auto [key, slot, source] = queue_.top();
    queue_.pop();
    TALARIA_TRY(advance(source));
    return std::pair{key, slot};
  }

private:
  using Entry = std::tuple<uint64_t, uint32_t, std::size_t>; // key, slot in the new segment, source

  Result<void> advance(std::size_t at) {
    auto& cursor = cursors_[at];
    auto& segment = sources_[at].segment();
    while (true) {
      TALARIA_TRY_ASSIGN(bool more, cursor.next());
      if (!more) return {};
      if (cursor.slot() >= segment.count(kind_))
        return failure(errc::damaged, segment.name() + ": impossible slot");
      TALARIA_TRY_ASSIGN(auto slot, sources_[at].slot(kind_, cursor.slot()));
      if (!slot) continue;
      uint64_t key = cursor.prefix() << 32;
      if (kind_ != Kind::header) {
        TALARIA_TRY_ASSIGN(auto whole, segment.key(kind_, cursor.slot()));
        key = whole.high;
      }
      queue_.emplace(key, *slot, at);
      return {};
    }
  }

  std::span<const Source> sources_;
  Kind kind_;
  std::vector<LookupCursor> cursors_; // of the sources
  std::priority_queue<Entry, std::vector<Entry>, std::greater<>> queue_;
};

// Writes one segment of several.
class Joiner {
public:
  Joiner(std::vector<Source> sources, BodyWriter out)
      : sources_(std::move(sources)), out_(std::move(out)) {}

  // `change`: that of the only source, if it has one. Nothing if it leaves no chunk.
  Result<std::optional<PackInfo>> run(const SegmentChange* change = nullptr) {
    out_.pending() += segment_magic();
    for (auto& source : sources_) TALARIA_TRY(join_ranges(source));
    if (change && descriptor_.ranges.empty()) return std::nullopt;
    for (auto& source : sources_) TALARIA_TRY(join_blocks(source, change));
    for (auto kind : all_kinds) TALARIA_TRY(write_sections(kind));
    TALARIA_TRY(write_blocks(change));
    return out_.finish(descriptor_);
  }

private:
  // The blocks of a source that stay, then those that are new.
  Result<void> join_blocks(Source& source, const SegmentChange* change) {
    auto& segment = source.segment();
    if (!change) {
      source.set_blocks(descriptor_.block_count);
      descriptor_.block_count += segment.block_count();
      for (auto& pack : segment.packs()) (void)place_of(pack);
      return {};
    }
    std::vector<uint32_t> places(segment.block_count(), no_block);
    for (uint32_t i = 0; i < segment.block_count(); ++i)
      if (source.stays(i)) places[i] = descriptor_.block_count++;
    auto first_new = descriptor_.block_count;
    for (uint32_t i = 0; i < segment.block_count(); ++i)
      if (!source.stays(i) && change->moved[i] != no_block) places[i] = first_new + change->moved[i];
    descriptor_.block_count += static_cast<uint32_t>(change->blocks.size());
    source.set_blocks(std::move(places));
    return {};
  }

  uint16_t place_of(const PackInfo& pack) {
    auto next = static_cast<uint16_t>(descriptor_.packs.size());
    auto [at, fresh] = pack_places_.try_emplace(pack.digest, next);
    if (fresh) descriptor_.packs.push_back(pack);
    return at->second;
  }

  // Divides the slots of a source into ranges without large holes.
  Result<void> join_ranges(Source& source) {
    for (auto& range : source.segment().ranges()) {
      if (source.is_whole(range.kind)) {
        add_range(source, range, 0, range.count);
        continue;
      }
      uint32_t begin = 0;
      uint32_t end = 0; // behind the last chunk that is there
      for (uint32_t i = 0; i < range.count; ++i) {
        TALARIA_TRY_ASSIGN(bool there, source.has(range.kind, range.first_slot + i));
        if (!there) continue;
        ++entries_[index_of(range.kind)];
        if (i - end >= hole_min || end == 0) {
          if (end > begin) add_range(source, range, begin, end);
          begin = i;
        }
        end = i + 1;
      }
      if (end > begin) add_range(source, range, begin, end);
    }
    for (auto kind : all_kinds)
      if (source.is_whole(kind)) entries_[index_of(kind)] += source.segment().count(kind);
    return {};
  }

  // Takes the numbers begin .. end of a range. Slots follow the order of the ranges, so only the last
  // range of a kind can be continued.
  void add_range(Source& source, const NumberRange& range, uint32_t begin, uint32_t end) {
    if (end == begin) return;
    auto kind = index_of(range.kind);
    source.add_span(range.kind, {range.first_slot + begin, slots_[kind], end - begin});
    slots_[kind] += end - begin;
    if (auto& place = last_range_[kind]) {
      auto& before = descriptor_.ranges[*place];
      if (before.generation == range.generation && before.base + before.count == range.base + begin) {
        before.count += end - begin;
        return;
      }
    }
    last_range_[kind] = descriptor_.ranges.size();
    descriptor_.ranges.push_back({range.kind, range.generation, range.base + begin, end - begin, 0});
  }

  Result<void> write_sections(Kind kind) {
    auto count = slots_[index_of(kind)];
    if (count == 0) return {};
    auto& sections = descriptor_.sections[index_of(kind)];
    sections = SegmentSections::of(kind, count, entries_[index_of(kind)]);
    sections.keys_at = out_.size();
    std::vector<uint32_t> starts(sections.shape.buckets() + 1, 0);
    TALARIA_TRY(kind == Kind::header ? count_headers(sections.shape, starts)
                                     : write_keys(kind, sections.shape, starts));
    for (std::size_t i = 1; i < starts.size(); ++i) starts[i] += starts[i - 1];
    sections.lookup_at = out_.size();
    TALARIA_TRY(write_lookup_table(kind, sections.shape, starts));
    sections.locations_at = out_.size();
    return write_locations(kind, sections);
  }

  // Calls `visit` for the slots that go along, in order.
  template <class Visit>
  Result<void> each_slot(Kind kind, Visit visit) {
    for (auto& source : sources_)
      for (auto& span : source.spans(kind))
        for (uint32_t i = 0; i < span.count; ++i) {
          TALARIA_TRY(visit(source, span.from + i));
          TALARIA_TRY(out_.flush());
        }
    return {};
  }

  // Both count the entries of each bucket at the place behind it.
  Result<void> write_keys(Kind kind, const LookupShape& shape, std::vector<uint32_t>& starts) {
    return each_slot(kind, [&](const Source& source, uint32_t slot) -> Result<void> {
      TALARIA_TRY_ASSIGN(bool there, source.has(kind, slot));
      Key128 key;
      if (there) {
        TALARIA_TRY_ASSIGN(key, source.segment().key(kind, slot));
        ++starts[shape.bucket_of(key.high) + 1];
      }
      store_u64(out_.pending(), key.high);
      store_u64(out_.pending(), key.low);
      return {};
    });
  }

  Result<void> count_headers(const LookupShape& shape, std::vector<uint32_t>& starts) {
    for (auto& source : sources_)
      for (auto cursor = source.segment().entries(Kind::header);;) {
        TALARIA_TRY_ASSIGN(bool more, cursor.next());
        if (!more) break;
        TALARIA_TRY_ASSIGN(auto slot, source.slot(Kind::header, cursor.slot()));
        if (slot) ++starts[shape.bucket_of(cursor.prefix() << 32) + 1];
      }
    return {};
  }

  Result<void> write_lookup_table(Kind kind, const LookupShape& shape,
                                  const std::vector<uint32_t>& starts) {
    for (auto start : starts) {
      store_u32(out_.pending(), start);
      TALARIA_TRY(out_.flush());
    }
    auto disagrees = [] {
      return failure(errc::damaged, "a look-up table disagrees with the keys of its segment");
    };
    MergedEntries entries(sources_, kind);
    TALARIA_TRY(entries.begin());
    BitWriter bits(out_.pending());
    uint64_t last = 0;
    for (uint32_t i = 0;; ++i) {
      TALARIA_TRY_ASSIGN(auto entry, entries.next());
      if (!entry && i != shape.entries) return disagrees();
      if (!entry) break;
      auto [key, slot] = *entry;
      // A table that is in another order than its keys would make one that hides what it has.
      auto bucket = shape.bucket_of(key);
      if (i < starts[bucket] || i >= starts[bucket + 1] || key < std::exchange(last, key))
        return disagrees();
      bits.put(shape.entry(key, slot), static_cast<unsigned>(shape.entry_bits()));
      TALARIA_TRY(out_.flush());
    }
    bits.finish(7);
    return {};
  }

  // Twice through the slots: their runs say in which form the locations are smaller.
  Result<void> write_locations(Kind kind, SegmentSections& sections) {
    RunCounter counter;
    TALARIA_TRY(each_location(kind, [&](uint32_t location) { counter.add(location); }));
    sections.locations = LocationShape::of(sections.count, descriptor_.block_count, counter.runs());
    LocationWriter locations(sections.locations, out_.pending());
    TALARIA_TRY(each_location(kind, [&](uint32_t location) { locations.put(location); }));
    locations.finish();
    return {};
  }

  template <class Visit>
  Result<void> each_location(Kind kind, Visit visit) {
    return each_slot(kind, [&](const Source& source, uint32_t slot) -> Result<void> {
      TALARIA_TRY_ASSIGN(auto place, source.block_of(kind, slot));
      visit(std::min(place, descriptor_.block_count));
      return {};
    });
  }

  Result<void> write_blocks(const SegmentChange* change) {
    descriptor_.blocks_at = out_.size();
    auto write = [&](BlockInfo block, const PackInfo& pack) {
      block.pack = place_of(pack);
      block.write(out_.pending());
      return out_.flush();
    };
    for (auto& source : sources_)
      for (uint32_t place = 0; place < source.segment().block_count(); ++place) {
        if (!source.stays(place)) continue;
        TALARIA_TRY_ASSIGN(auto block, source.segment().block(place));
        TALARIA_TRY(write(block, source.segment().packs()[block.pack]));
      }
    if (!change) return {};
    for (auto& block : change->blocks) TALARIA_TRY(write(block, change->packs[block.pack]));
    return {};
  }

  std::vector<Source> sources_;
  BodyWriter out_;
  SegmentDescriptor descriptor_;
  std::unordered_map<Digest, uint16_t, DigestHash> pack_places_;
  std::array<std::optional<std::size_t>, kind_count> last_range_;
  std::array<uint32_t, kind_count> slots_{};
  std::array<uint32_t, kind_count> entries_{}; // slots whose chunk is there
};

} // namespace

std::size_t first_to_merge(std::span<const MergeCandidate> segments) {
  auto first = segments.size();
  MergeCandidate sum; // of the segments behind `i`
  for (auto i = segments.size(); i-- > 0;) {
    auto& oldest = segments[i];
    if (oldest.size > largest_merge - sum.size || oldest.packs > most_packs - sum.packs) break;
    bool similar = oldest.size <= sum.size / (merge_factor - 1);
    if (segments.size() - i >= merge_factor && similar) first = i;
    sum.size += oldest.size;
    sum.packs += oldest.packs;
  }
  return first;
}

Result<PackInfo> merge_segments(ObjectStore& store, std::span<const SegmentPtr> segments) {
  TALARIA_TRY_ASSIGN(auto out, store.create());
  std::vector<Source> sources;
  for (auto& segment : segments) sources.emplace_back(segment, nullptr);
  TALARIA_TRY_ASSIGN(auto merged, Joiner(std::move(sources), BodyWriter(std::move(out))).run());
  return *merged;
}

Result<std::optional<PackInfo>> rewrite_segment(ObjectStore& store, const SegmentPtr& segment,
                                                const SegmentChange& change) {
  TALARIA_TRY_ASSIGN(auto out, store.create());
  std::vector<Source> sources;
  sources.emplace_back(segment, &change);
  return Joiner(std::move(sources), BodyWriter(std::move(out))).run(&change);
}

Result<std::optional<SegmentMerge>> merge_newest(ObjectStore& store,
                                                 std::span<const SegmentPtr> segments) {
  std::vector<MergeCandidate> candidates;
  for (auto& segment : segments) candidates.push_back({segment->size(), segment->packs().size()});
  for (std::size_t kept = 0;;) {
    auto first = kept + first_to_merge(std::span(candidates).subspan(kept));
    auto due = segments.subspan(first);
    if (due.empty()) return std::nullopt;
    auto damaged =
        std::find_if(due.rbegin(), due.rend(), [](auto& segment) { return !segment->check(); });
    if (damaged == due.rend()) {
      TALARIA_TRY_ASSIGN(auto merged, merge_segments(store, due));
      return SegmentMerge{first, merged};
    }
    kept = segments.size() - static_cast<std::size_t>(damaged - due.rbegin());
  }
}

} // namespace talaria

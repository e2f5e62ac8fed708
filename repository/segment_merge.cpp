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

// The entries of the look-up tables of several segments, in the order of one table.
class MergedEntries {
public:
  MergedEntries(std::span<const SegmentPtr> segments, Kind kind) : segments_(segments), kind_(kind) {}

  // Puts the first entry of each segment in order.
  Result<void> begin() {
    uint32_t first_slot = 0;
    for (auto& segment : segments_) {
      sources_.push_back({segment->entries(kind_), first_slot});
      first_slot += segment->count(kind_);
      TALARIA_TRY(advance(sources_.size() - 1));
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
  struct Source {
    LookupCursor cursor;
    uint32_t first_slot;
  };
  using Entry = std::tuple<uint64_t, uint32_t, std::size_t>; // key, slot in the merged segment, source

  Result<void> advance(std::size_t at) {
    auto& [cursor, first_slot] = sources_[at];
    auto& segment = *segments_[at];
    TALARIA_TRY_ASSIGN(bool more, cursor.next());
    if (!more) return {};
    if (cursor.slot() >= segment.count(kind_))
      return failure(errc::damaged, segment.name() + ": impossible slot");
    uint64_t key = cursor.prefix() << 32;
    if (kind_ != Kind::header) {
      TALARIA_TRY_ASSIGN(auto whole, segment.key(kind_, cursor.slot()));
      key = whole.high;
    }
    queue_.emplace(key, first_slot + cursor.slot(), at);
    return {};
  }

  std::span<const SegmentPtr> segments_;
  Kind kind_;
  std::vector<Source> sources_;
  std::priority_queue<Entry, std::vector<Entry>, std::greater<>> queue_;
};

class Merger {
public:
  Merger(std::span<const SegmentPtr> segments, BodyWriter out)
      : segments_(segments), out_(std::move(out)) {}

  Result<PackInfo> run() {
    out_.pending() += segment_magic();
    join_packs();
    join_ranges();
    for (auto& segment : segments_) descriptor_.block_count += segment->block_count();
    for (auto kind : all_kinds) TALARIA_TRY(write_sections(kind));
    TALARIA_TRY(write_blocks());
    return out_.finish(descriptor_);
  }

private:
  void join_packs() {
    std::unordered_map<Digest, uint16_t, DigestHash> places;
    for (auto& segment : segments_) {
      auto& own = packs_.emplace_back();
      for (auto& pack : segment->packs()) {
        auto next = static_cast<uint16_t>(descriptor_.packs.size());
        auto [at, fresh] = places.try_emplace(pack.digest, next);
        if (fresh) descriptor_.packs.push_back(pack);
        own.push_back(at->second);
      }
    }
  }

  // Slots follow the order of the ranges, so only the last range of a kind can be continued.
  void join_ranges() {
    std::array<std::optional<std::size_t>, kind_count> last;
    for (auto& segment : segments_)
      for (auto& range : segment->ranges()) {
        auto& place = last[index_of(range.kind)];
        if (place) {
          auto& before = descriptor_.ranges[*place];
          if (before.generation == range.generation && before.base + before.count == range.base) {
            before.count += range.count;
            continue;
          }
        }
        place = descriptor_.ranges.size();
        descriptor_.ranges.push_back(range);
      }
  }

  Result<void> write_sections(Kind kind) {
    uint32_t count = 0;
    for (auto& segment : segments_) count += segment->count(kind);
    if (count == 0) return {};
    auto& sections = descriptor_.sections[index_of(kind)];
    sections = SegmentSections::of(kind, count, descriptor_.block_count);
    sections.keys_at = out_.size();
    std::vector<uint32_t> starts(sections.shape.buckets() + 1, 0);
    TALARIA_TRY(kind == Kind::header ? count_headers(sections.shape, starts)
                                     : write_keys(kind, sections.shape, starts));
    for (std::size_t i = 1; i < starts.size(); ++i) starts[i] += starts[i - 1];
    sections.lookup_at = out_.size();
    TALARIA_TRY(write_lookup_table(kind, sections.shape, starts));
    sections.locations_at = out_.size();
    return write_locations(kind, sections.location_bits);
  }

  // Both count the entries of each bucket at the place behind it.
  Result<void> write_keys(Kind kind, const LookupShape& shape, std::vector<uint32_t>& starts) {
    for (auto& segment : segments_)
      for (uint32_t slot = 0; slot < segment->count(kind); ++slot) {
        TALARIA_TRY_ASSIGN(auto key, segment->key(kind, slot));
        store_u64(out_.pending(), key.high);
        store_u64(out_.pending(), key.low);
        ++starts[shape.bucket_of(key.high) + 1];
        TALARIA_TRY(out_.flush());
      }
    return {};
  }

  Result<void> count_headers(const LookupShape& shape, std::vector<uint32_t>& starts) {
    for (auto& segment : segments_)
      for (auto cursor = segment->entries(Kind::header);;) {
        TALARIA_TRY_ASSIGN(bool more, cursor.next());
        if (!more) break;
        ++starts[shape.bucket_of(cursor.prefix() << 32) + 1];
      }
    return {};
  }

  Result<void> write_lookup_table(Kind kind, const LookupShape& shape,
                                  const std::vector<uint32_t>& starts) {
    for (auto start : starts) {
      store_u32(out_.pending(), start);
      TALARIA_TRY(out_.flush());
    }
    MergedEntries entries(segments_, kind);
    TALARIA_TRY(entries.begin());
    BitWriter bits(out_.pending());
    uint64_t last = 0;
    for (uint32_t i = 0;; ++i) {
      TALARIA_TRY_ASSIGN(auto entry, entries.next());
      if (!entry) break;
      auto [key, slot] = *entry;
      // A table that is in another order than its keys would make one that hides what it has.
      auto bucket = shape.bucket_of(key);
      if (i < starts[bucket] || i >= starts[bucket + 1] || key < std::exchange(last, key))
        return failure(errc::damaged, "a look-up table disagrees with the keys of its segment");
      bits.put(shape.entry(key, slot), static_cast<unsigned>(shape.entry_bits()));
      TALARIA_TRY(out_.flush());
    }
    bits.finish(7);
    return {};
  }

  Result<void> write_locations(Kind kind, unsigned location_bits) {
    BitWriter bits(out_.pending());
    uint32_t first_block = 0;
    for (auto& segment : segments_) {
      for (uint32_t slot = 0; slot < segment->count(kind); ++slot) {
        TALARIA_TRY_ASSIGN(auto place, segment->block_of(kind, slot));
        bits.put(first_block + place, location_bits);
        TALARIA_TRY(out_.flush());
      }
      first_block += segment->block_count();
    }
    bits.finish(7);
    return {};
  }

  Result<void> write_blocks() {
    descriptor_.blocks_at = out_.size();
    for (std::size_t i = 0; i < segments_.size(); ++i)
      for (uint32_t place = 0; place < segments_[i]->block_count(); ++place) {
        TALARIA_TRY_ASSIGN(auto block, segments_[i]->block(place));
        block.pack = packs_[i][block.pack];
        block.write(out_.pending());
        TALARIA_TRY(out_.flush());
      }
    return {};
  }

  std::span<const SegmentPtr> segments_;
  BodyWriter out_;
  SegmentDescriptor descriptor_;
  std::vector<std::vector<uint16_t>> packs_; // by segment: places in the merged table of packs
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
  return Merger(segments, BodyWriter(std::move(out))).run();
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

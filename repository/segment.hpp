// Index segments: from digests and accession keys to numbers, and from numbers to blocks.
//
// A segment covers ranges of numbers: those of one run of an ingest, or of several segments that were
// merged. Within it a chunk of each kind has a slot; slots follow the order of the ranges, and of equal
// chunks the one at the highest slot is the newest. docs/format.md, "Index segments".
#pragma once

#include "repository/block.hpp"
#include "repository/checked_file.hpp"
#include "repository/locations.hpp"
#include "repository/lookup_table.hpp"
#include "repository/number.hpp"
#include "repository/pack.hpp"
#include "talaria/error.hpp"
#include "talaria/object_store.hpp"

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace talaria {

std::string segment_name(const Digest& digest);

// Numbers base .. base + count - 1 of a generation, of one kind, at slots first_slot and following.
struct NumberRange {
  Kind kind = Kind::sequence;
  GenerationId generation;
  uint32_t base = 0;
  uint32_t count = 0;
  uint32_t first_slot = 0;
};

// The block of a chunk that is gone: its slot is kept so that its neighbours stay in one range.
inline constexpr uint32_t no_block = UINT32_MAX;

// A hole in the numbers of fewer chunks than this is kept as slots of chunks that are gone.
inline constexpr uint32_t hole_min = 64;

// What a segment says of the chunks of one kind, slot by slot.
struct SegmentPart {
  std::vector<Key128> keys;          // of all kinds but headers
  std::vector<uint32_t> header_keys; // of headers: the high half of accession_key()
  std::vector<uint32_t> blocks;      // place in the segment's table of blocks, or no_block
  std::string lookup;                // what make_lookup_table() gave, or empty
};

// The look-up table of a part, as write_segment() would make it: for whoever has time before the rest of
// the segment is known.
std::string make_lookup_table(Kind kind, std::span<const Key128> keys,
                              std::span<const uint32_t> header_keys);

// A segment to be written.
struct SegmentDraft {
  std::vector<NumberRange> ranges; // first_slot is set when writing
  std::array<SegmentPart, kind_count> parts;
  std::vector<PackInfo> packs;
  std::vector<BlockInfo> blocks; // their `pack` is the place in `packs`
};

// The bytes of the segment.
std::string write_segment(SegmentDraft& draft);

// Where a segment has what it says of the chunks of one kind.
struct SegmentSections {
  uint32_t count = 0;
  LocationShape locations;
  LookupShape shape;
  uint64_t keys_at = 0;
  uint64_t lookup_at = 0;
  uint64_t locations_at = 0;

  // For `count` slots of a kind, of which `entries` have a chunk; locations and offsets unset.
  static SegmentSections of(Kind kind, uint32_t count, uint32_t entries) noexcept;
};

// What stands behind the body of a segment.
struct SegmentDescriptor {
  std::vector<PackInfo> packs;
  std::vector<NumberRange> ranges;
  std::array<SegmentSections, kind_count> sections;
  uint32_t block_count = 0;
  uint64_t blocks_at = 0;

  // The end of the file: checksums of the body, descriptor and trailer.
  std::string end_of_file(uint64_t body_size, std::string checksums) const;
};

// The bytes that a body begins with.
std::string_view segment_magic() noexcept;

// An open segment. Immutable; safe to share between threads. Opening reads the descriptor only.
class Segment {
public:
  static Result<std::shared_ptr<const Segment>> open(const ObjectStore& store, const std::string& name);

  const std::string& name() const noexcept { return file_->name(); }
  uint64_t size() const noexcept { return file_->file().size(); }
  const std::vector<NumberRange>& ranges() const noexcept { return descriptor_.ranges; }
  const std::vector<PackInfo>& packs() const noexcept { return descriptor_.packs; }
  uint32_t count(Kind kind) const noexcept { return sections(kind).count; }

  // Whether some slots of a kind have no chunk any more.
  bool has_gone(Kind kind) const noexcept { return sections(kind).shape.entries < sections(kind).count; }
  uint32_t block_count() const noexcept { return descriptor_.block_count; }

  // Chunks of all kinds.
  uint64_t slots() const noexcept;

  // The highest slot below `below` of a chunk with this digest, if there is one. Not for headers.
  Result<std::optional<uint32_t>> find(Kind kind, const Key128& key, uint32_t below = UINT32_MAX) const;

  // Appends the slots of the headers that may have this accession key, highest first, at most `most`.
  Result<void> find_headers(uint64_t accession_key, std::size_t most,
                            std::vector<uint32_t>& slots) const;

  // The first 128 bits of the digest of a chunk. Not for headers.
  Result<Key128> key(Kind kind, uint32_t slot) const;

  // The entries of the look-up table of a kind, in order. The segment must outlive it.
  LookupCursor entries(Kind kind) const noexcept;

  // Asks for the memory that key() will touch.
  void prefetch_key(Kind kind, uint32_t slot) const noexcept;

  // The 32 bits of the accession key of each header that the table keeps, by slot.
  Result<std::vector<uint32_t>> header_keys() const;

  // The place of a chunk's block in the table of blocks, no_block if the chunk is gone; and an entry of
  // that table.
  Result<uint32_t> block_of(Kind kind, uint32_t slot) const;
  Result<BlockInfo> block(uint32_t place) const;

  // The number of a slot: its range in ranges(), and the ordinal. Null if nothing has the slot.
  std::pair<const NumberRange*, uint32_t> number_of(Kind kind, uint32_t slot) const noexcept;

  // Compares the whole body with its checksums.
  Result<void> check() const;

  // Reads and checks every byte and every entry.
  Result<void> verify_entries() const;

  // The same, and compares the file with the digest that is its name. For verification.
  Result<void> verify() const;

private:
  Segment() = default;
  Result<void> read_descriptor(std::string_view descriptor, uint64_t body_size);
  Result<void> check_runs(Kind kind) const;
  Result<void> check_sections(Kind kind, const SegmentSections& sections, uint64_t body_size) const;
  Result<void> verify_lookup(Kind kind, std::vector<bool> found) const; // of these, the slots found
  const SegmentSections& sections(Kind kind) const noexcept {
    return descriptor_.sections[index_of(kind)];
  }

  std::optional<CheckedFile> file_;
  SegmentDescriptor descriptor_;
  std::array<std::vector<uint32_t>, kind_count> ranges_of_; // by kind: places in the ranges, by slot
  mutable std::array<std::atomic<bool>, kind_count> runs_checked_{}; // of the locations, by kind
};

using SegmentPtr = std::shared_ptr<const Segment>;

} // namespace talaria

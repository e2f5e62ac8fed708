// Index segments: from digests and accession keys to numbers, and from numbers to blocks.
//
// A segment covers ranges of numbers, usually those of one run of an ingest. Within it a chunk of each
// kind has a slot; slots follow the order of the ranges. docs/format.md, "Index segments".
#pragma once

#include "repository/block.hpp"
#include "repository/checked_file.hpp"
#include "repository/lookup_table.hpp"
#include "repository/number.hpp"
#include "repository/pack.hpp"
#include "talaria/error.hpp"
#include "talaria/object_store.hpp"

#include <array>
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

// What a segment says of the chunks of one kind, slot by slot.
struct SegmentPart {
  std::vector<Key128> keys;          // of all kinds but headers
  std::vector<uint32_t> header_keys; // of headers: the high half of accession_key()
  std::vector<uint32_t> blocks;      // place in the segment's table of blocks
};

// A segment to be written.
struct SegmentDraft {
  std::vector<NumberRange> ranges; // first_slot is set when writing
  std::array<SegmentPart, kind_count> parts;
  std::vector<PackInfo> packs;
  std::vector<BlockInfo> blocks; // their `pack` is the place in `packs`
};

// The bytes of the segment.
std::string write_segment(SegmentDraft& draft);

// An open segment. Immutable; safe to share between threads. Opening reads the descriptor only.
class Segment {
public:
  static Result<std::shared_ptr<const Segment>> open(const ObjectStore& store, const std::string& name);

  const std::string& name() const noexcept { return file_->name(); }
  const std::vector<NumberRange>& ranges() const noexcept { return ranges_; }
  const std::vector<PackInfo>& packs() const noexcept { return packs_; }
  uint32_t count(Kind kind) const noexcept { return parts_[index_of(kind)].count; }
  uint32_t block_count() const noexcept { return block_count_; }

  // Chunks of all kinds.
  uint64_t slots() const noexcept;

  // The slot of the chunk with this digest, if it is here. Not for headers.
  Result<std::optional<uint32_t>> find(Kind kind, const Key128& key) const;

  // Appends the slots of the headers that may have this accession key, at most `most`.
  Result<void> find_headers(uint64_t accession_key, std::size_t most,
                            std::vector<uint32_t>& slots) const;

  // The first 128 bits of the digest of a chunk. Not for headers.
  Result<Key128> key(Kind kind, uint32_t slot) const;

  // The 32 bits of the accession key of each header that the table keeps, by slot. For merging.
  Result<std::vector<uint32_t>> header_keys() const;

  // The place of a chunk's block in the table of blocks, and an entry of that table.
  Result<uint32_t> block_of(Kind kind, uint32_t slot) const;
  Result<BlockInfo> block(uint32_t place) const;

  // The number of a slot: generation (as its place in ranges()) and ordinal.
  std::pair<const NumberRange*, uint32_t> number_of(Kind kind, uint32_t slot) const noexcept;

  // Reads and checks every byte and every entry. For verification.
  Result<void> verify() const;

private:
  struct Part {
    uint32_t count = 0;
    uint8_t location_bits = 0;
    LookupShape shape;
    uint64_t keys_at = 0;
    uint64_t lookup_at = 0;
    uint64_t locations_at = 0;
  };
  Segment() = default;
  Result<void> read_descriptor(std::string_view descriptor, uint64_t body_size);
  Result<void> check_part(Kind kind, const Part& part, uint64_t body_size) const;
  Result<void> verify_lookup(Kind kind) const;

  std::optional<CheckedFile> file_;
  std::vector<NumberRange> ranges_;
  std::vector<PackInfo> packs_;
  std::array<Part, kind_count> parts_;
  uint32_t block_count_ = 0;
  uint64_t blocks_at_ = 0;
};

using SegmentPtr = std::shared_ptr<const Segment>;

} // namespace talaria

// The digest index: all segments of a snapshot as one. From digests to numbers, from numbers to blocks.
#pragma once

#include "repository/segment.hpp"
#include "talaria/error.hpp"
#include "talaria/object_store.hpp"

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace talaria {

// A block and where it is.
struct BlockPlace {
  uint32_t pack = 0; // in the registry
  BlockInfo info;

  // One of the chunks that are wanted of it: by its number the block is found again if its pack has been
  // rewritten meanwhile.
  std::optional<Number> chunk = std::nullopt;

  // Names the block within this process.
  uint64_t key() const noexcept { return uint64_t{pack} << 32 | info.offset; }
};

// Short names for the packs that a process reads, so that blocks have small keys; and where chunks are
// now whose pack is gone. Thread-safe.
class PackRegistry {
public:
  uint32_t id(const Digest& pack);
  Digest digest(uint32_t id) const;

  // Where the newest snapshot has a chunk: errc::not_found if it was removed.
  using Locate = std::function<Result<BlockPlace>(Kind, const Number&)>;

  // What locate_now() asks; nothing ends that.
  void set_locate(Locate locate);

  // errc::damaged if there is nobody to ask.
  Result<BlockPlace> locate_now(Kind kind, const Number& number) const;

private:
  mutable std::mutex mutex_;
  std::unordered_map<Digest, uint32_t, DigestHash> ids_;
  std::vector<Digest> digests_;
  Locate locate_;
};

// Immutable; safe to share between threads. Generations are places in generations().
class DigestIndex {
public:
  // `removed`: chunks of kind `bytes` that are to be taken for absent, sorted.
  static Result<std::shared_ptr<const DigestIndex>> open(std::vector<GenerationId> generations,
                                                         std::vector<SegmentPtr> segments,
                                                         std::vector<Number> removed,
                                                         std::shared_ptr<PackRegistry> registry);

  const std::vector<GenerationId>& generations() const noexcept { return generations_; }
  std::optional<uint32_t> generation(const GenerationId& id) const noexcept;

  // What a stored chunk calls by its generation. errc::damaged if the snapshot doesn't list that.
  Result<Number> number(const GenerationId& id, uint32_t ordinal) const;
  const std::vector<SegmentPtr>& segments() const noexcept { return segments_; }
  const std::shared_ptr<PackRegistry>& registry() const noexcept { return registry_; }

  // The chunk with this digest. Newer segments are asked first. Not for headers.
  Result<std::optional<Number>> find(Kind kind, const Key128& key) const;

  // Appends the headers that may have this accession key, newest segment first, until there are `most`.
  Result<void> find_headers(uint64_t accession_key, std::size_t most,
                            std::vector<Number>& numbers) const;

  // What a segment knows of a chunk is at its slot.
  struct Slot {
    uint32_t segment;
    uint32_t slot;
  };

  // The slot of a chunk, or nothing if no chunk has this number.
  std::optional<Slot> slot(Kind kind, const Number& number) const noexcept;

  // The number of a slot, whether its chunk is there or gone.
  Number number(Kind kind, const Slot& slot) const noexcept {
    return number(slot.segment, kind, slot.slot);
  }

  // Asks for the memory that key() will touch.
  void prefetch_key(Kind kind, const Slot& slot) const noexcept {
    segments_[slot.segment]->prefetch_key(kind, slot.slot);
  }

  // Whether a chunk has this number.
  bool contains(Kind kind, const Number& number) const noexcept;

  // The first 128 bits of a chunk's digest; errc::damaged if there is no such chunk. Not for headers.
  Result<Key128> key(Kind kind, const Number& number) const;
  Result<Key128> key(Kind kind, const Slot& slot) const;

  // A block by its places in segments() and in that segment's table of blocks.
  struct BlockAt {
    uint32_t segment = 0;
    uint32_t block = 0;

    friend auto operator<=>(const BlockAt&, const BlockAt&) = default;
  };

  // The block of a chunk; errc::damaged if there is no such chunk: whoever names a number has seen it.
  Result<BlockAt> block_at(Kind kind, const Number& number) const;
  Result<BlockAt> block_at(Kind kind, const Slot& slot) const;

  // Where a block lies, and where a chunk does.
  Result<BlockPlace> place(const BlockAt& at) const;
  Result<BlockPlace> locate(Kind kind, const Number& number) const;

  // What verification compares: a chunk's key and the place of its block, without reading the block's
  // entry.
  struct Entry {
    const Segment* segment = nullptr;
    uint32_t block = 0; // place in the segment's table
    Key128 key;         // not of headers
  };
  Result<Entry> entry(Kind kind, const Number& number) const;

private:
  struct Range {
    uint32_t generation;
    uint32_t base;
    uint32_t count;
    uint32_t segment;
    uint32_t first_slot;
  };
  Result<Slot> existing_slot(Kind kind, const Number& number) const;
  bool is_gone(Kind kind, const Slot& slot) const noexcept;
  Number number(uint32_t segment, Kind kind, uint32_t slot) const noexcept;
  bool is_removed(Kind kind, const Number& number) const noexcept;
  void order_generations();
  Result<void> add(SegmentPtr segment);
  Result<void> order_ranges(Kind kind);

  std::vector<GenerationId> generations_;
  std::vector<std::pair<GenerationId, uint32_t>> generation_places_; // sorted
  std::vector<SegmentPtr> segments_;
  std::vector<std::vector<uint32_t>> segment_packs_; // registry ids, by segment and pack
  std::vector<std::vector<uint32_t>>
      segment_generations_;                           // places in generations_, by segment and range
  std::array<std::vector<Range>, kind_count> ranges_; // by kind, sorted by generation and base
  std::array<std::vector<uint32_t>, kind_count>
      first_ranges_; // by kind and generation: its place in ranges_; one more at the end
  std::vector<Number> removed_;
  std::shared_ptr<PackRegistry> registry_;
};

using DigestIndexPtr = std::shared_ptr<const DigestIndex>;

} // namespace talaria

// Runs: new chunks, gathered in memory up to a budget, then sorted by similarity and cut into blocks.
#pragma once

#include "repository/block.hpp"
#include "repository/number.hpp"
#include "repository/segment.hpp"
#include "talaria/error.hpp"

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace talaria {

// Chunks that will make one block, by their place among the chunks of their kind in the run.
struct BlockPlan {
  Kind kind = Kind::sequence;
  std::vector<uint32_t> places;
  bool differences = false; // they are stored as such
};

struct RunLimits {
  std::size_t bytes = std::size_t{256} << 20; // of chunks
  std::size_t block = std::size_t{64} << 10;  // of chunks in a block, before compression
  CodecId codec = CodecId::zstd;              // of the blocks
};

// Bytes of chunks of a kind, or of edit scripts, after which a block is closed, given the settings.
std::size_t block_bytes(Kind kind, bool scripts, std::size_t block_size, CodecId codec) noexcept;

// From keys to places in an array of keys that somebody else holds. Open addressing: keys are uniform,
// and one access to memory settles most look-ups.
class PlaceTable {
public:
  // The place of `key`, or nothing.
  std::optional<uint32_t> find(const std::vector<Key128>& keys, const Key128& key) const noexcept;

  // Asks for the memory that find() touches first.
  void prefetch(const Key128& key) const noexcept {
    if (!slots_.empty()) __builtin_prefetch(&slots_[key.low & (slots_.size() - 1)]);
  }

  // Adds the last of `keys`, which wasn't there before.
  void add_last(const std::vector<Key128>& keys);

private:
  void insert(const std::vector<Key128>& keys, uint32_t place) noexcept;

  std::vector<uint32_t> slots_; // place + 1, or 0; a power of two of them
};

// Used by one thread while chunks are added; encode() may be called from several threads after that.
class Run {
public:
  // `next`: the first free ordinal of each kind in the generation.
  Run(const GenerationId& generation, const std::array<uint32_t, kind_count>& next, RunLimits limits);

  // Adds a chunk that isn't in the repository; its number follows the last one of its kind. `value`:
  // bytes of what it stands for, more than its content if it is a list. Not for headers.
  uint32_t add(Kind kind, const Key128& key, std::string_view content, bool list, uint64_t value);
  uint32_t add_header(uint64_t accession_key, std::string_view content, bool list, uint64_t value);

  // The ordinal of a chunk that was added to this run. Not for headers.
  std::optional<uint32_t> find(Kind kind, const Key128& key) const noexcept;

  void prefetch(Kind kind, const Key128& key) const noexcept { of(kind).places.prefetch(key); }

  // Whether the next chunk should go to another run.
  bool full() const noexcept { return weight_ >= limits_.bytes || ordinals_spent(); }

  // Whether the generation has no numbers left for another run.
  bool ordinals_spent() const noexcept;
  bool empty() const noexcept { return count() == 0; }
  std::size_t count() const noexcept;

  const std::array<uint32_t, kind_count>& next() const noexcept { return next_; }
  const GenerationId& generation() const noexcept { return generation_; }

  // Bytes of the contents of all chunks added.
  uint64_t content_bytes() const noexcept { return content_bytes_; }

  // Bytes of the values, and number of the chunks of a kind.
  uint64_t bytes(Kind kind) const noexcept { return of(kind).bytes; }
  uint32_t count(Kind kind) const noexcept { return static_cast<uint32_t>(of(kind).chunks.size()); }

  // The content of the chunk at a place among those of its kind, as it was added, and its ordinal.
  std::string_view content(Kind kind, uint32_t place) const noexcept {
    return of(kind).chunks[place].content;
  }
  bool is_list(Kind kind, uint32_t place) const noexcept { return of(kind).chunks[place].list; }
  uint32_t ordinal(Kind kind, uint32_t place) const noexcept { return base_[index_of(kind)] + place; }

  // The places of the chunks of a kind that are no lists, have so many bytes or more, and aren't to be
  // stored as differences yet.
  std::vector<uint32_t> long_chunks(Kind kind, std::size_t bytes) const;

  // Has a chunk stored as a difference, with this content (repository/difference.hpp). Before planning;
  // others may read content() meanwhile.
  void set_difference(Kind kind, uint32_t place, std::string content);

  // Notes that a difference of this run refers to the chunk: its depth mustn't change any more.
  void refer_to(Kind kind, uint32_t place) { chunks_[index_of(kind)].referred.insert(place); }
  bool is_referred_to(Kind kind, uint32_t place) const { return of(kind).referred.contains(place); }

  // The same for a difference by edit script. These lie in blocks of their own, in the order of `order`:
  // those that differ from neighbours shall be neighbours.
  void set_script(Kind kind, uint32_t place, std::string content, uint64_t order);

  // Whether chunks of a kind are put in similarity order; the others keep the order in which they came.
  static bool is_sorted(Kind kind) noexcept { return kind == Kind::sequence || kind == Kind::part; }

  // The sketches of `count` chunks of a kind from `first` on: the part of planning that several threads
  // can do.
  std::vector<uint32_t> sketch(Kind kind, uint32_t first, uint32_t count) const;

  // The blocks to be made of a kind; `sketches` are those of all its chunks if is_sorted(). Differences
  // come behind what is stored whole, in the order of their numbers, and edit scripts last.
  std::vector<BlockPlan> plan(Kind kind, const std::vector<uint32_t>& sketches) const;

  // Compresses one block.
  Result<EncodedBlock> encode(const BlockPlan& plan, BlockEncoder& encoder) const;

  // The look-up tables of the run, by kind: the part of its index entries that is known before its
  // blocks.
  using LookupTables = std::array<std::string, kind_count>;
  LookupTables lookup_tables() const;

  // The index entries of the run, given its blocks as they were written, in the order of `plans`.
  SegmentDraft draft(const std::vector<BlockPlan>& plans, std::vector<BlockInfo> blocks,
                     std::vector<PackInfo> packs, LookupTables tables = {});

private:
  struct Chunk {
    std::string_view content;
    bool list;
  };
  struct Chunks {
    std::vector<Chunk> chunks;
    std::vector<Key128> keys;
    std::vector<uint32_t> header_keys;
    PlaceTable places;
    std::map<uint32_t, std::string> differences; // by place
    std::set<uint32_t> referred;                 // by differences of this run
    std::map<uint32_t, uint64_t> script_orders;  // of those that are edit scripts
    uint64_t bytes = 0;
  };
  const Chunks& of(Kind kind) const noexcept { return chunks_[index_of(kind)]; }
  std::string_view keep(std::string_view content);
  std::vector<uint32_t> similarity(Kind kind, const std::vector<uint32_t>& sketches) const;
  std::vector<uint32_t> scripts_of(Kind kind) const;
  std::size_t block_limit(Kind kind) const noexcept;
  std::string_view stored(Kind kind, uint32_t place) const;
  uint32_t append(Kind kind, std::string_view content, bool list, uint64_t value);

  GenerationId generation_;
  std::array<uint32_t, kind_count> base_;
  std::array<uint32_t, kind_count> next_;
  RunLimits limits_;
  std::array<Chunks, kind_count> chunks_;
  std::vector<std::unique_ptr<char[]>> slabs_; // the bytes of the chunks; never moved
  std::size_t slab_free_ = 0;
  char* slab_end_ = nullptr;
  std::size_t weight_ = 0; // of the contents, and what each costs beside
  uint64_t content_bytes_ = 0;
};

} // namespace talaria

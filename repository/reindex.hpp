// Making index segments anew out of packs: what the blocks tell of their chunks, and which packs make a
// segment together.
#pragma once

#include "repository/block_reader.hpp"
#include "repository/difference_reader.hpp"
#include "repository/digest_index.hpp"
#include "repository/segment.hpp"
#include "repository/verify.hpp"
#include "talaria/object_store.hpp"

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

namespace talaria {

// The accession key of a header line.
using HeaderKey = std::function<uint64_t(std::string_view header)>;

// Blocks of one generation to be read.
struct BlockScan {
  DigestIndexPtr index; // chunks that it has are passed over; it has the parts of all lists
  uint32_t generation = 0;
  std::vector<BlockPlace> places;
  bool keys = true; // false: only ordinals and sizes are wanted
  // Where the parts of lists are and what differences refer to. Without it, differences get keys of
  // zeros.
  DigestIndexPtr locations = nullptr;
  // Only where chunks are, and what differences refer to: all keys are zeros.
  bool places_only = false;
  std::shared_ptr<KeptBlocks> references = {}; // of what differences refer to, if they are kept
};

// What an index segment says of a chunk.
struct IndexedChunk {
  uint32_t ordinal = 0;
  Key128 key; // of headers: the accession key, in the first half
};

struct ScannedBlock {
  std::vector<IndexedChunk> chunks; // those that the index lacks
  uint32_t lowest = UINT32_MAX;     // ordinals of all chunks
  uint32_t highest = 0;
  uint64_t bytes = 0; // of all values
  // With places_only: the kinds and generations of what its differences refer to.
  std::set<std::pair<GenerationId, Kind>> references = {};
};

struct ScanReport {
  std::vector<ScannedBlock> blocks; // in the order asked; empty for one that can't be read
  std::vector<Finding> findings;
};

// Never fails: what can't be read is a finding. Used by one thread at a time.
class BlockScanner {
public:
  BlockScanner(const ObjectStore& store, std::shared_ptr<PackRegistry> registry, HeaderKey header_key);

  ScanReport scan(const BlockScan& job);

private:
  ScannedBlock scan_block(const BlockScan& job, const BlockPlace& place, DecodedChunks& decoded,
                          std::vector<Finding>& findings);
  static void add_references(std::string_view difference, ScannedBlock& scanned);
  Result<Key128> key_of(const BlockScan& job, const Block& block, std::size_t place,
                        DecodedChunks& decoded);
  Result<Key128> key_of_difference(const BlockScan& job, const Block& block, std::size_t place,
                                   DecodedChunks& decoded);
  Result<Key128> key_of_list(const BlockScan& job, Kind kind, std::string_view content);

  const ObjectStore& store_;
  std::shared_ptr<PackRegistry> registry_;
  HeaderKey header_key_;
  BlockDecoder decoder_;
  Hasher hasher_;
};

// Gathers what was read of the blocks of a generation. Memory: some hundred bytes a chunk.
class SegmentBuilder {
public:
  explicit SegmentBuilder(const GenerationId& generation) : generation_(generation) {}

  // Blocks come pack by pack.
  void add(const PackInfo& pack, BlockInfo block, const ScannedBlock& scanned);

  uint64_t chunks() const noexcept { return chunks_; }

  // The segment of all that was added. A chunk that was added twice is where it was first.
  SegmentDraft finish();

private:
  struct Entry {
    Key128 key;
    uint32_t ordinal;
    uint32_t block;
  };
  static void finish_kind(Kind kind, const GenerationId& generation, std::vector<Entry>& entries,
                          SegmentDraft& draft);

  GenerationId generation_;
  SegmentDraft draft_;
  std::array<std::vector<Entry>, kind_count> entries_;
  uint64_t chunks_ = 0;
};

// A segment names the pack of a block by 16 bits.
inline constexpr std::size_t most_segment_packs = UINT16_MAX;

// The ordinals in a pack, by kind.
struct PackSpan {
  uint64_t chunks = 0;
  std::array<uint32_t, kind_count> lowest;
  std::array<uint32_t, kind_count> highest; // below `lowest` if there are none

  PackSpan() {
    lowest.fill(UINT32_MAX);
    highest.fill(0);
  }
  void add(Kind kind, const ScannedBlock& block);
};

// Divides the packs of a generation (their places in `packs`) among segments of at most `most_chunks`.
// Packs of one run, whose ordinals lie among each other, stay together even if they are more: else the
// ranges of a segment would be as many as its chunks.
std::vector<std::vector<std::size_t>> group_packs(const std::vector<PackSpan>& packs,
                                                  uint64_t most_chunks);

} // namespace talaria

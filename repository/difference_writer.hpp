// Storing long nucleotide chunks as differences: which chunks may be, from which others, and their
// bytes. docs/similarity.md, "Long sequences".
#pragma once

#include "coding/reference_finder.hpp"
#include "coding/residue_difference.hpp"
#include "repository/difference.hpp"
#include "repository/difference_reader.hpp"
#include "repository/snapshot.hpp"
#include "talaria/error.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace talaria {

// A shorter chunk is not worth references; it finds similar ones in its block.
inline constexpr std::size_t long_chunk_min = std::size_t{4} << 10;

// Whether a chunk is stored as a difference of this sort: one of nucleotides that is long. Thread-safe.
bool is_long_nucleotides(std::string_view content) noexcept;

// The sketch of a chunk, or nothing if it is none of long nucleotides. Thread-safe.
std::optional<ReferenceSketch> long_chunk_sketch(std::string_view content);

// A chunk that others may differ from.
struct LongChunk {
  DifferenceReference name;
  uint32_t length = 0;
  uint8_t depth = 0; // of its own difference
  uint32_t work = 1;
  ReferenceSketch sketch;
};

// A block, and the generation of its chunks.
struct StoredBlock {
  BlockPlace place;
  GenerationId generation;
};

// The blocks that an index knows in the packs of a snapshot and that are wanted, the newest first.
Result<std::vector<StoredBlock>> stored_blocks(const DigestIndex& index, const Snapshot& snapshot,
                                               const std::function<bool(const BlockInfo&)>& wanted);

// Those of differences that new long ones are made from without being told: not what applications put,
// for that may be removed, nor columns, for those hold edit scripts.
Result<std::vector<StoredBlock>> stored_differences(const DigestIndex& index, const Snapshot& snapshot);

// The long chunks in a block of differences that have a depth below `depth_max`. What can't be read is
// left out: it is no reference, and verification tells what is wrong with it.
std::vector<LongChunk> read_long_chunks(const DigestIndex& index, BlockSource& source,
                                        DecodedChunks& decoded, const StoredBlock& block,
                                        unsigned depth_max);

// The chunks that others may differ from. Used by one thread at a time.
class ReferenceChunks {
public:
  // `depth_max`: of what is stored with them.
  ReferenceChunks(std::size_t memory_max, unsigned depth_max)
      : finder_(memory_max), depth_max_(depth_max) {}

  unsigned depth_max() const noexcept { return depth_max_; }
  std::size_t count() const noexcept { return chunks_.size(); }

  // Remembers a chunk, unless its chain is too long for a reference.
  void add(const LongChunk& chunk);

  struct Reference {
    DifferenceReference name;
    uint8_t depth = 0;
    uint32_t work = 1;
  };
  // The chunks that one with this sketch resembles: neighbours of a genome side by side.
  std::vector<Reference> find(const ReferenceSketch& sketch) const;

private:
  ReferenceFinder finder_;
  unsigned depth_max_;
  std::vector<Reference> chunks_; // by their numbers in the finder
};

// A chunk to be encoded.
struct DifferenceJob {
  std::string_view target;
  std::vector<ReferenceChunks::Reference> references;
  std::vector<std::string_view> values;                    // of the references
  std::vector<std::shared_ptr<const void>> values_holders; // keep target and values alive
};

struct EncodedDifference {
  std::string content;
  uint8_t depth = 0;
  uint32_t work = 1;
};

// Encodes chunks, and decodes them again: errc::internal if that differs. Used by one thread at a time.
class DifferenceChunkEncoder {
public:
  // Nucleotides: without the references if they save less than a tenth.
  Result<EncodedDifference> encode(const DifferenceJob& job);

  // Any bytes, by the coder that makes less of them. Nothing if that saves less than a tenth of what the
  // target takes when it is compressed alone.
  Result<std::optional<EncodedDifference>> encode_bytes(const DifferenceJob& job);

private:
  Result<std::string> encode(std::string_view target, std::string_view reference);

  DifferenceEncoder encoder_;
};

} // namespace talaria

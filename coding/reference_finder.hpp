// Finds, among all long sequences and chunks seen so far, those that a new one resembles, so that it can
// be stored as a difference from them (coding/residue_difference.hpp): in either orientation, also where
// only a part is similar. docs/similarity.md has the measurements.
//
//  1. Sketch: of all 32-mers those are sampled whose hash is small, the same for a 32-mer and its
//  reverse
//     complement (FracMinHash; Irber et al., bioRxiv 2022.01.11.475838).
//  2. A table says which chunks have a sampled 32-mer. When its memory is used up, fewer hashes count as
//     small, for what is there and for what comes.
//  3. References are chosen one by one, each time the one that has most 32-mers in the parts of the new
//     chunk that none chosen before resembles (greedy cover of intervals).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

namespace talaria {

// The hashes of the sampled 32-mers, in the order of the residues: of about one in 128. Most chunks
// shorter than some hundred residues have none.
using ReferenceSketch = std::vector<std::uint32_t>;

// One pass over the residues, thread-safe. Only 32-mers of A, C, G and T count.
ReferenceSketch reference_sketch(std::string_view residues);

struct ReferenceCandidate {
  std::uint32_t chunk = 0;
  std::uint32_t shared = 0; // sampled 32-mers in parts that no better candidate resembles
};

// For one thread at a time.
class ReferenceFinder {
public:
  // As much memory as the table has from the start on.
  static constexpr std::size_t memory_min = std::size_t{1} << 20;

  // The table takes at most `memory_max` bytes, and no more than one for each 64 residues added, unless
  // that is less than memory_min. While it is rebuilt, it is there twice.
  explicit ReferenceFinder(std::size_t memory_max);

  // Makes a chunk, by a number of the caller's below 2^32 - 1, one to be found. Chunks that shall not be
  // references, as their chain is too long, are not added. Of a 32-mer that very many chunks have, 32
  // are remembered.
  void add(std::uint32_t chunk, std::size_t residues, const ReferenceSketch& sketch);

  // The chunks that a chunk resembles, the best first, at most `count`. A function of the arguments and
  // of the calls of add(). Time in proportion to the sketch.
  std::vector<ReferenceCandidate> find(const ReferenceSketch& sketch, std::size_t count) const;

  // Bytes of the table.
  std::size_t memory() const noexcept { return slots_.size() * sizeof(Slot); }

private:
  struct Slot {
    std::uint32_t kmer = 0;
    std::uint32_t holder = 0; // the chunk's number + 1; 0: empty
  };

  std::size_t home(std::uint32_t kmer) const noexcept;
  std::size_t next(std::size_t slot) const noexcept { return slot + 1 == slots_.size() ? 0 : slot + 1; }
  bool counts(std::uint32_t kmer) const noexcept { return (kmer & 0xffff) < threshold_; }
  void make_room();
  void insert(Slot entry);
  void rebuild(std::size_t slots);

  std::size_t memory_max_;
  std::uint64_t residues_ = 0;
  std::uint32_t threshold_ = 1u << 16; // of the lowest 16 bits of hashes
  std::size_t used_ = 0;
  std::vector<Slot> slots_;
};

} // namespace talaria

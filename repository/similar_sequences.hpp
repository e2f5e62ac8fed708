// Finding stored sequences that new ones resemble, while the stored ones are read for another reason.
//
// The minima of the sketches of all new sequences lie in one table. A stored sequence is sketched as it
// comes by, and has a say for each new one that shares minima with it. So nothing about stored sequences
// is kept, on disk or in memory, and looking costs in proportion to what is read. docs/similarity.md,
// "New sequences".
#pragma once

#include "coding/edit_script.hpp"
#include "repository/digest_index.hpp"
#include "repository/run.hpp"
#include "talaria/error.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace talaria {

// A stored sequence that a new one resembles.
struct SimilarSequence {
  Number number; // in the index that was read with
  uint32_t length = 0;
  uint32_t minima = 0; // that both sketches have

  // More minima in common first; then the nearer length, then the lower number: so what is found doesn't
  // depend on the order in which stored sequences come by.
  bool better_than(const SimilarSequence& other, uint32_t wanted_length) const noexcept;
};

// By the place of the new sequence in its run.
using SimilarSequences = std::map<uint32_t, SimilarSequence>;

// The new sequences of a run for which similar stored ones are sought. First all add(), then finish();
// after that it is immutable and safe to share between threads.
class SoughtSequences {
public:
  // `bins`: of the sketches, 16 or 32. `memory_max`: bytes that its tables may take; sequences beyond
  // are not sought.
  SoughtSequences(std::size_t bins, std::size_t memory_max);

  // A sequence at a place of its run, with its sketch. Those longer than script_reference_max are left
  // out.
  void add(uint32_t place, uint32_t length, std::span<const uint32_t> sketch);
  void finish();

  bool empty() const noexcept { return minima_.empty(); }

  // Notes a stored sequence in `best` for each new one that it resembles more than what is noted there.
  // One longer than script_reference_max resembles none.
  void compare(std::string_view stored, const Number& number, SimilarSequences& best) const;

  // Adds to `best` what was found elsewhere. In whatever order that is done, the result is the same.
  void merge(const SimilarSequences& found, SimilarSequences& best) const;

private:
  struct Minimum {
    uint32_t
        key; // a hash of bin and minimum; those of two may be equal: that costs a useless difference
    uint32_t place;
  };
  std::span<const Minimum> holders(uint32_t key) const noexcept;
  void note(uint32_t place, const SimilarSequence& candidate, SimilarSequences& best) const;

  std::size_t bins_;
  std::size_t minima_max_;
  std::vector<uint32_t> lengths_; // by place; 0 for what isn't looked for
  std::vector<Minimum> minima_;   // sorted by key
  std::vector<uint32_t> first_; // by the highest bits of a key: the first of minima_ with no lower ones
  int first_shift_ = 0;
  std::vector<uint64_t> filter_; // by the highest bits of a key: whether there may be one
  int filter_shift_ = 0;
};

// Stores sequences as edit scripts. Used by one thread at a time.
class ScriptChunkEncoder {
public:
  // The content of `target` as the difference from the sequence `ordinal` of `generation`, which is
  // stored whole as `reference`; nothing if that doesn't pay. errc::internal if the difference doesn't
  // give back the target.
  Result<std::optional<std::string>> encode(std::string_view target, std::string_view reference,
                                            const GenerationId& generation, uint32_t ordinal);

private:
  ScriptEncoder encoder_;
};

} // namespace talaria

// Finding stored sequences that new ones resemble, while the stored ones are read for another reason.
//
// The seeds of all new sequences lie in one table. The seeds of a stored sequence are found as it comes
// by, and it has a say for each new one that shares some with it. So nothing about stored sequences is
// kept, on disk or in memory, and looking costs in proportion to what is read. docs/similarity.md, "New
// sequences".
#pragma once

#include "coding/edit_script.hpp"
#include "repository/digest_index.hpp"
#include "repository/run.hpp"
#include "talaria/error.hpp"

#include <atomic>
#include <compare>
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
  uint32_t seeds = 0;  // that both have
  std::string content; // or nothing, where memory doesn't allow to keep it

  // More seeds in common first; then the nearer length, then the lower number: so what is found doesn't
  // depend on the order in which stored sequences come by.
  bool better_than(const SimilarSequence& other, uint32_t wanted_length) const noexcept;
};

// By the place of the new sequence in its run.
using SimilarSequences = std::map<uint32_t, SimilarSequence>;

// The new sequences of a run for which similar stored ones are sought. First all add(), then finish();
// after that it is immutable and safe to share between threads.
class SoughtSequences {
public:
  // `memory_max`: bytes that its tables may take; sequences beyond are not sought. `contents_max`: bytes
  // of similar sequences that are kept at any time.
  SoughtSequences(std::size_t memory_max, std::size_t contents_max);

  // A sequence at a place of its run. Those longer than script_reference_max are left out.
  void add(uint32_t place, std::string_view sequence);
  void finish();

  bool empty() const noexcept { return entries_.empty(); }

  // Notes a stored sequence in `best` for each new one that it resembles more than what is noted there,
  // unless another one that came by, for whichever `best`, had more seeds in common: so all of them are
  // to be merged. One longer than script_reference_max resembles none. Thread-safe, as merge() is.
  void compare(std::string_view stored, const Number& number, SimilarSequences& best) const;

  // Adds to `best` what was found elsewhere. In whatever order that is done, the result is the same.
  void merge(SimilarSequences&& found, SimilarSequences& best) const;

private:
  struct Entry {
    uint32_t seed;
    uint32_t place;

    friend auto operator<=>(const Entry&, const Entry&) = default;
  };
  std::span<const Entry> holders(uint32_t seed) const noexcept;
  bool may_be_best(uint32_t place, uint32_t seeds) const noexcept;
  SimilarSequence* note(uint32_t place, SimilarSequence&& candidate, SimilarSequences& best) const;
  std::string keep(std::string_view content) const;

  std::size_t entries_max_;
  std::vector<uint32_t> lengths_; // by place; 0 for what isn't looked for
  std::vector<Entry> entries_;    // sorted, each once
  std::vector<uint32_t>
      first_; // by the highest bits of a seed: the first of entries_ with no lower ones
  int first_shift_ = 0;
  std::vector<uint64_t> filter_; // by the highest bits of a seed: whether there may be one
  int filter_shift_ = 0;
  mutable std::vector<std::atomic<uint32_t>> most_; // by place: seeds in common with what came by
  std::size_t contents_max_;
  mutable std::atomic<std::size_t> contents_ = 0; // bytes of what is kept
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

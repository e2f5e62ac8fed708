// Storing what applications put as the difference from a chunk, or from the parts of a long value.
// docs/format.md, "Differences"; docs/similarity.md, "Any bytes".
#pragma once

#include "coding/reference_finder.hpp"
#include "repository/difference_writer.hpp"
#include "repository/interner.hpp"
#include "repository/reference_source.hpp"
#include "talaria/digest.hpp"
#include "talaria/error.hpp"

#include <cstdint>
#include <optional>
#include <set>
#include <string_view>
#include <vector>

namespace talaria {

// A value that others are stored as the difference from: one chunk, or the parts of a long value.
class DeltaReference {
public:
  struct Limits {
    unsigned depth = 8;     // of what is stored with it
    std::size_t memory = 0; // of the table that finds its parts
  };

  // `digest`: of the whole value, which must be the chunk `name` of kind bytes or sequence. Parts that
  // can't be read are left out; errc::damaged if it is one chunk that can't be.
  static Result<DeltaReference> open(ReferenceSource& source, const DifferenceReference& name,
                                     const Digest& digest, const Limits& limits);

  const Digest& digest() const noexcept { return digest_; }
  bool is_long() const noexcept { return is_long_; }
  bool holds(const DifferenceReference& part) const { return parts_.contains(part); }

  // The chunks that one is to be stored as the difference from, in the order of their numbers.
  std::vector<ReferenceChunks::Reference> find(std::string_view target) const;

private:
  DeltaReference(const Digest& digest, const Limits& limits) : digest_(digest), finder_(limits.memory) {}
  void add(const ReferenceChunk& chunk);

  Digest digest_;
  bool is_long_ = false;
  std::set<DifferenceReference> parts_;
  ReferenceFinder finder_;
  std::vector<ReferenceChunks::Reference> chunks_; // by their numbers in the finder
};

// Used by one thread at a time.
class DeltaWriter {
public:
  // Both outlive it. `source` uses the interner's run.
  DeltaWriter(Interner& interner, ReferenceSource& source) : interner_(interner), source_(source) {}

  // Stores a value of kind bytes as the difference from `reference` where that is smaller. What is there
  // already stays as it is.
  Result<Number> put(const Digest& digest, std::string_view value, const DeltaReference& reference);

  // Stores the value that has the number `old` once more, under a new one: as the difference from
  // `reference` where that is smaller, and not from anything else; whole without. Nothing if it is
  // stored so already.
  Result<std::optional<Number>> put_anew(const Digest& digest, const DifferenceReference& old,
                                         const DeltaReference* reference);

private:
  Result<std::optional<EncodedDifference>> encode(std::string_view target,
                                                  const DeltaReference& reference);
  void set_difference(Kind kind, uint32_t ordinal, EncodedDifference&& encoded);
  Result<Number> put_parts(const Digest& digest, std::string_view value,
                           const DeltaReference& reference);
  Result<bool> put_part(std::string_view content, const DeltaReference& reference, PartList& list);
  Result<std::optional<Number>> put_short_anew(const Digest& digest, const DifferenceReference& old,
                                               const DeltaReference* reference);
  Result<std::optional<Number>> put_long_anew(const Digest& digest, const PartList& old,
                                              const DeltaReference* reference);
  Number add(Kind kind, const Digest& digest, std::string_view value,
             std::optional<EncodedDifference>&& encoded);
  Number add_list(const Digest& digest, const PartList& list);

  Interner& interner_;
  ReferenceSource& source_;
  DifferenceChunkEncoder encoder_;
  Hasher hasher_;
};

} // namespace talaria

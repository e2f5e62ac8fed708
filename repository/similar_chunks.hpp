// Which of the newest chunks of applications does a new one resemble?
#pragma once

#include "coding/reference_finder.hpp"
#include "repository/reference_source.hpp"
#include "repository/repository.hpp"
#include "talaria/error.hpp"

#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

namespace talaria {

// Used by one thread at a time.
class SimilarChunks {
public:
  // The table takes at most `memory_max` bytes.
  explicit SimilarChunks(std::size_t memory_max) : finder_(memory_max) {}

  // Reads stored chunks of kind bytes, the newest first, until they are `bytes_max` together. What can't
  // be read is left out, and what isn't wanted.
  using Wanted = std::function<bool(const DifferenceReference&)>;
  Result<void> read(const View& view, ReferenceSource& source, BlockSource& blocks, uint64_t bytes_max,
                    const Wanted& wanted = {});

  // Makes a value one to be found.
  void add(const DifferenceReference& name, std::string_view value);

  // The values that one resembles, the best first, each for what those before it don't cover.
  std::vector<DifferenceReference> find(std::string_view value) const;

private:
  void add(const DifferenceReference& name, uint64_t size, const ReferenceSketch& sketch);

  ReferenceFinder finder_;
  std::vector<DifferenceReference> names_; // by their numbers in the finder
};

// The digest of a whole value, which is read for it.
Result<Digest> digest_of_value(ReferenceSource& source, const DifferenceReference& name);

} // namespace talaria

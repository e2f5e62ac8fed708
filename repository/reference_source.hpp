// Chunks that others are made differences from: those that are stored, and those of the run that is
// being filled.
#pragma once

#include "repository/difference.hpp"
#include "repository/difference_reader.hpp"
#include "repository/digest_index.hpp"
#include "repository/list.hpp"
#include "repository/run.hpp"
#include "talaria/digest.hpp"
#include "talaria/error.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace talaria {

// A chunk that is no list.
struct ReferenceChunk {
  DifferenceReference name;
  std::shared_ptr<const std::string> value;
  unsigned depth = 0;
  uint32_t work = 1;
  std::vector<DifferenceReference> references; // what it is stored as the difference from
};

// Used by one thread at a time.
class ReferenceSource {
public:
  // `decoded_max`: bytes of decoded chunks that are kept.
  ReferenceSource(BlockSource& source, std::size_t decoded_max);

  // From here on, chunks are those of `index` and of `run`, which both outlive the next call.
  void use(DigestIndexPtr index, const Run& run);

  // Has a chunk of the run count as stored as this difference.
  void set_difference(const DifferenceReference& name, std::string content);

  const DigestIndex& index() const noexcept { return *index_; }
  DifferenceReference name(Kind kind, const Number& number) const;

  // A chunk, compared with its digest. errc::damaged if it can't be read, or is a list.
  Result<ReferenceChunk> read(const DifferenceReference& name);

  // The list that a value is stored as, or nothing.
  Result<std::optional<PartList>> list(const DifferenceReference& name);

  // The chunk, or, where its chain has `depth_max` or more, the first below it that has less: nothing if
  // there is none.
  Result<std::optional<ReferenceChunk>> within_depth(const DifferenceReference& name,
                                                     unsigned depth_max);

  // Whether a chunk has this digest, or is stored as the difference from one that has, or from one that
  // is.
  Result<bool> goes_back_to(const DifferenceReference& name, const Key128& key);

  // The place of a chunk among those of its kind in the run; nothing if it is stored already.
  std::optional<uint32_t> place_in_run(const DifferenceReference& name) const;

private:
  struct Content {
    BlockPtr block; // null for a chunk of the run
    std::string_view bytes;
    ChunkForm form = ChunkForm::whole;
    Number number;
  };
  Result<Number> number_of(const DifferenceReference& name) const;
  Result<Content> content(const DifferenceReference& name);
  Result<Content> stored_content(const DifferenceReference& name);
  Result<ReferenceChunk> read_from_run(const DifferenceReference& name, uint32_t place) const;

  BlockSource& source_;
  std::size_t decoded_max_;
  DigestIndexPtr index_;
  const Run* run_ = nullptr;
  std::map<DifferenceReference, std::string> differences_; // of the run
  std::unique_ptr<DecodedChunks> decoded_;
  std::unique_ptr<DifferenceReader> reader_;
  Hasher hasher_;
};

} // namespace talaria

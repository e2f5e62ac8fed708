// Reading chunks that are stored as differences: through their references, and the references of those.
#pragma once

#include "repository/block_reader.hpp"
#include "repository/difference.hpp"
#include "repository/digest_index.hpp"
#include "talaria/error.hpp"

#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace talaria {

// The value of a chunk, and what it takes to decode it.
struct DecodedChunk {
  std::shared_ptr<const std::string> value;
  unsigned depth = 0;
  uint32_t work = 1;
};

// The values decoded last, for neighbours have references in common. Those below 4 KiB are left out:
// they are quickly decoded, and would be too many to be searched. Belongs to one index; used by one
// thread at a time.
class DecodedChunks {
public:
  explicit DecodedChunks(std::size_t capacity_bytes = std::size_t{8} << 20)
      : capacity_(capacity_bytes) {}

  std::optional<DecodedChunk> get(Kind kind, const Number& number);
  void put(Kind kind, const Number& number, const DecodedChunk& chunk);

private:
  struct Kept {
    Kind kind;
    Number number;
    DecodedChunk chunk;
  };
  static constexpr std::size_t shortest_kept = std::size_t{4} << 10;
  std::size_t capacity_;
  std::size_t bytes_ = 0;
  std::list<Kept> kept_; // what was used last comes first; few enough to be searched one by one
};

// Used by one thread at a time.
class DifferenceReader {
public:
  DifferenceReader(const DigestIndex& index, BlockSource& source, DecodedChunks& decoded)
      : index_(index), source_(source), decoded_(decoded) {}

  // The value of a chunk, given its content as a difference. errc::damaged if a chain doesn't go down
  // by one at least with each step, or takes more than it says.
  Result<DecodedChunk> decode(Kind kind, const Number& number, std::string_view content);

  // The value of any chunk that may be a reference.
  Result<DecodedChunk> read(Kind kind, const Number& number);

private:
  struct Bound {
    unsigned depth;
    uint32_t work;
  };
  Result<DecodedChunk> decode_within(Kind kind, const Number& number, std::string_view content,
                                     const Bound& bound);
  Result<DecodedChunk> read_within(Kind kind, const Number& number, const BlockPtr& block,
                                   const Bound& bound);
  // The values of the references, one behind the other; of a single one, without a copy.
  struct Joined {
    std::shared_ptr<const std::string> single;
    std::string several;

    std::string_view view() const { return single ? *single : several; }
  };
  Result<Joined> join_references(const Difference& difference);

  const DigestIndex& index_;
  BlockSource& source_;
  DecodedChunks& decoded_;
};

} // namespace talaria

// Reading values of any length: whole chunks, differences, and lists of parts.
#pragma once

#include "repository/block_reader.hpp"
#include "repository/difference_reader.hpp"
#include "repository/digest_index.hpp"
#include "talaria/error.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace talaria {

// A chunk in the block that the index says it is in, and how its content gives its value. errc::damaged
// if it isn't there.
Result<std::string_view> content_of(const BlockPtr& block, Kind kind, const Number& number,
                                    ChunkForm& form);

// Reads values of any length piece by piece.
class ValueReader {
public:
  // `decoded`: for those who read several values; outlives the reader.
  ValueReader(const DigestIndex& index, BlockSource& source, DecodedChunks* decoded = nullptr)
      : index_(index),
        source_(source),
        differences_(index, source, decoded != nullptr ? *decoded : own_decoded_) {}

  // Begins with a chunk.
  Result<void> open(Kind kind, const Number& number);

  // Begins with the list of a value's parts; the value itself need not be in the index.
  Result<void> open_list(std::string_view content);

  // The next bytes of the value, valid until the next call; empty at its end.
  Result<std::string_view> next();

  // Bytes of the whole value.
  uint64_t size() const noexcept { return size_; }

private:
  void reset();
  Result<void> load_window();
  Result<std::string_view> value_of(const BlockPtr& block, Kind kind, const Number& number,
                                    ChunkForm& form);

  const DigestIndex& index_;
  BlockSource& source_;
  DecodedChunks own_decoded_;
  DifferenceReader differences_;
  std::shared_ptr<const std::string> value_; // of a difference, as long as it is given out
  BlockPtr single_;
  std::string_view content_;
  bool taken_ = false;
  std::vector<std::pair<Number, uint32_t>> parts_; // numbers and lengths
  std::size_t next_part_ = 0;
  std::size_t window_first_ = 0;
  std::vector<BlockPtr> window_;
  uint64_t size_ = 0;
};

// The whole value, if it is no longer than `limit` bytes (else errc::limit_exceeded).
Result<std::string> read_value(const DigestIndex& index, BlockSource& source, Kind kind,
                               const Number& number, uint64_t limit, DecodedChunks* decoded = nullptr);

} // namespace talaria

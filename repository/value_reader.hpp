// Reading values of any length: whole chunks, differences, and lists of parts.
#pragma once

#include "repository/block_reader.hpp"
#include "repository/difference_reader.hpp"
#include "repository/digest_index.hpp"
#include "talaria/error.hpp"

#include <cstdint>
#include <string>
#include <string_view>
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

  // Appends `length` bytes of the value from `offset` on, all of which must be there. Of a list, only
  // the parts that they touch are read. next() goes on where it was.
  Result<void> read(uint64_t offset, uint64_t length, std::string& out);

  // Bytes of the whole value.
  uint64_t size() const noexcept { return size_; }

private:
  struct Part {
    Number number;
    uint64_t end = 0; // in the value
  };

  void reset();
  uint64_t begin_of(std::size_t part) const { return part == 0 ? 0 : parts_[part - 1].end; }
  Result<std::vector<BlockPtr>> read_blocks(std::size_t first, std::size_t last);
  Result<void> load_window();
  Result<std::string_view> part_value(std::size_t place, const BlockPtr& block);
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
  std::vector<Part> parts_;
  std::size_t next_part_ = 0;
  std::size_t window_first_ = 0;
  std::vector<BlockPtr> window_;
  uint64_t size_ = 0;
};

// The whole value, if it is no longer than `limit` bytes (else errc::limit_exceeded).
Result<std::string> read_value(const DigestIndex& index, BlockSource& source, Kind kind,
                               const Number& number, uint64_t limit, DecodedChunks* decoded = nullptr);

} // namespace talaria

// Blocks: many chunks of one kind, compressed together; the unit of reading and caching.
// docs/format.md, "Blocks".
#pragma once

#include "coding/codec.hpp"
#include "coding/dense_header_codec.hpp"
#include "coding/header_codec.hpp"
#include "repository/number.hpp"
#include "talaria/buffer.hpp"
#include "talaria/error.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace talaria {

// How the content of a chunk gives its value.
enum class ChunkForm : uint8_t {
  whole,      // it is the value
  list,       // it lists the parts of the value (repository/list.hpp)
  difference, // it says how the value differs from other chunks (repository/difference.hpp)
};

// Where a block lies in its pack and what is needed to read it. 32 bytes in files.
struct BlockInfo {
  static constexpr std::size_t stored_size = 32;

  uint32_t offset = 0;    // in the pack
  uint32_t stored = 0;    // bytes in the pack: directory and data
  uint32_t directory = 0; // of which the compressed directory
  uint32_t raw = 0;       // bytes of the chunks together
  uint32_t count = 0;     // chunks
  uint16_t pack = 0;      // in a segment: place in its table of packs; in a pack's footer 0
  Kind kind = Kind::sequence;
  CodecId codec = CodecId::zstd;
  bool differences = false; // all its chunks are differences
  bool columns = false;     // the data are columns (repository/difference_columns.hpp)
  uint64_t crc = 0;         // CRC-64 of the stored bytes

  void write(std::string& out) const;
  // Reads stored_size bytes; errc::damaged for values that no writer makes.
  static Result<BlockInfo> read(std::string_view bytes);

  friend bool operator==(const BlockInfo&, const BlockInfo&) = default;
};

// No block has more chunks or bytes than these: what bounds memory when reading a damaged one.
inline constexpr uint32_t block_max_count = 1u << 20;
inline constexpr uint32_t block_max_raw = 32u << 20;

// A chunk to be written.
struct BlockItem {
  uint32_t ordinal = 0;
  bool list = false; // the content is a list of parts (repository/list.hpp)
  std::string_view content;
};

struct EncodedBlock {
  BlockInfo info; // offset and pack unset
  std::string bytes;
};

// A block in memory, decompressed and checked. Immutable.
class Block {
public:
  Kind kind() const noexcept { return kind_; }
  std::size_t count() const noexcept { return entries_.size(); }

  // Bytes of memory it takes, for caches.
  std::size_t weight() const noexcept {
    return size_ + entries_.size() * sizeof(Entry) + table_.size() * sizeof(uint32_t) + sizeof(Block);
  }

  // The place of the chunk `ordinal` in this block, or count() if it isn't here.
  std::size_t find(uint32_t ordinal) const noexcept;

  // Asks for the memory that find() and content() will touch, so that many can wait for it together:
  // first of all, then, when that is there, of the entry, then of the content.
  void prefetch_find(uint32_t ordinal) const noexcept;
  void prefetch_entry(uint32_t ordinal) const noexcept;
  void prefetch_content(std::size_t place) const noexcept;

  // The chunk at a place, in stored order.
  uint32_t ordinal(std::size_t place) const noexcept { return entries_[place].ordinal; }
  bool is_list(std::size_t place) const noexcept { return (entries_[place].length & 1) != 0; }
  ChunkForm form(std::size_t place) const noexcept {
    if (differences_) return ChunkForm::difference;
    return is_list(place) ? ChunkForm::list : ChunkForm::whole;
  }
  std::string_view content(std::size_t place) const noexcept {
    return {data_.get() + entries_[place].offset, entries_[place].length >> 1};
  }

private:
  friend class BlockDecoder;
  Result<void> index_ordinals();
  bool consecutive() const noexcept;
  struct Entry {
    uint32_t ordinal;
    uint32_t offset;
    uint32_t length; // shifted left by one; the lowest bit says that it is a list
  };
  Kind kind_ = Kind::sequence;
  bool differences_ = false;
  std::unique_ptr<char[]> data_;
  std::size_t size_ = 0;
  std::vector<Entry> entries_;
  // From a hash of the ordinal to place + 1, or 0; a power of two, at most half full. Empty if the
  // ordinals follow each other.
  std::vector<uint32_t> table_;
  int table_shift_ = 0;
};

using BlockPtr = std::shared_ptr<const Block>;

// Decompresses blocks. Keeps working memory; used by one thread at a time.
class BlockDecoder {
public:
  // `stored` are the bytes of the block in its pack; errc::damaged if they don't match `info`.
  Result<BlockPtr> decode(const BlockInfo& info, std::string_view stored);

private:
  Codec& codec(CodecId id);
  Result<void> read_directory(const BlockInfo& info, std::string_view stored);
  Result<void> decompress(const BlockInfo& info, std::string_view stored, char* out);
  void fill_entries(const BlockInfo& info, Block& block) const;
  Result<void> decode_columns(const BlockInfo& info, std::string_view stored, char* out);

  std::array<std::unique_ptr<Codec>, codec_count> codecs_;
  HeaderCodec header_codec_;
  DenseHeaderCodec dense_header_codec_;
  std::string columns_;
  std::vector<uint32_t> lengths_; // of the chunks, as the directory has them
};

// Compresses blocks. Keeps working memory; used by one thread at a time.
class BlockEncoder {
public:
  BlockEncoder(CodecId codec, int level);

  // The block is decoded again and compared with the items: errc::internal if it differs. With
  // `differences`, all items are; then the data are stored as columns if that is smaller.
  Result<EncodedBlock> encode(Kind kind, const std::vector<BlockItem>& items, bool differences = false);

private:
  struct Contents {
    std::vector<uint32_t> steps;   // of the ordinals
    std::vector<uint32_t> lengths; // as the directory has them
    std::string data;
    bool lists = false; // whether there are any
  };
  static Contents gather(const std::vector<BlockItem>& items);
  Result<void> compress(Kind kind, const Contents& contents, EncodedBlock& block);
  Result<bool> compress_headers(const Contents& contents, EncodedBlock& block);
  Result<std::optional<std::string>> encode_columns(std::string_view data);

  std::unique_ptr<Codec> codec_;
  std::unique_ptr<Codec> residue_codec_;
  std::unique_ptr<Codec> directory_codec_;
  HeaderCodec header_codec_;
  DenseHeaderCodec dense_header_codec_;
  BlockDecoder decoder_;
  int level_;
};

} // namespace talaria

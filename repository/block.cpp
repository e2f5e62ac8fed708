#include "repository/block.hpp"

#include "core/crc64.hpp"
#include "core/endian.hpp"
#include "core/try.hpp"
#include "repository/difference_columns.hpp"

#include <algorithm>
#include <bit>

namespace talaria {

namespace {

// The low and the high bits of a value compress differently, so they go to columns of their own.
void put_plane_column(const std::vector<uint32_t>& values, std::string& out) {
  for (unsigned shift = 0; shift < 32; shift += 8)
    for (auto v : values) out += static_cast<char>(v >> shift & 0xff);
}

uint32_t plane_value(std::string_view column, std::size_t count, std::size_t i) {
  uint32_t v = 0;
  for (unsigned plane = 0; plane < 4; ++plane)
    v |= static_cast<uint32_t>(static_cast<uint8_t>(column[plane * count + i])) << (8 * plane);
  return v;
}

constexpr int directory_level = 3;

bool is_of_headers(CodecId codec) {
  return codec == CodecId::headers || codec == CodecId::dense_headers;
}

// Of an entry of the directory: step of the ordinal and length, which coded headers bring along.
std::size_t bytes_per_entry(CodecId codec) {
  return is_of_headers(codec) ? 4 : 8;
}

// Streams of coded headers are much shorter than what they stand for, so they may take longer.
constexpr int lowest_header_level = 3;

// Headers that aren't coded to less than this share of their bytes, or are few, may be smaller
// otherwise.
constexpr std::size_t doubtful_share = 6;
constexpr std::size_t few_header_bytes = std::size_t{128} << 10;

// Of the byte that holds the kind.
constexpr unsigned differences_bit = 0x80;
constexpr unsigned columns_bit = 0x40;

uint32_t zigzag(uint32_t step) {
  return step << 1 ^ (step >> 31 ? ~0u : 0u);
}
uint32_t unzigzag(uint32_t v) {
  return v >> 1 ^ (v & 1 ? ~0u : 0u);
}

Result<CodecId> codec_of(Kind kind, uint8_t number) {
  const auto id = static_cast<CodecId>(number);
  if (kind == Kind::header && is_of_headers(id)) return id;
  return codec_from_number(number);
}

} // namespace

void BlockInfo::write(std::string& out) const {
  store_u32(out, offset);
  store_u32(out, stored);
  store_u32(out, directory);
  store_u32(out, raw);
  store_u32(out, count);
  store_u16(out, pack);
  out += static_cast<char>(static_cast<unsigned>(kind) | (differences ? differences_bit : 0) |
                           (columns ? columns_bit : 0));
  out += static_cast<char>(codec);
  store_u64(out, crc);
}

Result<BlockInfo> BlockInfo::read(std::string_view bytes) {
  BlockInfo info;
  const char* p = bytes.data();
  info.offset = load_u32(p);
  info.stored = load_u32(p + 4);
  info.directory = load_u32(p + 8);
  info.raw = load_u32(p + 12);
  info.count = load_u32(p + 16);
  info.pack = load_u16(p + 20);
  unsigned kind = static_cast<uint8_t>(p[22]);
  info.differences = (kind & differences_bit) != 0;
  info.columns = (kind & columns_bit) != 0;
  kind &= ~(differences_bit | columns_bit);
  info.crc = load_u64(p + 24);
  if (kind >= kind_count || info.directory > info.stored || info.count > block_max_count ||
      info.raw > block_max_raw || info.stored > 2 * block_max_raw)
    return failure(errc::damaged, "impossible block entry");
  info.kind = static_cast<Kind>(kind);
  TALARIA_TRY_ASSIGN(info.codec, codec_of(info.kind, static_cast<uint8_t>(p[23])));
  if ((info.differences && !may_be_difference(info.kind)) || (info.columns && !info.differences))
    return failure(errc::damaged, "impossible block entry");
  return info;
}

BlockEncoder::BlockEncoder(CodecId codec, int level)
    : codec_(make_codec(codec)),
      residue_codec_(make_codec(codec, Content::residues)),
      directory_codec_(make_codec(CodecId::zstd)),
      level_(level) {}

namespace {

bool holds(const Block& block, Kind kind, const std::vector<BlockItem>& items,
           bool differences) noexcept {
  if (block.kind() != kind || block.count() != items.size()) return false;
  for (std::size_t i = 0; i < items.size(); ++i)
    if (block.ordinal(i) != items[i].ordinal || block.is_list(i) != items[i].list ||
        (block.form(i) == ChunkForm::difference) != differences || block.content(i) != items[i].content)
      return false;
  return true;
}

} // namespace

BlockEncoder::Contents BlockEncoder::gather(const std::vector<BlockItem>& items) {
  Contents contents;
  contents.steps.reserve(items.size());
  contents.lengths.reserve(items.size());
  std::size_t total = 0;
  for (auto& item : items) total += item.content.size();
  contents.data.reserve(total);
  uint32_t expected = 0;
  for (auto& item : items) {
    contents.steps.push_back(zigzag(item.ordinal - expected));
    expected = item.ordinal + 1;
    contents.lengths.push_back(static_cast<uint32_t>(item.content.size()) << 1 | (item.list ? 1u : 0u));
    contents.lists |= item.list;
    contents.data += item.content;
  }
  return contents;
}

Result<EncodedBlock> BlockEncoder::encode(Kind kind, const std::vector<BlockItem>& items,
                                          bool differences) {
  EncodedBlock block;
  auto contents = gather(items);
  block.info.raw = static_cast<uint32_t>(contents.data.size());
  block.info.count = static_cast<uint32_t>(items.size());
  block.info.kind = kind;
  block.info.differences = differences;
  TALARIA_TRY(compress(kind, contents, block));
  block.info.stored = static_cast<uint32_t>(block.bytes.size());
  block.info.crc = crc64(block.bytes);
  TALARIA_TRY_ASSIGN(auto decoded, decoder_.decode(block.info, block.bytes));
  if (!holds(*decoded, kind, items, differences))
    return failure(errc::internal,
                   "a compressed block doesn't give back its content: this is a defect of Talaria, of "
                   "the codec or of the memory");
  return block;
}

Result<void> BlockEncoder::compress(Kind kind, const Contents& contents, EncodedBlock& block) {
  EncodedBlock headers{block.info, {}};
  headers.info.codec = codec_->id() == CodecId::dense ? CodecId::dense_headers : CodecId::headers;
  bool coded = false;
  if (kind == Kind::header && (codec_->id() == CodecId::zstd || codec_->id() == CodecId::dense) &&
      !contents.lists) {
    TALARIA_TRY_ASSIGN(coded, compress_headers(contents, headers));
    if (coded && contents.data.size() >= few_header_bytes &&
        headers.bytes.size() < contents.data.size() / doubtful_share) {
      block = std::move(headers);
      return {};
    }
  }
  std::string columns;
  columns.reserve(contents.steps.size() * bytes_per_entry(codec_->id()));
  put_plane_column(contents.steps, columns);
  put_plane_column(contents.lengths, columns);
  TALARIA_TRY(directory_codec_->compress(columns, directory_level, block.bytes));
  block.info.directory = static_cast<uint32_t>(block.bytes.size());
  bool residues = kind == Kind::sequence || kind == Kind::part;
  std::string data;
  TALARIA_TRY((residues ? residue_codec_ : codec_)->compress(contents.data, level_, data));
  if (block.info.differences) {
    TALARIA_TRY_ASSIGN(auto split, encode_columns(contents.data));
    block.info.columns = split && split->size() < data.size();
    if (block.info.columns) data = *std::move(split);
  }
  block.bytes += data;
  block.info.codec = codec_->id();
  if (coded && headers.bytes.size() < block.bytes.size()) block = std::move(headers);
  return {};
}

Result<bool> BlockEncoder::compress_headers(const Contents& contents, EncodedBlock& block) {
  std::string columns;
  put_plane_column(contents.steps, columns);
  TALARIA_TRY(directory_codec_->compress(columns, directory_level, block.bytes));
  block.info.directory = static_cast<uint32_t>(block.bytes.size());
  std::vector<uint32_t> lengths;
  lengths.reserve(contents.lengths.size());
  for (auto length : contents.lengths) lengths.push_back(length >> 1);
  if (block.info.codec == CodecId::dense_headers)
    return dense_header_codec_.compress(contents.data, lengths, block.bytes);
  auto level = level_ < 1 ? level_ : std::max(level_, lowest_header_level);
  return header_codec_.compress(contents.data, lengths, level, block.bytes);
}

// Nothing if the data have no columns.
Result<std::optional<std::string>> BlockEncoder::encode_columns(std::string_view data) {
  std::array<std::string, difference_column_count> columns;
  if (!split_into_columns(data, columns)) return std::nullopt;
  std::string out;
  std::string packed;
  for (auto& column : columns) {
    packed.clear();
    if (!column.empty()) TALARIA_TRY(codec_->compress(column, level_, packed));
    put_varint(out, column.size());
    put_varint(out, packed.size());
    out += packed;
  }
  return out;
}

Codec& BlockDecoder::codec(CodecId id) {
  auto& slot = codecs_[static_cast<std::size_t>(id)];
  if (!slot) slot = make_codec(id);
  return *slot;
}

Result<BlockPtr> BlockDecoder::decode(const BlockInfo& info, std::string_view stored) {
  if (stored.size() != info.stored || crc64(stored) != info.crc)
    return failure(errc::damaged, "checksum of the block differs");
  auto block = std::make_shared<Block>();
  block->kind_ = info.kind;
  block->differences_ = info.differences;
  TALARIA_TRY(read_directory(info, stored));
  block->data_ = std::make_unique_for_overwrite<char[]>(info.raw);
  block->size_ = info.raw;
  TALARIA_TRY(decompress(info, stored, block->data_.get()));
  fill_entries(info, *block);
  TALARIA_TRY(block->index_ordinals());
  return BlockPtr(std::move(block));
}

// The lengths must add up before memory is taken for the data.
Result<void> BlockDecoder::read_directory(const BlockInfo& info, std::string_view stored) {
  columns_.resize(info.count * bytes_per_entry(info.codec));
  TALARIA_TRY(codec(CodecId::zstd)
                  .decompress(stored.substr(0, info.directory), columns_.data(), columns_.size()));
  lengths_.resize(info.count);
  if (is_of_headers(info.codec)) return {};
  auto column = std::string_view(columns_).substr(info.count * std::size_t{4});
  uint64_t sum = 0;
  for (std::size_t i = 0; i < info.count; ++i) {
    lengths_[i] = plane_value(column, info.count, i);
    if (info.differences && (lengths_[i] & 1) != 0)
      return failure(errc::damaged, "a difference is marked as a list");
    sum += lengths_[i] >> 1;
  }
  if (sum != info.raw) return failure(errc::damaged, "directory of the block doesn't fit its data");
  return {};
}

Result<void> BlockDecoder::decompress(const BlockInfo& info, std::string_view stored, char* out) {
  stored.remove_prefix(info.directory);
  if (info.columns) return decode_columns(info, stored, out);
  if (!is_of_headers(info.codec)) return codec(info.codec).decompress(stored, out, info.raw);
  if (info.codec == CodecId::headers)
    TALARIA_TRY(header_codec_.decompress(stored, out, info.raw, lengths_));
  else
    TALARIA_TRY(dense_header_codec_.decompress(stored, out, info.raw, lengths_));
  for (auto& length : lengths_) length <<= 1;
  return {};
}

void BlockDecoder::fill_entries(const BlockInfo& info, Block& block) const {
  auto column = std::string_view(columns_).substr(0, info.count * std::size_t{4});
  block.entries_.resize(info.count);
  uint64_t offset = 0;
  uint32_t expected = 0;
  for (std::size_t i = 0; i < info.count; ++i) {
    auto& e = block.entries_[i];
    e.ordinal = expected + unzigzag(plane_value(column, info.count, i));
    expected = e.ordinal + 1;
    e.offset = static_cast<uint32_t>(offset);
    e.length = lengths_[i];
    offset += e.length >> 1;
  }
}

Result<void> BlockDecoder::decode_columns(const BlockInfo& info, std::string_view stored, char* out) {
  auto room = std::make_unique_for_overwrite<char[]>(info.raw);
  std::size_t used = 0;
  std::array<std::string_view, difference_column_count> columns;
  ByteReader in(stored);
  for (auto& column : columns) {
    TALARIA_TRY_ASSIGN(auto size, in.varint());
    TALARIA_TRY_ASSIGN(auto packed_size, in.varint());
    TALARIA_TRY_ASSIGN(auto packed, in.bytes(packed_size));
    if (size > info.raw - used || (size == 0) != packed.empty())
      return failure(errc::damaged, "the columns of a block don't fit together");
    char* at = room.get() + used;
    if (size > 0) TALARIA_TRY(codec(info.codec).decompress(packed, at, size));
    column = {at, size};
    used += size;
  }
  if (in.remaining() > 0) return failure(errc::damaged, "the columns of a block don't fit together");
  return join_columns(columns, out, info.raw);
}

namespace {

uint32_t table_slot(uint32_t ordinal, int shift) noexcept {
  return ordinal * 0x9E3779B1u >> shift;
}

} // namespace

// A hash table rather than a sorted list: a look-up in a block that isn't in the processor's cache then
// waits for memory once.
Result<void> Block::index_ordinals() {
  if (consecutive()) return {};
  auto bits = std::max(2, static_cast<int>(std::bit_width(2 * entries_.size())));
  table_.assign(std::size_t{1} << bits, 0);
  table_shift_ = 32 - bits;
  auto mask = static_cast<uint32_t>(table_.size() - 1);
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    auto at = table_slot(entries_[i].ordinal, table_shift_);
    for (; table_[at] != 0; at = (at + 1) & mask)
      if (entries_[table_[at] - 1].ordinal == entries_[i].ordinal)
        return failure(errc::damaged, "an ordinal stands twice in the block");
    table_[at] = static_cast<uint32_t>(i + 1);
  }
  return {};
}

bool Block::consecutive() const noexcept {
  for (std::size_t i = 1; i < entries_.size(); ++i)
    if (entries_[i].ordinal != entries_[i - 1].ordinal + 1) return false;
  return true;
}

void Block::prefetch_find(uint32_t ordinal) const noexcept {
  if (!table_.empty()) __builtin_prefetch(&table_[table_slot(ordinal, table_shift_)]);
}

void Block::prefetch_entry(uint32_t ordinal) const noexcept {
  if (table_.empty()) return;
  auto place = table_[table_slot(ordinal, table_shift_)];
  if (place != 0) __builtin_prefetch(&entries_[place - 1]);
}

void Block::prefetch_content(std::size_t place) const noexcept {
  auto bytes = content(place);
  for (std::size_t at = 0; at < std::min<std::size_t>(bytes.size(), 256); at += 64)
    __builtin_prefetch(bytes.data() + at);
}

std::size_t Block::find(uint32_t ordinal) const noexcept {
  if (table_.empty())
    return entries_.empty() ? 0 : std::min<std::size_t>(ordinal - entries_[0].ordinal, entries_.size());
  auto mask = static_cast<uint32_t>(table_.size() - 1);
  for (auto at = table_slot(ordinal, table_shift_); table_[at] != 0; at = (at + 1) & mask)
    if (entries_[table_[at] - 1].ordinal == ordinal) return table_[at] - 1;
  return entries_.size();
}

} // namespace talaria

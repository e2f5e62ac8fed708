#include "repository/segment.hpp"

#include "core/crc64.hpp"
#include "core/endian.hpp"
#include "core/try.hpp"
#include "repository/magic.hpp"

#include <algorithm>

namespace talaria {

namespace {

constexpr std::string_view magic = "TALINDX1";
constexpr std::string_view end_magic = "TALIXEND";
constexpr std::size_t trailer_size = 8 + 4 + 8 + 8; // body size, descriptor size, its CRC-64, magic
constexpr std::size_t key_size = 16;

// Fingerprints of digests only save comparing with the digest itself: one in a thousand goes wrong.
constexpr unsigned digest_fingerprint_bits = 10;
// Of an accession key 32 bits are kept between bucket and fingerprint, whatever the size of the table,
// so that tables can be merged without reading the headers.
constexpr unsigned header_key_bits = 32;

LookupShape shape_of(Kind kind, uint32_t count) {
  auto shape = LookupShape::of(count, count, digest_fingerprint_bits);
  if (kind == Kind::header)
    shape.fingerprint_bits = static_cast<uint8_t>(header_key_bits - shape.bucket_bits);
  return shape;
}

void write_key(const Key128& key, std::string& out) {
  store_u64(out, key.high);
  store_u64(out, key.low);
}

void write_part_sections(Kind kind, SegmentPart& part, uint32_t block_count, std::string& body,
                         std::string& descriptor) {
  auto count = static_cast<uint32_t>(part.blocks.size());
  auto shape = shape_of(kind, count);
  auto keys_at = body.size();
  body.reserve(body.size() + std::size_t{count} * (key_size + 8));
  for (auto& key : part.keys) write_key(key, body);
  auto lookup_at = body.size();
  std::vector<std::pair<uint64_t, uint32_t>> pairs;
  pairs.reserve(count);
  for (uint32_t slot = 0; slot < count; ++slot)
    pairs.emplace_back(
        kind == Kind::header ? uint64_t{part.header_keys[slot]} << 32 : part.keys[slot].high, slot);
  write_lookup_table(shape, pairs, body);
  auto locations_at = body.size();
  auto location_bits = bits_for(block_count);
  BitWriter bits(body);
  for (auto block : part.blocks) bits.put(block, location_bits);
  bits.finish(7);

  descriptor += static_cast<char>(kind);
  put_varint(descriptor, count);
  descriptor += static_cast<char>(location_bits);
  descriptor += static_cast<char>(shape.bucket_bits);
  descriptor += static_cast<char>(shape.fingerprint_bits);
  descriptor += static_cast<char>(shape.slot_bits);
  put_varint(descriptor, keys_at);
  put_varint(descriptor, lookup_at);
  put_varint(descriptor, locations_at);
}

void write_range(const NumberRange& range, std::string& out) {
  out += static_cast<char>(range.kind);
  out += range.generation.view();
  put_varint(out, range.base);
  put_varint(out, range.count);
}

} // namespace

std::string segment_name(const Digest& digest) {
  return "index/" + digest.hex();
}

std::string write_segment(SegmentDraft& draft) {
  std::string body(magic);
  std::string parts;
  uint64_t part_count = 0;
  auto block_count = static_cast<uint32_t>(draft.blocks.size());
  for (auto kind : all_kinds) {
    auto& part = draft.parts[index_of(kind)];
    if (part.blocks.empty()) continue;
    write_part_sections(kind, part, block_count, body, parts);
    ++part_count;
  }
  auto blocks_at = body.size();
  for (auto& block : draft.blocks) block.write(body);

  std::string descriptor;
  put_varint(descriptor, draft.packs.size());
  for (auto& pack : draft.packs) {
    descriptor += pack.digest.view();
    put_varint(descriptor, pack.size);
  }
  put_varint(descriptor, draft.ranges.size());
  for (auto& range : draft.ranges) write_range(range, descriptor);
  put_varint(descriptor, part_count);
  descriptor += parts;
  put_varint(descriptor, block_count);
  put_varint(descriptor, blocks_at);

  auto file = std::move(body);
  auto body_size = file.size();
  file += CheckedFile::checksums(file);
  file += descriptor;
  std::string trailer;
  store_u64(trailer, body_size);
  store_u32(trailer, static_cast<uint32_t>(descriptor.size()));
  store_u64(trailer, crc64(trailer, crc64(descriptor)));
  trailer += end_magic;
  file += trailer;
  return file;
}

Result<SegmentPtr> Segment::open(const ObjectStore& store, const std::string& name) {
  TALARIA_TRY_ASSIGN(auto file, store.map(name));
  auto damaged = [&](std::string_view what) {
    return failure(errc::damaged, name + " " + std::string(what) + ": " + std::string(rebuild_advice));
  };
  TALARIA_TRY(check_magic(file.view(), magic, name, rebuild_advice));
  if (file.size() < magic.size() + trailer_size) return damaged("is too short to be an index segment");
  auto trailer = file.view().substr(file.size() - trailer_size);
  auto body_size = load_u64(trailer.data());
  auto descriptor_size = load_u32(trailer.data() + 8);
  if (trailer.substr(20) != end_magic) return damaged("doesn't end like an index segment");
  auto rest = file.size() - trailer_size;
  if (body_size > rest || CheckedFile::checksums_size(body_size) > rest - body_size ||
      descriptor_size != rest - body_size - CheckedFile::checksums_size(body_size))
    return damaged("has another size than it says");
  auto descriptor = file.view().substr(rest - descriptor_size, descriptor_size);
  if (crc64(trailer.substr(0, 12), crc64(descriptor)) != load_u64(trailer.data() + 12))
    return damaged("has a descriptor that fails its checksum");
  std::shared_ptr<Segment> segment(new Segment);
  if (auto read = segment->read_descriptor(descriptor, body_size); !read)
    return tl::unexpected(read.error().within(name));
  TALARIA_TRY_ASSIGN(auto checked, CheckedFile::open(name, std::move(file), body_size));
  segment->file_ = std::move(checked);
  return SegmentPtr(std::move(segment));
}

Result<void> Segment::read_descriptor(std::string_view descriptor, uint64_t body_size) {
  ByteReader in(descriptor);
  TALARIA_TRY_ASSIGN(auto pack_count, in.varint());
  for (uint64_t i = 0; i < pack_count; ++i) {
    PackInfo pack;
    TALARIA_TRY_ASSIGN(auto digest, in.bytes(Digest::size));
    std::copy(digest.begin(), digest.end(), reinterpret_cast<char*>(pack.digest.bytes.data()));
    TALARIA_TRY_ASSIGN(pack.size, in.varint());
    packs_.push_back(pack);
  }
  TALARIA_TRY_ASSIGN(auto range_count, in.varint());
  std::array<uint64_t, kind_count> slots{};
  for (uint64_t i = 0; i < range_count; ++i) {
    NumberRange range;
    TALARIA_TRY_ASSIGN(auto kind, in.u8());
    TALARIA_TRY_ASSIGN(auto generation, in.bytes(GenerationId::size));
    TALARIA_TRY_ASSIGN(auto base, in.varint());
    TALARIA_TRY_ASSIGN(auto count, in.varint());
    if (kind >= kind_count || base > UINT32_MAX || count > UINT32_MAX - base ||
        slots[kind] + count > UINT32_MAX)
      return failure(errc::damaged, "impossible range of numbers");
    range.kind = static_cast<Kind>(kind);
    range.generation = GenerationId::from(generation);
    range.base = static_cast<uint32_t>(base);
    range.count = static_cast<uint32_t>(count);
    range.first_slot = static_cast<uint32_t>(slots[kind]);
    slots[kind] += count;
    ranges_.push_back(range);
  }
  TALARIA_TRY_ASSIGN(auto part_count, in.varint());
  for (uint64_t i = 0; i < part_count; ++i) {
    Part part;
    TALARIA_TRY_ASSIGN(auto kind, in.u8());
    TALARIA_TRY_ASSIGN(auto count, in.varint());
    TALARIA_TRY_ASSIGN(part.location_bits, in.u8());
    TALARIA_TRY_ASSIGN(part.shape.bucket_bits, in.u8());
    TALARIA_TRY_ASSIGN(part.shape.fingerprint_bits, in.u8());
    TALARIA_TRY_ASSIGN(part.shape.slot_bits, in.u8());
    TALARIA_TRY_ASSIGN(part.keys_at, in.varint());
    TALARIA_TRY_ASSIGN(part.lookup_at, in.varint());
    TALARIA_TRY_ASSIGN(part.locations_at, in.varint());
    if (kind >= kind_count || count == 0 || count != slots[kind] || parts_[kind].count != 0)
      return failure(errc::damaged, "impossible part");
    part.count = static_cast<uint32_t>(count);
    part.shape.entries = part.count;
    TALARIA_TRY(check_part(static_cast<Kind>(kind), part, body_size));
    parts_[kind] = part;
  }
  for (std::size_t kind = 0; kind < kind_count; ++kind)
    if (slots[kind] != parts_[kind].count) return failure(errc::damaged, "ranges without a part");
  TALARIA_TRY_ASSIGN(auto block_count, in.varint());
  TALARIA_TRY_ASSIGN(blocks_at_, in.varint());
  if (block_count > UINT32_MAX || blocks_at_ > body_size ||
      block_count * BlockInfo::stored_size > body_size - blocks_at_ || !in.at_end())
    return failure(errc::damaged, "impossible table of blocks");
  block_count_ = static_cast<uint32_t>(block_count);
  return {};
}

Result<void> Segment::check_part(Kind kind, const Part& part, uint64_t body_size) const {
  auto fits = [&](uint64_t at, uint64_t size) { return at <= body_size && size <= body_size - at; };
  uint64_t keys = kind == Kind::header ? 0 : uint64_t{part.count} * key_size;
  if (!part.shape.valid() && kind != Kind::header)
    return failure(errc::damaged, "impossible look-up table");
  if (part.shape.bucket_bits > 28 || part.shape.fingerprint_bits > 32 || part.shape.slot_bits > 32 ||
      part.shape.entry_bits() > 57 || part.location_bits == 0 || part.location_bits > 32 ||
      !fits(part.keys_at, keys) || !fits(part.lookup_at, part.shape.size()) ||
      !fits(part.locations_at, (uint64_t{part.count} * part.location_bits + 7) / 8 + 7))
    return failure(errc::damaged, "sections lie outside of the file");
  return {};
}

Result<std::optional<uint32_t>> Segment::find(Kind kind, const Key128& wanted) const {
  auto& part = parts_[index_of(kind)];
  if (part.count == 0) return std::nullopt;
  std::vector<uint32_t> slots;
  TALARIA_TRY(find_in_lookup_table(*file_, part.lookup_at, part.shape, wanted.high, part.count, slots));
  for (auto slot : slots) {
    TALARIA_TRY_ASSIGN(auto found, key(kind, slot));
    if (found == wanted) return slot;
  }
  return std::nullopt;
}

Result<void> Segment::find_headers(uint64_t accession_key, std::size_t most,
                                   std::vector<uint32_t>& slots) const {
  auto& part = parts_[index_of(Kind::header)];
  if (part.count == 0) return {};
  return find_in_lookup_table(*file_, part.lookup_at, part.shape, accession_key, most, slots);
}

Result<Key128> Segment::key(Kind kind, uint32_t slot) const {
  auto& part = parts_[index_of(kind)];
  if (slot >= part.count) return failure(errc::damaged, name() + ": impossible slot");
  TALARIA_TRY_ASSIGN(const char* bytes, file_->at(part.keys_at + uint64_t{slot} * key_size, key_size));
  return Key128{load_u64(bytes), load_u64(bytes + 8)};
}

Result<std::vector<uint32_t>> Segment::header_keys() const {
  auto& part = parts_[index_of(Kind::header)];
  std::vector<uint32_t> keys(part.count);
  if (part.count == 0) return keys;
  auto& shape = part.shape;
  TALARIA_TRY_ASSIGN(const char* buckets, file_->at(part.lookup_at, shape.bucket_bytes()));
  TALARIA_TRY_ASSIGN(const char* entries,
                     file_->at(part.lookup_at + shape.bucket_bytes(), shape.entry_bytes()));
  auto mask = (uint64_t{1} << shape.fingerprint_bits) - 1;
  uint64_t bucket = 0;
  for (uint64_t i = 0; i < part.count; ++i) {
    while (bucket + 1 < uint64_t{1} << shape.bucket_bits && load_u32(buckets + 4 * (bucket + 1)) <= i)
      ++bucket;
    auto entry = load_bits(entries, i * shape.entry_bits(), static_cast<unsigned>(shape.entry_bits()));
    auto slot = entry >> shape.fingerprint_bits;
    if (slot >= part.count) return failure(errc::damaged, name() + ": impossible slot");
    keys[slot] = static_cast<uint32_t>(bucket << shape.fingerprint_bits | (entry & mask));
  }
  return keys;
}

Result<uint32_t> Segment::block_of(Kind kind, uint32_t slot) const {
  auto& part = parts_[index_of(kind)];
  if (slot >= part.count) return failure(errc::damaged, name() + ": impossible slot");
  auto position = uint64_t{slot} * part.location_bits;
  TALARIA_TRY_ASSIGN(const char* bytes, file_->at(part.locations_at + position / 8, 8));
  auto place = static_cast<uint32_t>(load_bits(bytes, position % 8, part.location_bits));
  if (place >= block_count_) return failure(errc::damaged, name() + ": impossible block");
  return place;
}

Result<BlockInfo> Segment::block(uint32_t place) const {
  if (place >= block_count_) return failure(errc::damaged, name() + ": impossible block");
  TALARIA_TRY_ASSIGN(const char* bytes, file_->at(blocks_at_ + uint64_t{place} * BlockInfo::stored_size,
                                                  BlockInfo::stored_size));
  auto info = BlockInfo::read({bytes, BlockInfo::stored_size});
  if (!info) return tl::unexpected(info.error().within(name()));
  if (info->pack >= packs_.size()) return failure(errc::damaged, name() + ": impossible pack");
  return info;
}

std::pair<const NumberRange*, uint32_t> Segment::number_of(Kind kind, uint32_t slot) const noexcept {
  for (auto& range : ranges_)
    if (range.kind == kind && slot >= range.first_slot && slot - range.first_slot < range.count)
      return {&range, range.base + (slot - range.first_slot)};
  return {nullptr, 0};
}

Result<void> Segment::verify() const {
  TALARIA_TRY(file_->at(0, file_->body_size()));
  for (uint32_t i = 0; i < block_count_; ++i) TALARIA_TRY(block(i));
  for (auto kind : all_kinds) {
    for (uint32_t slot = 0; slot < count(kind); ++slot) {
      TALARIA_TRY_ASSIGN(auto place, block_of(kind, slot));
      TALARIA_TRY_ASSIGN(auto info, block(place));
      if (info.kind != kind)
        return failure(errc::damaged, name() + ": a chunk lies in a block of another kind");
      if (kind == Kind::header) continue;
      TALARIA_TRY_ASSIGN(auto own, key(kind, slot));
      TALARIA_TRY_ASSIGN(auto found, find(kind, own));
      if (!found) return failure(errc::damaged, name() + ": a chunk isn't found by its digest");
    }
  }
  return header_keys().map([](const auto&) {});
}

} // namespace talaria

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

void write_key(const Key128& key, std::string& out) {
  store_u64(out, key.high);
  store_u64(out, key.low);
}

// The table of the keys at some slots; of all slots if `blocks` is empty.
std::string lookup_table(Kind kind, std::span<const Key128> keys, std::span<const uint32_t> header_keys,
                         std::span<const uint32_t> blocks) {
  auto count = static_cast<uint32_t>(kind == Kind::header ? header_keys.size() : keys.size());
  std::vector<std::pair<uint64_t, uint32_t>> pairs;
  pairs.reserve(count);
  for (uint32_t slot = 0; slot < count; ++slot)
    if (blocks.empty() || blocks[slot] != no_block)
      pairs.emplace_back(kind == Kind::header ? uint64_t{header_keys[slot]} << 32 : keys[slot].high,
                         slot);
  std::string table;
  auto entries = static_cast<uint32_t>(pairs.size());
  write_lookup_table(SegmentSections::of(kind, count, entries).shape, pairs, table);
  return table;
}

std::string lookup_table(Kind kind, const SegmentPart& part) {
  return lookup_table(kind, part.keys, part.header_keys, part.blocks);
}

// `blocks`: how many the segment has, which is the location of what is gone.
void write_sections(Kind kind, const SegmentPart& part, uint32_t blocks, SegmentSections& sections,
                    std::string& body) {
  sections.keys_at = body.size();
  body.reserve(body.size() + std::size_t{sections.count} * (key_size + 8));
  for (auto& key : part.keys) write_key(key, body);
  sections.lookup_at = body.size();
  body += part.lookup.empty() ? lookup_table(kind, part) : part.lookup;
  sections.locations_at = body.size();
  RunCounter counter;
  for (auto block : part.blocks) counter.add(block);
  sections.locations = LocationShape::of(sections.count, blocks, counter.runs());
  LocationWriter locations(sections.locations, body);
  for (auto block : part.blocks) locations.put(std::min(block, blocks));
  locations.finish();
}

void write_range(const NumberRange& range, std::string& out) {
  out += static_cast<char>(range.kind);
  out += range.generation.view();
  put_varint(out, range.base);
  put_varint(out, range.count);
}

void write_part(Kind kind, const SegmentSections& sections, std::string& out) {
  out += static_cast<char>(kind);
  put_varint(out, sections.count);
  put_varint(out, sections.shape.entries);
  out += static_cast<char>(sections.locations.bits);
  if (sections.locations.bits == 0) put_varint(out, sections.locations.runs);
  out += static_cast<char>(sections.shape.bucket_bits);
  out += static_cast<char>(sections.shape.fingerprint_bits);
  out += static_cast<char>(sections.shape.slot_bits);
  put_varint(out, sections.keys_at);
  put_varint(out, sections.lookup_at);
  put_varint(out, sections.locations_at);
}

} // namespace

std::string segment_name(const Digest& digest) {
  return "index/" + digest.hex();
}

std::string_view segment_magic() noexcept {
  return magic;
}

SegmentSections SegmentSections::of(Kind kind, uint32_t count, uint32_t entries) noexcept {
  SegmentSections sections;
  sections.count = count;
  sections.shape = LookupShape::of(entries, count, digest_fingerprint_bits);
  if (kind == Kind::header)
    sections.shape.fingerprint_bits = static_cast<uint8_t>(header_key_bits - sections.shape.bucket_bits);
  return sections;
}

std::string SegmentDescriptor::end_of_file(uint64_t body_size, std::string checksums) const {
  std::string descriptor;
  put_varint(descriptor, packs.size());
  for (auto& pack : packs) {
    descriptor += pack.digest.view();
    put_varint(descriptor, pack.size);
  }
  put_varint(descriptor, ranges.size());
  for (auto& range : ranges) write_range(range, descriptor);
  auto present = [](const SegmentSections& s) { return s.count > 0; };
  put_varint(descriptor,
             static_cast<uint64_t>(std::count_if(sections.begin(), sections.end(), present)));
  for (auto kind : all_kinds)
    if (present(sections[index_of(kind)])) write_part(kind, sections[index_of(kind)], descriptor);
  put_varint(descriptor, block_count);
  put_varint(descriptor, blocks_at);

  std::string trailer;
  store_u64(trailer, body_size);
  store_u32(trailer, static_cast<uint32_t>(descriptor.size()));
  store_u64(trailer, crc64(trailer, crc64(descriptor)));
  trailer += end_magic;
  return std::move(checksums) + descriptor + trailer;
}

std::string make_lookup_table(Kind kind, std::span<const Key128> keys,
                              std::span<const uint32_t> header_keys) {
  return lookup_table(kind, keys, header_keys, {});
}

std::string write_segment(SegmentDraft& draft) {
  std::string file(magic);
  SegmentDescriptor descriptor;
  descriptor.block_count = static_cast<uint32_t>(draft.blocks.size());
  for (auto kind : all_kinds) {
    auto& part = draft.parts[index_of(kind)];
    if (part.blocks.empty()) continue;
    auto& sections = descriptor.sections[index_of(kind)];
    auto gone = std::count(part.blocks.begin(), part.blocks.end(), no_block);
    sections = SegmentSections::of(kind, static_cast<uint32_t>(part.blocks.size()),
                                   static_cast<uint32_t>(part.blocks.size() - std::size_t(gone)));
    write_sections(kind, part, descriptor.block_count, sections, file);
  }
  descriptor.blocks_at = file.size();
  for (auto& block : draft.blocks) block.write(file);
  descriptor.packs = draft.packs;
  descriptor.ranges = draft.ranges;
  auto body_size = file.size();
  file += descriptor.end_of_file(body_size, CheckedFile::checksums(file));
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
    descriptor_.packs.push_back(pack);
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
    ranges_of_[kind].push_back(static_cast<uint32_t>(descriptor_.ranges.size()));
    descriptor_.ranges.push_back(range);
  }
  TALARIA_TRY_ASSIGN(auto part_count, in.varint());
  for (uint64_t i = 0; i < part_count; ++i) {
    SegmentSections part;
    TALARIA_TRY_ASSIGN(auto kind, in.u8());
    TALARIA_TRY_ASSIGN(auto count, in.varint());
    TALARIA_TRY_ASSIGN(auto entries, in.varint());
    TALARIA_TRY_ASSIGN(part.locations.bits, in.u8());
    uint64_t runs = 0;
    if (part.locations.bits == 0) {
      TALARIA_TRY_ASSIGN(runs, in.varint());
    }
    TALARIA_TRY_ASSIGN(part.shape.bucket_bits, in.u8());
    TALARIA_TRY_ASSIGN(part.shape.fingerprint_bits, in.u8());
    TALARIA_TRY_ASSIGN(part.shape.slot_bits, in.u8());
    TALARIA_TRY_ASSIGN(part.keys_at, in.varint());
    TALARIA_TRY_ASSIGN(part.lookup_at, in.varint());
    TALARIA_TRY_ASSIGN(part.locations_at, in.varint());
    if (kind >= kind_count || entries == 0 || entries > count || count != slots[kind] || runs > count ||
        descriptor_.sections[kind].count != 0)
      return failure(errc::damaged, "impossible part");
    part.count = static_cast<uint32_t>(count);
    part.locations.runs = static_cast<uint32_t>(runs);
    part.shape.entries = static_cast<uint32_t>(entries);
    TALARIA_TRY(check_sections(static_cast<Kind>(kind), part, body_size));
    descriptor_.sections[kind] = part;
  }
  for (std::size_t kind = 0; kind < kind_count; ++kind)
    if (slots[kind] != descriptor_.sections[kind].count)
      return failure(errc::damaged, "ranges without a part");
  TALARIA_TRY_ASSIGN(auto block_count, in.varint());
  TALARIA_TRY_ASSIGN(auto blocks_at, in.varint());
  if (block_count > UINT32_MAX || blocks_at > body_size ||
      block_count * BlockInfo::stored_size > body_size - blocks_at || !in.at_end())
    return failure(errc::damaged, "impossible table of blocks");
  descriptor_.block_count = static_cast<uint32_t>(block_count);
  descriptor_.blocks_at = blocks_at;
  return {};
}

Result<void> Segment::check_sections(Kind kind, const SegmentSections& part, uint64_t body_size) const {
  auto fits = [&](uint64_t at, uint64_t size) { return at <= body_size && size <= body_size - at; };
  uint64_t keys = kind == Kind::header ? 0 : uint64_t{part.count} * key_size;
  bool usable = kind == Kind::header
                    ? part.shape.bucket_bits + part.shape.fingerprint_bits == header_key_bits
                    : part.shape.valid();
  if (!usable) return failure(errc::damaged, "impossible look-up table");
  if (part.shape.bucket_bits > 28 || part.shape.fingerprint_bits > 32 || part.shape.slot_bits > 32 ||
      part.shape.entry_bits() > 57 || !part.locations.valid(part.count) || !fits(part.keys_at, keys) ||
      !fits(part.lookup_at, part.shape.size()) ||
      !fits(part.locations_at, part.locations.size(part.count)))
    return failure(errc::damaged, "sections lie outside of the file");
  return {};
}

uint64_t Segment::slots() const noexcept {
  uint64_t slots = 0;
  for (auto kind : all_kinds) slots += count(kind);
  return slots;
}

Result<std::optional<uint32_t>> Segment::find(Kind kind, const Key128& wanted, uint32_t below) const {
  auto& part = sections(kind);
  if (part.count == 0) return std::nullopt;
  std::vector<uint32_t> slots;
  TALARIA_TRY(find_in_lookup_table(*file_, part.lookup_at, part.shape, wanted.high, part.count, slots));
  for (auto slot : slots) {
    if (slot >= below) continue;
    TALARIA_TRY_ASSIGN(auto found, key(kind, slot));
    if (found == wanted) return slot;
  }
  return std::nullopt;
}

Result<void> Segment::find_headers(uint64_t accession_key, std::size_t most,
                                   std::vector<uint32_t>& slots) const {
  auto& part = sections(Kind::header);
  if (part.count == 0) return {};
  return find_in_lookup_table(*file_, part.lookup_at, part.shape, accession_key, most, slots);
}

Result<Key128> Segment::key(Kind kind, uint32_t slot) const {
  auto& part = sections(kind);
  if (slot >= part.count) return failure(errc::damaged, name() + ": impossible slot");
  TALARIA_TRY_ASSIGN(const char* bytes, file_->at(part.keys_at + uint64_t{slot} * key_size, key_size));
  return Key128{load_u64(bytes), load_u64(bytes + 8)};
}

void Segment::prefetch_key(Kind kind, uint32_t slot) const noexcept {
  if (kind != Kind::header)
    __builtin_prefetch(file_->file().data() + sections(kind).keys_at + uint64_t{slot} * key_size);
}

LookupCursor Segment::entries(Kind kind) const noexcept {
  return {*file_, sections(kind).lookup_at, sections(kind).shape};
}

Result<std::vector<uint32_t>> Segment::header_keys() const {
  std::vector<uint32_t> keys(count(Kind::header));
  auto cursor = entries(Kind::header);
  while (true) {
    TALARIA_TRY_ASSIGN(bool more, cursor.next());
    if (!more) return keys;
    if (cursor.slot() >= keys.size()) return failure(errc::damaged, name() + ": impossible slot");
    keys[cursor.slot()] = static_cast<uint32_t>(cursor.prefix());
  }
}

Result<uint32_t> Segment::block_of(Kind kind, uint32_t slot) const {
  auto& part = sections(kind);
  if (slot >= part.count) return failure(errc::damaged, name() + ": impossible slot");
  if (part.locations.runs > 0) TALARIA_TRY(check_runs(kind));
  TALARIA_TRY_ASSIGN(auto place, find_location(*file_, part.locations_at, part.locations, slot));
  if (place == descriptor_.block_count && has_gone(kind)) return no_block;
  if (place >= descriptor_.block_count) return failure(errc::damaged, name() + ": impossible block");
  return place;
}

// At the first touch: a search that relies on their order would give one answer here and another there.
Result<void> Segment::check_runs(Kind kind) const {
  auto& checked = runs_checked_[index_of(kind)];
  if (checked.load(std::memory_order_acquire)) return {};
  auto& part = sections(kind);
  TALARIA_TRY(talaria::check_runs(*file_, part.locations_at, part.locations, part.count));
  checked.store(true, std::memory_order_release);
  return {};
}

Result<BlockInfo> Segment::block(uint32_t place) const {
  if (place >= descriptor_.block_count) return failure(errc::damaged, name() + ": impossible block");
  TALARIA_TRY_ASSIGN(const char* bytes,
                     file_->at(descriptor_.blocks_at + uint64_t{place} * BlockInfo::stored_size,
                               BlockInfo::stored_size));
  auto info = BlockInfo::read({bytes, BlockInfo::stored_size});
  if (!info) return tl::unexpected(info.error().within(name()));
  if (info->pack >= descriptor_.packs.size())
    return failure(errc::damaged, name() + ": impossible pack");
  return info;
}

std::pair<const NumberRange*, uint32_t> Segment::number_of(Kind kind, uint32_t slot) const noexcept {
  auto& places = ranges_of_[index_of(kind)];
  auto next = std::upper_bound(places.begin(), places.end(), slot, [this](uint32_t s, uint32_t place) {
    return s < descriptor_.ranges[place].first_slot;
  });
  if (next == places.begin()) return {nullptr, 0};
  auto& range = descriptor_.ranges[*std::prev(next)];
  auto offset = slot - range.first_slot;
  if (offset >= range.count) return {nullptr, 0};
  return {&range, range.base + offset};
}

Result<void> Segment::check() const {
  return file_->at(0, file_->body_size()).map([](const char*) {});
}

Result<void> Segment::verify() const {
  TALARIA_TRY(verify_entries());
  if (segment_name(digest_of(file_->file().view())) != name())
    return failure(errc::damaged, name() + ": its content doesn't have the digest that its name says");
  return {};
}

Result<void> Segment::verify_entries() const {
  TALARIA_TRY(check());
  std::vector<Kind> kinds(block_count());
  for (uint32_t i = 0; i < block_count(); ++i) {
    TALARIA_TRY_ASSIGN(auto info, block(i));
    kinds[i] = info.kind;
  }
  for (auto kind : all_kinds) {
    std::vector<bool> gone(count(kind), false);
    for (uint32_t slot = 0; slot < count(kind); ++slot) {
      TALARIA_TRY_ASSIGN(auto place, block_of(kind, slot));
      gone[slot] = place == no_block;
      if (!gone[slot] && kinds[place] != kind)
        return failure(errc::damaged, name() + ": a chunk lies in a block of another kind");
    }
    if (count(kind) > 0) TALARIA_TRY(verify_lookup(kind, std::move(gone)));
  }
  return {};
}

// Each slot of a chunk stands in the look-up table once, where its key belongs. Keys lie in another
// order than the entries, so those of some entries are waited for together.
Result<void> Segment::verify_lookup(Kind kind, std::vector<bool> found) const {
  auto wrong = [&] { return failure(errc::damaged, name() + ": the look-up table contradicts itself"); };
  std::array<std::pair<uint64_t, uint32_t>, 64> group; // prefixes and slots
  auto cursor = entries(kind);
  for (bool more = true; more;) {
    std::size_t size = 0;
    while (size < group.size()) {
      TALARIA_TRY_ASSIGN(more, cursor.next());
      if (!more) break;
      if (cursor.slot() >= found.size() || found[cursor.slot()]) return wrong();
      found[cursor.slot()] = true;
      prefetch_key(kind, cursor.slot());
      group[size++] = {cursor.prefix(), cursor.slot()};
    }
    if (kind == Kind::header) continue; // the table alone knows its keys
    for (auto& [prefix, slot] : std::span(group).first(size)) {
      TALARIA_TRY_ASSIGN(auto own, key(kind, slot));
      if (sections(kind).shape.key_bits(own.high) != prefix) return wrong();
    }
  }
  return std::ranges::find(found, false) == found.end() ? Result<void>() : wrong();
}

} // namespace talaria

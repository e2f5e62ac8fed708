// Any index segment is refused as damaged, at opening or at the touch, or answers within its bounds.
//
//   u8 mode: 0 reads the rest as a file; otherwise sized descriptor, body.
#include "repository/digest_index.hpp"
#include "repository/segment_merge.hpp"

#include "core/crc64.hpp"
#include "repository_fuzz.hpp"

using namespace talaria;
using namespace talaria::fuzz;

namespace {

std::string build(Fields& in) {
  const auto descriptor = in.sized();
  std::string file = "TALINDX1";
  file += in.rest();
  std::string trailer;
  store_u64(trailer, file.size());
  store_u32(trailer, static_cast<std::uint32_t>(descriptor.size()));
  store_u64(trailer, crc64(trailer, crc64(descriptor)));
  file += CheckedFile::checksums(file);
  file += descriptor;
  return file + trailer + "TALIXEND";
}

// Numbers of a part that are looked at: all if they are few, and some from the end.
template <class Look>
void some_of(std::uint32_t count, Look look) {
  for (std::uint32_t i = 0; i < std::min(count, 200u); ++i) look(i);
  for (std::uint32_t i = 0; i < std::min(count, 50u); ++i) look(count - 1 - i);
  look(count);
  look(UINT32_MAX);
}

void ask(const Segment& segment, Kind kind) {
  const auto count = segment.count(kind);
  some_of(count, [&](std::uint32_t slot) {
    require_sound(segment.block_of(kind, slot));
    require((segment.number_of(kind, slot).first != nullptr) == (slot < count));
    std::vector<std::uint32_t> slots;
    require_sound(segment.find_headers(std::uint64_t{slot} << 32, 9, slots));
    if (kind == Kind::header) return;
    const auto key = segment.key(kind, slot);
    require_sound(key);
    if (!key) return;
    const auto found = segment.find(kind, *key);
    require_sound(found);
    if (found && *found) require(**found < count && segment.key(kind, **found).value() == *key);
  });
}

void ask_index(const SegmentPtr& segment) {
  std::vector<GenerationId> generations;
  for (auto& range : segment->ranges()) generations.push_back(range.generation);
  const auto index = DigestIndex::open(generations, {segment}, {}, std::make_shared<PackRegistry>());
  require_sound(index);
  if (!index) return;
  for (auto& range : segment->ranges()) {
    const auto generation = (*index)->generation(range.generation).value();
    for (const auto ordinal : {range.base, range.base + range.count / 2, range.base + range.count}) {
      const Number number{generation, ordinal};
      require_sound((*index)->locate(range.kind, number));
      if (range.kind == Kind::header) continue;
      const auto key = (*index)->key(range.kind, number);
      require_sound(key);
      if (key) require_sound((*index)->find(range.kind, *key));
    }
    std::vector<Number> numbers;
    require_sound((*index)->find_headers(std::uint64_t{range.base} << 32, 9, numbers));
  }
}

// Merged, it is refused as damaged, or finds what it found before.
void merge(ObjectStore& store, const SegmentPtr& segment) {
  const std::vector<SegmentPtr> twice{segment, segment};
  const auto info = merge_segments(store, twice);
  require_sound(info);
  if (!info) return;
  const auto merged = Segment::open(store, segment_name(info->digest));
  require(merged.has_value());
  for (auto kind : all_kinds) {
    require((*merged)->count(kind) == 2 * segment->count(kind));
    if (kind == Kind::header) continue;
    some_of(segment->count(kind), [&](std::uint32_t slot) {
      const auto key = segment->key(kind, slot);
      if (!key) return;
      const auto found = segment->find(kind, *key);
      // An entry for a chunk that is gone is dropped.
      if (found && *found && segment->block_of(kind, **found).value_or(no_block) != no_block)
        require((*merged)->find(kind, *key).value().has_value());
    });
  }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Fields in(data, size);
  const auto file = in.u8() == 0 ? std::string(in.rest()) : build(in);
  auto store = memory_store();
  put(*store, "index/x", file);
  const auto opened = Segment::open(*store, "index/x");
  require_sound(opened);
  if (!opened) return 0;
  auto& segment = **opened;
  for (auto kind : all_kinds) ask(segment, kind);
  some_of(segment.block_count(), [&](std::uint32_t place) {
    const auto info = segment.block(place);
    require_sound(info);
    if (info) require(place < segment.block_count() && info->pack < segment.packs().size());
  });
  const auto headers = segment.header_keys();
  require_sound(headers);
  if (headers) require(headers->size() == segment.count(Kind::header));
  require_sound(segment.verify());
  ask_index(*opened);
  merge(*store, *opened);
  return 0;
}

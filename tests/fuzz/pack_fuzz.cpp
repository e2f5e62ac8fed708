// Any pack is refused as damaged, or its blocks lie back to back in the file, and are decoded or
// refused.
//
//   u8 mode: 0 reads the rest as a file; otherwise
//   generation (16 bytes), u8 number of entries, the entries (32 bytes each), the blocks.
// Bits of the mode: 2 sets offsets and stored sizes so that the blocks fill the pack, 4 sets their
// checksums.
#include "repository/pack.hpp"

#include "core/crc64.hpp"
#include "repository_fuzz.hpp"

using namespace talaria;
using namespace talaria::fuzz;

namespace {

std::string build(unsigned mode, Fields& in) {
  std::string file = "TALPACK1";
  auto generation = std::string(in.bytes(GenerationId::size));
  generation.resize(GenerationId::size);
  file += generation;
  const auto header_crc = crc64(file);
  const std::size_t count = in.u8();
  std::string table(in.bytes(count * BlockInfo::stored_size));
  table.resize(count * BlockInfo::stored_size);
  const auto blocks = in.rest();
  std::uint64_t offset = file.size();
  auto left = blocks.size();
  auto set = [&](std::size_t at, const std::string& bytes) { table.replace(at, bytes.size(), bytes); };
  for (std::size_t i = 0; i < count; ++i) {
    const auto at = i * BlockInfo::stored_size;
    if ((mode & 2) != 0) {
      const auto stored =
          i + 1 == count ? left : std::min<std::size_t>(left, load_u32(table.data() + at + 4) % 4096);
      std::string bytes;
      store_u32(bytes, static_cast<std::uint32_t>(offset));
      store_u32(bytes, static_cast<std::uint32_t>(stored));
      set(at, bytes);
      if ((mode & 4) != 0) {
        std::string crc;
        store_u64(crc, crc64(blocks.substr(blocks.size() - left, stored)));
        set(at + 24, crc);
      }
      offset += stored;
      left -= stored;
    }
  }
  file += blocks;
  file += table;
  store_u32(file, static_cast<std::uint32_t>(count));
  store_u64(file, crc64(table, header_crc));
  return file + "TALPKEND";
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Fields in(data, size);
  const unsigned mode = in.u8();
  const auto file = mode == 0 ? std::string(in.rest()) : build(mode, in);
  auto store = memory_store();
  put(*store, "packs/x", file);
  const auto footer = read_pack_footer(*store, "packs/x", file.size());
  require_sound(footer);
  if (!footer) return 0;
  std::uint64_t offset = 8 + GenerationId::size;
  BlockDecoder decoder;
  for (auto& info : footer->blocks) {
    require(info.offset == offset && info.offset + std::uint64_t{info.stored} <= file.size());
    offset += info.stored;
    const auto block = decoder.decode(info, std::string_view(file).substr(info.offset, info.stored));
    require_sound(block);
    if (block) require((*block)->count() == info.count);
  }
  return 0;
}

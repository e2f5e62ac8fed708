#include "repository/read_back.hpp"

#include "core/crc64.hpp"
#include "core/try.hpp"

#include <algorithm>

namespace talaria {

namespace {

// Bytes of blocks that are read at once.
constexpr uint64_t read_window = uint64_t{4} << 20;

tl::unexpected<Error> differs(const std::string& name, const std::string& what) {
  return failure(errc::internal, name + " " + what +
                                     ", so it was not committed: this is a defect of Talaria or of the "
                                     "disk");
}

} // namespace

Result<void> read_back_pack(const ObjectStore& store, const PackInfo& pack,
                            const GenerationId& generation, std::span<const BlockInfo> blocks) {
  auto name = pack_name(pack.digest);
  TALARIA_TRY_ASSIGN(auto footer, read_pack_footer(store, name, pack.size));
  if (footer.generation != generation || !std::ranges::equal(footer.blocks, blocks))
    return differs(name, "has another footer than was written");
  for (std::size_t i = 0; i < blocks.size();) {
    uint64_t offset = blocks[i].offset;
    uint64_t size = 0;
    auto end = i;
    for (; end < blocks.size() && (end == i || size + blocks[end].stored <= read_window); ++end)
      size += blocks[end].stored;
    TALARIA_TRY_ASSIGN(auto bytes, store.get_range({name, offset, size}));
    for (; i < end; ++i)
      if (crc64(bytes.view().substr(blocks[i].offset - offset, blocks[i].stored)) != blocks[i].crc)
        return differs(name, "has other bytes than were written");
  }
  return {};
}

Result<void> read_back_segment(const Segment& segment, const SegmentDraft& draft) {
  auto wrong = [&] { return differs(segment.name(), "has other entries than were written"); };
  TALARIA_TRY(segment.verify_entries());
  for (uint32_t i = 0; i < draft.blocks.size(); ++i) {
    TALARIA_TRY_ASSIGN(auto block, segment.block(i));
    if (block != draft.blocks[i]) return wrong();
  }
  for (auto kind : all_kinds) {
    auto& part = draft.parts[index_of(kind)];
    if (segment.count(kind) != part.blocks.size()) return wrong();
    for (uint32_t slot = 0; slot < part.blocks.size(); ++slot) {
      TALARIA_TRY_ASSIGN(auto block, segment.block_of(kind, slot));
      if (block != part.blocks[slot]) return wrong();
      if (kind == Kind::header) continue;
      TALARIA_TRY_ASSIGN(auto key, segment.key(kind, slot));
      if (key != part.keys[slot]) return wrong();
    }
  }
  return {};
}

Result<void> read_back_pages(const ObjectStore& store, const PackInfo& pages,
                             const PageFileWriter& writer, uint64_t records) {
  TALARIA_TRY_ASSIGN(auto file, PageFile::open(store, pages.digest, pages.size));
  uint64_t found = 0;
  for (std::size_t i = 0; i < file->pages().size(); ++i) {
    TALARIA_TRY_ASSIGN(auto page, file->read(store, i));
    found += page.rows.size();
  }
  if (found != records || file->generations() != writer.generations() ||
      file->preamble() != writer.preamble() || file->reference_info() != writer.reference())
    return differs(pages_name(pages.digest), "has other records than were written");
  return {};
}

} // namespace talaria

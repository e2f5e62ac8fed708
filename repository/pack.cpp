#include "repository/pack.hpp"

#include "core/crc64.hpp"
#include "core/endian.hpp"
#include "core/try.hpp"
#include "repository/magic.hpp"

namespace talaria {

namespace {

constexpr std::string_view magic = "TALPACK1";
constexpr std::string_view end_magic = "TALPKEND";
constexpr std::size_t header_size = 8 + GenerationId::size;
constexpr std::size_t trailer_size = 4 + 8 + 8; // block count, CRC-64 of header and block table, magic

} // namespace

std::string pack_name(const Digest& digest) {
  return "packs/" + digest.hex();
}

Result<std::unique_ptr<PackWriter>> PackWriter::create(ObjectStore& store,
                                                       const GenerationId& generation) {
  TALARIA_TRY_ASSIGN(auto out, store.create());
  std::unique_ptr<PackWriter> pack(new PackWriter(std::move(out)));
  std::string header(magic);
  header += generation.view();
  TALARIA_TRY(pack->write(header));
  pack->header_crc_ = crc64(header);
  return pack;
}

Result<void> PackWriter::write(std::string_view bytes) {
  TALARIA_TRY(out_->append(bytes));
  hasher_.update(bytes);
  size_ += bytes.size();
  return {};
}

Result<BlockInfo> PackWriter::append(const EncodedBlock& block) {
  auto info = block.info;
  info.offset = static_cast<uint32_t>(size_);
  info.pack = 0;
  TALARIA_TRY(write(block.bytes));
  blocks_.push_back(info);
  return info;
}

Result<PackInfo> PackWriter::finish() {
  std::string footer;
  footer.reserve(blocks_.size() * BlockInfo::stored_size + trailer_size);
  for (auto& block : blocks_) block.write(footer);
  auto crc = crc64(footer, header_crc_);
  store_u32(footer, static_cast<uint32_t>(blocks_.size()));
  store_u64(footer, crc);
  footer += end_magic;
  TALARIA_TRY(write(footer));
  PackInfo info{hasher_.finish(), size_};
  TALARIA_TRY(out_->commit(pack_name(info.digest)));
  return info;
}

Result<PackFooter> read_pack_footer(const ObjectStore& store, const std::string& name, uint64_t size) {
  if (size < header_size + trailer_size)
    return failure(errc::damaged, name + " is too short to be a pack");
  TALARIA_TRY_ASSIGN(auto head, store.get_range({name, 0, header_size}));
  TALARIA_TRY(check_magic(head.view(), magic, name));
  PackFooter footer;
  footer.generation = GenerationId::from(head.view().substr(magic.size()));
  TALARIA_TRY_ASSIGN(auto tail, store.get_range({name, size - trailer_size, trailer_size}));
  auto count = load_u32(tail.data());
  auto crc = load_u64(tail.data() + 4);
  uint64_t table_size = uint64_t{count} * BlockInfo::stored_size;
  if (tail.view().substr(12) != end_magic || table_size > size - header_size - trailer_size)
    return failure(errc::damaged, name + " doesn't end like a pack: it is truncated or overwritten");
  TALARIA_TRY_ASSIGN(auto table, store.get_range({name, size - trailer_size - table_size, table_size}));
  if (crc64(table.view(), crc64(head.view())) != crc)
    return failure(errc::damaged, name + ": checksum of the footer differs");
  uint64_t offset = header_size;
  footer.blocks.reserve(count);
  for (uint32_t i = 0; i < count; ++i) {
    auto block =
        BlockInfo::read(table.view().substr(i * BlockInfo::stored_size, BlockInfo::stored_size));
    if (!block) return tl::unexpected(block.error().within(name));
    if (block->offset != offset)
      return failure(errc::damaged, name + ": blocks don't follow each other");
    offset += block->stored;
    footer.blocks.push_back(*block);
  }
  if (offset != size - trailer_size - table_size)
    return failure(errc::damaged, name + ": blocks don't fill the pack");
  return footer;
}

} // namespace talaria

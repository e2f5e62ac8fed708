// Any block is refused as damaged, or its chunks lie in its data and are found by their numbers.
//
//   u8 mode, u32 raw, u32 count, u8 kind, u8 codec, then with mode 0: u16 directory size, directory,
//   data, both compressed; otherwise: u16 size of the columns, columns, data, which are compressed here,
//   and with an odd mode raw and count are those that fit.
#include "repository/block.hpp"

#include "core/crc64.hpp"
#include "repository_fuzz.hpp"

using namespace talaria;
using namespace talaria::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Fields in(data, size);
  const unsigned mode = in.u8();
  BlockInfo info;
  info.raw = in.u32();
  info.count = in.u32();
  info.kind = static_cast<Kind>(in.u8());
  info.codec = static_cast<CodecId>(in.u8());
  const auto directory = in.sized();
  const auto content = in.rest();
  std::string stored;
  if (mode == 0) {
    stored = directory;
    info.directory = static_cast<std::uint32_t>(stored.size());
    stored += content;
  } else {
    info.codec = static_cast<CodecId>(static_cast<unsigned>(info.codec) % codec_count);
    require(make_codec(CodecId::zstd)->compress(directory, 1, stored).has_value());
    info.directory = static_cast<std::uint32_t>(stored.size());
    require(make_codec(info.codec)->compress(content, 1, stored).has_value());
    if (mode % 2 == 1) {
      info.raw = static_cast<std::uint32_t>(content.size());
      info.count = static_cast<std::uint32_t>(directory.size() / 8);
    }
  }
  info.stored = static_cast<std::uint32_t>(stored.size());
  info.crc = crc64(stored);

  // What BlockInfo::read() lets through is all that decode() ever gets.
  std::string entry;
  info.write(entry);
  const auto checked = BlockInfo::read(entry);
  require_sound(checked);
  if (!checked) return 0;
  const auto block = BlockDecoder().decode(*checked, stored);
  require_sound(block);
  if (!block) return 0;
  require((*block)->count() == checked->count && (*block)->kind() == checked->kind);
  std::size_t total = 0;
  for (std::size_t i = 0; i < (*block)->count(); ++i) {
    const std::string copy((*block)->content(i));
    total += copy.size();
    const auto place = (*block)->find((*block)->ordinal(i));
    require(place < (*block)->count() && (*block)->ordinal(place) == (*block)->ordinal(i));
  }
  require(total == checked->raw);
  return 0;
}

// Any bytes are refused as damaged, or make headers of the stated size; any headers come back.
//
//   u8 mode; with mode 0: u16 size of the headers, u16 headers, coded headers; with mode 1: u16 size,
//   u16 headers, u16 words and u16 bytes of the dictionary, each stream behind a u16 of its size;
//   otherwise the headers, one on a line.
#include "coding/header_codec.hpp"
#include "coding/header_words.hpp"

#include "repository_fuzz.hpp"

#include <vector>

using namespace talaria;
using namespace talaria::fuzz;

namespace {

void decode(std::string_view packed, std::size_t size, std::size_t count) {
  std::vector<char> out(size);
  std::vector<std::uint32_t> lengths(count);
  const auto done = HeaderCodec().decompress(packed, out.data(), size, lengths);
  require_sound(done);
  if (!done) return;
  std::size_t total = 0;
  for (auto length : lengths) total += length;
  require(total == size);
}

void round_trip(std::string_view text, int level) {
  std::string raw;
  std::vector<std::uint32_t> lengths;
  while (!text.empty()) {
    const auto line = text.substr(0, text.find('\n'));
    raw += line;
    lengths.push_back(static_cast<std::uint32_t>(line.size()));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
  }
  HeaderCodec codec;
  std::string packed;
  const auto taken = codec.compress(raw, lengths, level, packed);
  require(taken.has_value());
  if (!*taken) return;
  std::string back(raw.size(), '\0');
  std::vector<std::uint32_t> lengths_back(lengths.size());
  require(codec.decompress(packed, back.data(), back.size(), lengths_back).has_value());
  require(back == raw && lengths_back == lengths);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Fields in(data, size);
  const unsigned mode = in.u8();
  if (mode > 1) {
    round_trip(in.rest(), static_cast<int>(mode % 4));
    return 0;
  }
  const std::size_t raw_size = in.u16();
  const std::size_t count = in.u16();
  if (mode == 0) {
    decode(in.rest(), raw_size, count);
    return 0;
  }
  std::string packed;
  put_varint(packed, in.u16());
  put_varint(packed, in.u16());
  for (std::size_t i = 0; i < header_stream_count; ++i) {
    const auto stream = in.sized();
    put_varint(packed, stream.size());
    put_varint(packed, stream.size());
    packed += stream;
  }
  decode(packed, raw_size, count);
  return 0;
}

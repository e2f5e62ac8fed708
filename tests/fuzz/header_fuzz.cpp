// Any bytes are refused as damaged, or make headers of the stated size; any headers come back.
//
//   u8 mode; with mode 0: u16 size of the headers, u16 headers, coded headers; with mode 1: u16 size,
//   u16 headers, u16 words and u16 bytes of the dictionary, each stream behind a u16 of its size;
//   otherwise the headers, one on a line.
#include "coding/header_codec.hpp"
#include "coding/header_words.hpp"
#include "core/endian.hpp"

#include "header_fuzz.hpp"

using namespace talaria;
using namespace talaria::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Fields in(data, size);
  const unsigned mode = in.u8();
  HeaderCodec codec;
  if (mode > 1) {
    round_trip_headers(codec, in.rest(), [&](auto& raw, auto& lengths, auto& packed) {
      return codec.compress(raw, lengths, static_cast<int>(mode % 4), packed);
    });
    return 0;
  }
  const std::size_t raw_size = in.u16();
  const std::size_t count = in.u16();
  if (mode == 0) {
    decode_headers(codec, in.rest(), raw_size, count);
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
  decode_headers(codec, packed, raw_size, count);
  return 0;
}

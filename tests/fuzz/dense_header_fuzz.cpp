// Any bytes are refused as damaged, or make headers of the stated size; any headers come back.
//
//   u8 mode; with mode 0: u16 size of the headers, u16 headers, dense headers; with mode 1: the same
//   without the size in front of the coded bits; otherwise the headers, one on a line.
#include "coding/dense_header_codec.hpp"
#include "core/endian.hpp"

#include "header_fuzz.hpp"

using namespace talaria;
using namespace talaria::fuzz;

namespace {

// Most of the time goes into making a model, so there is one for all inputs.
DenseHeaderCodec& the_codec() {
  static DenseHeaderCodec codec;
  return codec;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Fields in(data, size);
  const unsigned mode = in.u8();
  if (mode > 1) {
    auto& codec = the_codec();
    round_trip_headers(codec, in.rest(), [&](auto& raw, auto& lengths, auto& packed) {
      const auto taken = codec.compress(raw, lengths, packed);
      require(taken.has_value() && *taken);
      return taken;
    });
    return 0;
  }
  const std::size_t raw_size = in.u16();
  const std::size_t count = in.u16();
  const auto rest = in.rest();
  std::string packed;
  if (mode == 1) put_varint(packed, rest.size());
  packed += rest;
  decode_headers(the_codec(), packed, raw_size, count);
  return 0;
}

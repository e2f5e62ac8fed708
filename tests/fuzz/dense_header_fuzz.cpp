// Any bytes are refused as damaged, or make headers of the stated size; any headers come back.
//
//   u8 mode; with mode 0: u16 size of the headers, u16 headers, dense headers; with mode 1: the same
//   without the size in front of the coded bits; otherwise the headers, one on a line.
#include "coding/dense_header_codec.hpp"
#include "core/endian.hpp"

#include "repository_fuzz.hpp"

#include <vector>

using namespace talaria;
using namespace talaria::fuzz;

namespace {

// Most of the time goes into making a model, so there is one for all inputs.
DenseHeaderCodec& the_codec() {
  static DenseHeaderCodec codec;
  return codec;
}

void decode(std::string_view packed, std::size_t size, std::size_t count) {
  std::vector<char> out(size);
  std::vector<std::uint32_t> lengths(count);
  const auto done = the_codec().decompress(packed, out.data(), size, lengths);
  require_sound(done);
  if (!done) return;
  std::size_t total = 0;
  for (auto length : lengths) total += length;
  require(total == size);
}

void round_trip(std::string_view text) {
  std::string raw;
  std::vector<std::uint32_t> lengths;
  while (!text.empty()) {
    const auto line = text.substr(0, text.find('\n'));
    raw += line;
    lengths.push_back(static_cast<std::uint32_t>(line.size()));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
  }
  std::string packed;
  const auto taken = the_codec().compress(raw, lengths, packed);
  require(taken.has_value() && *taken);
  std::string back(raw.size(), '\0');
  std::vector<std::uint32_t> lengths_back(lengths.size());
  require(the_codec().decompress(packed, back.data(), back.size(), lengths_back).has_value());
  require(back == raw && lengths_back == lengths);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Fields in(data, size);
  const unsigned mode = in.u8();
  if (mode > 1) {
    round_trip(in.rest());
    return 0;
  }
  const std::size_t raw_size = in.u16();
  const std::size_t count = in.u16();
  const auto rest = in.rest();
  std::string packed;
  if (mode == 1) put_varint(packed, rest.size());
  packed += rest;
  decode(packed, raw_size, count);
  return 0;
}

// What the targets of header codecs share.
#pragma once

#include "repository_fuzz.hpp"

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace talaria::fuzz {

// Bytes are refused as damaged, or make headers of the stated size.
template <class Codec>
void decode_headers(Codec& codec, std::string_view packed, std::size_t size, std::size_t count) {
  std::vector<char> out(size);
  std::vector<std::uint32_t> lengths(count);
  const auto done = codec.decompress(packed, out.data(), size, lengths);
  require_sound(done);
  if (!done) return;
  std::size_t total = 0;
  for (auto length : lengths) total += length;
  require(total == size);
}

// The headers on the lines of a text come back. `compress(raw, lengths, packed)` says whether it took
// them.
template <class Codec, class Compress>
void round_trip_headers(Codec& codec, std::string_view text, Compress compress) {
  std::string raw;
  std::vector<std::uint32_t> lengths;
  while (!text.empty()) {
    const auto line = text.substr(0, text.find('\n'));
    raw += line;
    lengths.push_back(static_cast<std::uint32_t>(line.size()));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
  }
  std::string packed;
  const Result<bool> taken = compress(raw, lengths, packed);
  require(taken.has_value());
  if (!*taken) return;
  std::string back(raw.size(), '\0');
  std::vector<std::uint32_t> lengths_back(lengths.size());
  require(codec.decompress(packed, back.data(), back.size(), lengths_back).has_value());
  require(back == raw && lengths_back == lengths);
}

} // namespace talaria::fuzz

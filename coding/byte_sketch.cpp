#include "coding/byte_sketch.hpp"

#include <array>
#include <cstdint>

namespace talaria {

namespace {

// Each byte shifts the hash by four bits, so it is that of the last 16.
constexpr unsigned shift = 4;
constexpr std::size_t length = 64 / shift;

constexpr unsigned sampling_bits = 6;

constexpr auto table = [] {
  std::array<uint64_t, 256> values{};
  uint64_t state = 0x74616C6172696121; // splitmix64
  for (auto& value : values) {
    state += 0x9E3779B97F4A7C15;
    auto z = state;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9;
    z = (z ^ z >> 27) * 0x94D049BB133111EB;
    value = z ^ z >> 31;
  }
  return values;
}();

constexpr uint64_t mix(uint64_t x) noexcept {
  x *= 0x9E3779B97F4A7C15;
  x ^= x >> 32;
  return x * 0xD6E8FEB86659FD93;
}

} // namespace

ReferenceSketch byte_sketch(std::string_view bytes) {
  ReferenceSketch sketch;
  sketch.reserve((bytes.size() >> sampling_bits) * 5 / 4);
  uint64_t rolling = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    rolling = (rolling << shift) + table[static_cast<unsigned char>(bytes[i])];
    if (i + 1 < length) continue;
    const auto hash = mix(rolling);
    if (hash >> (64 - sampling_bits) != 0) continue;
    const auto kept = static_cast<uint32_t>(hash >> (32 - sampling_bits));
    if (sketch.empty() || sketch.back() != kept) sketch.push_back(kept);
  }
  return sketch;
}

} // namespace talaria

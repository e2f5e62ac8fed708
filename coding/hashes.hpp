// Hashes that chunking and sketching share.
#pragma once

#include <array>
#include <cstdint>

namespace talaria {

// One random number per byte value: the outputs of splitmix64. Fixed for ever: another table would cut
// the same data differently, and nothing stored before would be found again.
inline constexpr auto gear = [] {
  std::array<std::uint64_t, 256> gear{};
  std::uint64_t state = 0x74616c6172696121; // "talaria!"
  for (auto& value : gear) {
    state += 0x9e3779b97f4a7c15;
    std::uint64_t z = state;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    value = z ^ z >> 31;
  }
  return gear;
}();

// Spreads a key over all 64 bits, the highest best, by which sketches sample.
constexpr std::uint64_t mix(std::uint64_t x) noexcept {
  x *= 0x9E3779B97F4A7C15;
  x ^= x >> 32;
  return x * 0xD6E8FEB86659FD93;
}

} // namespace talaria

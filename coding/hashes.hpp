// Hashes that chunking, sketching and models share.
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

// Odd numbers by which hashes multiply: the first is the golden ratio's (Knuth, TAOCP 3, 6.4).
inline constexpr std::uint64_t odd_a = 0x9E3779B97F4A7C15;
inline constexpr std::uint64_t odd_b = 0xD6E8FEB86659FD93;

// Of 16 bytes, as two words. The highest bits are the best.
constexpr std::uint64_t hash_words(std::uint64_t first, std::uint64_t last) noexcept {
  return first * odd_a + last * odd_b;
}

// Spreads a key over all 64 bits, the highest best, by which sketches sample.
constexpr std::uint64_t mix(std::uint64_t x) noexcept {
  x *= odd_a;
  x ^= x >> 32;
  return x * odd_b;
}

} // namespace talaria

// What was seen in a context, in one byte: about how many zeros and ones, and which was last. Old ones
// of the other sort are forgotten. docs/format.md, "Dense headers".
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace talaria {

struct BitHistory {
  std::uint8_t zeros = 0;
  std::uint8_t ones = 0;
  std::uint8_t last = 0; // bit

  friend constexpr bool operator==(const BitHistory&, const BitHistory&) = default;

  constexpr BitHistory then(unsigned bit) const noexcept {
    unsigned same = (bit != 0 ? ones : zeros) + 1u;
    unsigned other = bit != 0 ? zeros : ones;
    if (other > 2) other = 2 + (other - 2) / 2;
    while (!fits(same, other)) --(same >= other ? same : other);
    const auto a = static_cast<std::uint8_t>(same);
    const auto b = static_cast<std::uint8_t>(other);
    return bit != 0 ? BitHistory{b, a, 1} : BitHistory{a, b, 0};
  }

private:
  // So many of the more frequent for so many of the less frequent.
  static constexpr std::array<unsigned, 5> most{40, 20, 10, 6, 5};
  static constexpr bool fits(unsigned a, unsigned b) noexcept {
    const unsigned less = a < b ? a : b;
    return less < most.size() && (a < b ? b : a) <= most[less];
  }
};

// All histories, and their numbers after a bit; number 0 has seen nothing. Numbers are not stored.
struct BitHistories {
  std::array<BitHistory, 256> of{};
  std::array<std::array<std::uint8_t, 2>, 256> next{};
  std::size_t count = 1;

  constexpr BitHistories() {
    for (std::size_t i = 0; i < count; ++i)
      for (unsigned bit = 0; bit < 2; ++bit) next[i][bit] = number(of[i].then(bit));
  }

private:
  constexpr std::uint8_t number(const BitHistory& history) {
    std::size_t i = 0;
    while (i < count && !(of[i] == history)) ++i;
    if (i == count) of[count++] = history; // more than there is room for don't compile
    return static_cast<std::uint8_t>(i);
  }
};

inline constexpr BitHistories bit_histories;

} // namespace talaria

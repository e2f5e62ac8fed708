// Whether a character is one of a few, in a way that compilers turn into vector instructions where many
// are looked at in a loop. (What they make of `c == 'A' || c == 'C'` is a table of bits, one character
// at a time.)
#pragma once

#include <algorithm>
#include <cstdint>

namespace talaria {

template <char... set>
constexpr bool is_one_of(char c) noexcept {
  uint8_t nearest = 255;
  ((nearest = std::min(nearest, static_cast<uint8_t>(c ^ set))), ...);
  return nearest == 0;
}

} // namespace talaria

// How messages name a chunk of which only the index is at hand.
#pragma once

#include "repository/number.hpp"

#include <array>
#include <cinttypes>
#include <cstdio>
#include <string>

namespace talaria {

// "1f3a...", the first 32 of the 64 digits.
inline std::string digest_beginning(const Key128& key) {
  std::array<char, 40> text{};
  std::snprintf(text.data(), text.size(), "%016" PRIx64 "%016" PRIx64 "...", key.high, key.low);
  return text.data();
}

} // namespace talaria

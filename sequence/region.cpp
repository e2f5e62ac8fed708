#include "sequence/region.hpp"

namespace talaria {

namespace {

// A number with commas anywhere between its digits; what doesn't fit is the largest.
std::optional<std::uint64_t> parse_place(std::string_view text) noexcept {
  constexpr auto most = std::numeric_limits<std::uint64_t>::max();
  if (text.empty() || text.front() == ',' || text.back() == ',') return std::nullopt;
  std::uint64_t value = 0;
  for (char c : text) {
    if (c == ',') continue;
    if (c < '0' || c > '9') return std::nullopt;
    const auto digit = static_cast<std::uint64_t>(c - '0');
    value = value > (most - digit) / 10 ? most : value * 10 + digit;
  }
  return value;
}

} // namespace

std::optional<Region> parse_region(std::string_view text) noexcept {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return std::nullopt;
  const auto places = text.substr(colon + 1);
  const auto dash = places.find('-');
  const auto from = parse_place(places.substr(0, dash));
  if (!from) return std::nullopt;
  Region region{text.substr(0, colon), *from};
  if (dash == std::string_view::npos || dash + 1 == places.size()) return region;
  const auto to = parse_place(places.substr(dash + 1));
  if (!to) return std::nullopt;
  region.to = *to;
  return region;
}

} // namespace talaria

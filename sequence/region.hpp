// Regions: a part of a sequence, written as `samtools faidx` takes it.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>

namespace talaria {

// ID:FROM-TO, ID:FROM- or ID:FROM; places count from 1, and TO is a part of it.
struct Region {
  std::string_view id;
  std::uint64_t from = 1;
  std::uint64_t to = std::numeric_limits<std::uint64_t>::max(); // that: to the end
};

// A part of `text`; nothing if it doesn't end like a region. Numbers may have commas: 1,000,000. What
// they are isn't judged.
std::optional<Region> parse_region(std::string_view text) noexcept;

} // namespace talaria

// Differences: how a chunk that resembles others is stored, as what differs from them.
// docs/format.md, "Differences".
#pragma once

#include "repository/number.hpp"
#include "talaria/error.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace talaria {

// Bounds of what readers accept.
inline constexpr unsigned difference_depth_max = 32;
inline constexpr uint32_t difference_work_max = 1024;
inline constexpr std::size_t difference_references_max = 6;

// A chunk that others differ from: of kind sequence, part or bytes.
struct DifferenceReference {
  Kind kind = Kind::part;
  GenerationId generation;
  uint32_t ordinal = 0;

  friend auto operator<=>(const DifferenceReference&, const DifferenceReference&) = default;
};

struct Difference {
  uint32_t length = 0; // of the value, in bytes

  // The longest chain of references below; 0 without any. What refers has more than what it refers to,
  // so chains end.
  uint8_t depth = 0;

  // How many chunks are decoded to read this one, itself included, if none is remembered: one more than
  // its references have together.
  uint32_t work = 1;

  std::vector<DifferenceReference> references; // their values one behind the other make the reference
  std::string_view bytes; // coding/residue_difference.hpp, coding/prefix_difference.hpp
};

std::string encode_difference_chunk(const Difference& difference);

// errc::damaged for bytes that no writer makes. `bytes` of the result are those of the argument.
Result<Difference> decode_difference_chunk(std::string_view bytes);

} // namespace talaria

// Differences between long sequences: a byte string as copies, in either orientation, from a reference
// that resembles it. docs/similarity.md, "Long sequences", has the measurements; docs/format.md the
// bytes.
//
//  1. The hashes of sampled 16-mers of the reference lie in a table; the target's, of both strands, are
//     looked up where nothing is being copied (as in Grabowski, Kowalski, "MBGC", GigaScience 2022).
//  2. A match is extended along its diagonal through substitutions and short insertions and deletions,
//  each
//     chosen by how well the next 32 residues agree, until none makes them agree.
//  3. Lengths, kinds of event, substituted bases and places to copy from are range-coded, each in a
//  context
//     of its own; residues found nowhere take 2 bits.
#pragma once

#include "talaria/error.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace talaria {

// The longest target and the longest reference, in bytes.
inline constexpr std::size_t difference_target_max = std::size_t{1} << 28;
inline constexpr std::size_t difference_reference_max = std::size_t{1} << 25;

// What a difference takes at most, in bytes.
constexpr std::size_t difference_bound(std::size_t target_size) noexcept {
  return target_size + 1;
}

// Makes differences. For one thread at a time; keeps working memory between calls, up to 5 bytes for
// each of the longest reference.
class DifferenceEncoder {
public:
  // Appends to `out` what decode_difference() needs to make `target` of `reference`: upper-case residues
  // work well, but any bytes are exact. Several references are given one behind the other, neighbours
  // side by side, for copies run across their bounds; none at all is fine: then nucleotides take 2 bits.
  // errc::limit_exceeded beyond the lengths above.
  Result<void> encode(std::string_view target, std::string_view reference, std::string& out);

private:
  std::string reverse_;
  std::vector<std::uint32_t> slots_;
};

// Makes the target of `size` bytes at `out` from the difference and the reference that it was made with;
// also from one of encode_prefix_difference() (coding/prefix_difference.hpp), which takes some 100 KiB
// more. errc::damaged if the bytes cannot be a difference of that size; if damage cannot be told, `out`
// has wrong residues. Time in proportion to the size, no memory but a few KiB. Thread-safe.
Result<void> decode_difference(std::string_view difference, std::string_view reference, char* out,
                               std::size_t size);

} // namespace talaria

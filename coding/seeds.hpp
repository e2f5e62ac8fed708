// Seeds: k-mers at places that the residues themselves choose, so that related sequences choose the same
// ones. To find them takes a few comparisons a residue, many residues at once, and only they are hashed.
// (Sampling of k-mers by content; Roberts et al., Bioinformatics 2004, choose by minimal hashes
// instead.) docs/similarity.md, "New sequences".
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace talaria {

inline constexpr std::size_t most_seeds = 256;

// The hashes of the seeds of a sequence, in its order; equal k-mers give equal hashes.
using Seeds = std::array<uint32_t, most_seeds>;

// Writes the seeds of a sequence to `out` and returns how many they are: about one in 30 residues of a
// protein, one in 60 nucleotides. Of a long sequence, only those whose hashes end in some zeros: the
// longer, the more. Thread-safe.
std::size_t find_seeds(std::string_view sequence, Seeds& out) noexcept;

} // namespace talaria

// Differences of any bytes: one zstd frame that is compressed, and decompressed, with the reference
// before it (Yann Collet's "patch-from"). Beside the coder of coding/residue_difference.hpp, which is
// made for nucleotides; docs/similarity.md, "Any bytes", has the measurements.
#pragma once

#include "talaria/error.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace talaria {

// The first byte of such a difference; the frame follows it.
inline constexpr char prefix_method = 3;

// Appends the difference to `out`. Thread-safe. Takes some megabytes of memory meanwhile.
Result<void> encode_prefix_difference(std::string_view target, std::string_view reference,
                                      std::string& out);

// Makes the target of `size` bytes at `out` from the frame behind the first byte and the reference that
// it was made with. errc::damaged if that is no frame of that size. Thread-safe.
Result<void> decode_prefix_difference(std::string_view frame, std::string_view reference, char* out,
                                      std::size_t size);

} // namespace talaria

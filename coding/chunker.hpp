// Content-defined chunking of long byte strings: an insertion moves no boundary but its neighbours.
// Gear hash and normalised chunking after Xia et al., "FastCDC", USENIX ATC 2016.
#pragma once

#include <cstdint>
#include <string_view>

namespace talaria {

// Bounds of a chunk, in bytes. Part of the repository format only in so far as equal inputs shall be
// cut equally by all writers.
inline constexpr std::size_t chunk_min = std::size_t{32} << 10;
inline constexpr std::size_t chunk_average = std::size_t{96} << 10;
inline constexpr std::size_t chunk_max = std::size_t{256} << 10;

// The length of the first chunk of `data`. If `last` is false and `data` is shorter than chunk_max,
// returns 0 when more bytes are needed to decide.
std::size_t next_chunk(std::string_view data, bool last) noexcept;

} // namespace talaria

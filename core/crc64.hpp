// CRC-64/XZ (the reflected ECMA-182 polynomial): the checksum of blocks, footers, pages and segments.
#pragma once

#include <cstdint>
#include <string_view>

namespace talaria {

// The checksum of `bytes`. Given the checksum of what came before as `seed`, that of both together:
// crc64(b, crc64(a)) == crc64(a + b). The checksum of nothing is 0.
std::uint64_t crc64(std::string_view bytes, std::uint64_t seed = 0) noexcept;

} // namespace talaria

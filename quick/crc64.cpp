// CRC-64 by liblzma, for a program that is linked statically, which ISA-L can't be in most systems.
#include "core/crc64.hpp"

#include <lzma.h>

namespace talaria {

std::uint64_t crc64(std::string_view bytes, std::uint64_t seed) noexcept {
  return lzma_crc64(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size(), seed);
}

} // namespace talaria

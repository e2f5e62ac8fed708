#include "core/crc64.hpp"

#include <isa-l/crc64.h>

namespace talaria {

std::uint64_t crc64(std::string_view bytes, std::uint64_t seed) noexcept {
  return crc64_ecma_refl(seed, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
}

} // namespace talaria

#include "repository/number.hpp"

#include <random>

namespace talaria {

std::string_view to_string(Kind kind) noexcept {
  switch (kind) {
  case Kind::sequence:
    return "sequence";
  case Kind::header:
    return "header";
  case Kind::text:
    return "text";
  case Kind::bytes:
    return "bytes";
  case Kind::part:
    return "part";
  }
  return "unknown";
}

std::string GenerationId::hex() const {
  static constexpr char digits[] = "0123456789abcdef";
  std::string out;
  out.reserve(2 * size);
  for (auto b : bytes) {
    out += digits[b >> 4];
    out += digits[b & 15];
  }
  return out;
}

GenerationId GenerationId::random() {
  std::random_device source;
  GenerationId id;
  for (auto& byte : id.bytes) byte = static_cast<std::uint8_t>(source());
  return id;
}

} // namespace talaria

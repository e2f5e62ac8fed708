#include "coding/byte_sketch.hpp"

#include "coding/hashes.hpp"

#include <cstdint>

namespace talaria {

namespace {

// Each byte shifts the hash by four bits, so it is that of the last 16.
constexpr unsigned shift = 4;
constexpr std::size_t length = 64 / shift;

constexpr unsigned sampling_bits = 6;

} // namespace

ReferenceSketch byte_sketch(std::string_view bytes) {
  ReferenceSketch sketch;
  sketch.reserve((bytes.size() >> sampling_bits) * 5 / 4);
  uint64_t rolling = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    rolling = (rolling << shift) + gear[static_cast<unsigned char>(bytes[i])];
    if (i + 1 < length) continue;
    const auto hash = mix(rolling);
    if (hash >> (64 - sampling_bits) != 0) continue;
    const auto kept = static_cast<uint32_t>(hash >> (32 - sampling_bits));
    if (sketch.empty() || sketch.back() != kept) sketch.push_back(kept);
  }
  return sketch;
}

} // namespace talaria

#include "coding/chunker.hpp"

#include "coding/hashes.hpp"

#include <algorithm>

namespace talaria {

namespace {

// A cut is made where the highest bits of the hash are zero; those depend on all of the last 64 bytes.
// Below the average more bits are asked for, above fewer, which narrows the spread of lengths. With
// these, random data are cut every 101 KiB.
constexpr std::uint64_t high_bits(unsigned count) noexcept {
  return ~std::uint64_t{0} << (64 - count);
}
constexpr std::uint64_t strict_mask = high_bits(18);
constexpr std::uint64_t lax_mask = high_bits(14);

// Bytes that a hash depends on: older ones have been shifted out.
constexpr std::size_t window = 64;
static_assert(chunk_min >= window && chunk_min < chunk_average && chunk_average < chunk_max);

} // namespace

std::size_t next_chunk(std::string_view data, bool last) noexcept {
  const std::size_t end = std::min(data.size(), chunk_max);
  const std::size_t middle = std::min(end, chunk_average);
  std::uint64_t hash = 0;
  std::size_t i = chunk_min - window;
  const auto eat = [&] { hash = (hash << 1) + gear[static_cast<std::uint8_t>(data[i++])]; };

  // The hash is filled before the first possible cut, so that a cut depends on nothing but the 64
  // bytes before it and the place where the chunk began.
  if (end >= chunk_min) {
    while (i < chunk_min) eat();
    if ((hash & strict_mask) == 0) return i;
    while (i < middle) {
      eat();
      if ((hash & strict_mask) == 0) return i;
    }
    while (i < end) {
      eat();
      if ((hash & lax_mask) == 0) return i;
    }
  }
  return end == chunk_max || last ? end : 0;
}

} // namespace talaria

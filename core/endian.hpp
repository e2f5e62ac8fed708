// Numbers in files: little-endian of fixed width, and variable-length integers (LEB128).
#pragma once

#include "talaria/error.hpp"

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace talaria {

// The longest varint: 64 bits, 7 in a byte.
inline constexpr std::size_t varint_max_size = 10;

namespace endian_detail {

// In files numbers are little-endian, whatever the machine.
template <std::unsigned_integral T>
constexpr T little(T value) noexcept {
  if constexpr (std::endian::native == std::endian::little || sizeof(T) == 1) {
    return value;
  } else {
    T swapped = 0;
    for (std::size_t i = 0; i < sizeof(T); ++i)
      swapped = static_cast<T>(swapped << 8 | (value >> (8 * i) & 0xff));
    return swapped;
  }
}

template <std::unsigned_integral T>
void store(std::string& out, T value) {
  value = little(value);
  char bytes[sizeof(T)];
  std::memcpy(bytes, &value, sizeof bytes);
  out.append(bytes, sizeof bytes);
}

template <std::unsigned_integral T>
T load(const char* bytes) noexcept {
  T value = 0;
  std::memcpy(&value, bytes, sizeof value);
  return little(value);
}

} // namespace endian_detail

// Append a number to `out`.
inline void store_u16(std::string& out, std::uint16_t value) {
  endian_detail::store(out, value);
}
inline void store_u32(std::string& out, std::uint32_t value) {
  endian_detail::store(out, value);
}
inline void store_u64(std::string& out, std::uint64_t value) {
  endian_detail::store(out, value);
}

// Read a number; `bytes` must hold 2, 4 or 8 of them and need not be aligned.
inline std::uint16_t load_u16(const char* bytes) noexcept {
  return endian_detail::load<std::uint16_t>(bytes);
}
inline std::uint32_t load_u32(const char* bytes) noexcept {
  return endian_detail::load<std::uint32_t>(bytes);
}
inline std::uint64_t load_u64(const char* bytes) noexcept {
  return endian_detail::load<std::uint64_t>(bytes);
}

// Appends `value` in 1 to 10 bytes, 7 bits each from the lowest on; the high bit says that more follow.
inline void put_varint(std::string& out, std::uint64_t value) {
  char bytes[varint_max_size];
  std::size_t n = 0;
  while (value >= 0x80) {
    bytes[n++] = static_cast<char>((value & 0x7f) | 0x80);
    value >>= 7;
  }
  bytes[n++] = static_cast<char>(value);
  out.append(bytes, n);
}

// Signed numbers near zero as small unsigned ones: 0, -1, 1, -2, ... become 0, 1, 2, 3, ...
constexpr std::uint64_t zigzag_encode(std::int64_t value) noexcept {
  return static_cast<std::uint64_t>(value) << 1 ^ (value < 0 ? ~std::uint64_t{0} : 0);
}
constexpr std::int64_t zigzag_decode(std::uint64_t value) noexcept {
  return static_cast<std::int64_t>(value >> 1 ^ (value & 1 ? ~std::uint64_t{0} : 0));
}

// Appends a signed number as a varint.
inline void put_zigzag(std::string& out, std::int64_t value) {
  put_varint(out, zigzag_encode(value));
}

// Reads numbers from bytes that may be damaged: never beyond their end. After an error (errc::damaged,
// "ends early" or "varint too long") the position is that before the failed call. Views the bytes,
// which must outlive it and what bytes() returned. For one thread.
class ByteReader {
public:
  explicit ByteReader(std::string_view bytes) noexcept
      : next_(bytes.data()), end_(bytes.data() + bytes.size()) {}

  std::size_t remaining() const noexcept { return static_cast<std::size_t>(end_ - next_); }
  bool at_end() const noexcept { return next_ == end_; }

  Result<std::uint8_t> u8() { return fixed<std::uint8_t>(); }
  Result<std::uint16_t> u16() { return fixed<std::uint16_t>(); }
  Result<std::uint32_t> u32() { return fixed<std::uint32_t>(); }
  Result<std::uint64_t> u64() { return fixed<std::uint64_t>(); }

  // A number of more than 64 bits is refused; needless leading zeros are read over.
  Result<std::uint64_t> varint() {
    std::uint64_t value = 0;
    const char* p = next_;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      if (p == end_) return ends_early();
      const std::uint64_t byte = static_cast<std::uint8_t>(*p++);
      if (shift == 63 && byte > 1) break;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) {
        next_ = p;
        return value;
      }
    }
    return failure(errc::damaged, "varint too long");
  }

  Result<std::int64_t> zigzag() {
    auto value = varint();
    if (!value) return tl::unexpected<Error>(std::move(value).error());
    return zigzag_decode(*value);
  }

  // The next `count` bytes, not copied.
  Result<std::string_view> bytes(std::uint64_t count) {
    if (count > remaining()) return ends_early();
    std::string_view view(next_, static_cast<std::size_t>(count));
    next_ += count;
    return view;
  }

private:
  static tl::unexpected<Error> ends_early() { return failure(errc::damaged, "ends early"); }

  template <std::unsigned_integral T>
  Result<T> fixed() {
    if (remaining() < sizeof(T)) return ends_early();
    T value = endian_detail::load<T>(next_);
    next_ += sizeof(T);
    return value;
  }

  const char* next_;
  const char* end_;
};

} // namespace talaria

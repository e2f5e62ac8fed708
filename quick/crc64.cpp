// CRC-64 without ISA-L, for a program that is linked statically, which ISA-L can't be in most systems.
#include "core/crc64.hpp"

#include "core/endian.hpp"

#include <array>
#include <cstring>

#ifdef __x86_64__
#include <immintrin.h>
#if defined(__GNUC__) && !defined(__clang__) && __has_include(<sys/platform/x86.h>)
#include <sys/platform/x86.h>
#endif
#endif

namespace talaria {

namespace {

// Polynomials modulo 2 have the coefficient of x^i in bit 63 - i.
constexpr uint64_t polynomial = 0xC96C5795D7870F42; // without x^64

constexpr uint64_t times_x(uint64_t p) {
  return p >> 1 ^ ((p & 1) != 0 ? polynomial : 0);
}

// Row k: what a byte gives that has k others behind it in a word of eight.
using Tables = std::array<std::array<uint64_t, 256>, 8>;

constexpr Tables make_tables() {
  Tables tables{};
  for (uint64_t byte = 0; byte < 256; ++byte) {
    uint64_t p = byte;
    for (int i = 0; i < 8; ++i) p = times_x(p);
    tables[0][byte] = p;
  }
  for (std::size_t row = 1; row < 8; ++row)
    for (std::size_t byte = 0; byte < 256; ++byte) {
      auto before = tables[row - 1][byte];
      tables[row][byte] = before >> 8 ^ tables[0][before & 255];
    }
  return tables;
}

constexpr Tables tables = make_tables();

uint64_t by_tables(const char* at, std::size_t size, uint64_t state) noexcept {
  for (; size >= 8; at += 8, size -= 8) {
    state ^= load_u64(at);
    uint64_t next = 0;
    for (std::size_t i = 0; i < 8; ++i) next ^= tables[7 - i][state >> 8 * i & 255];
    state = next;
  }
  for (; size > 0; ++at, --size)
    state = state >> 8 ^ tables[0][(state ^ static_cast<unsigned char>(*at)) & 255];
  return state;
}

#ifdef __x86_64__

constexpr uint64_t power_of_x(int exponent) {
  uint64_t p = uint64_t{1} << 63;
  for (int i = 0; i < exponent; ++i) p = times_x(p);
  return p;
}

// Sixteen bytes m stand for m · x^bits, modulo the polynomial. A carry-less product of two polynomials
// in this order of bits has one factor x too many.
template <int bits>
__attribute__((target("pclmul"))) inline __m128i folded(__m128i m) noexcept {
  constexpr auto high = static_cast<long long>(power_of_x(bits - 1));
  constexpr auto low = static_cast<long long>(power_of_x(64 + bits - 1));
  const __m128i powers = _mm_set_epi64x(high, low);
  return _mm_xor_si128(_mm_clmulepi64_si128(m, powers, 0x00), _mm_clmulepi64_si128(m, powers, 0x11));
}

inline __m128i load(const char* at) noexcept {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
}

// At least 64 bytes: four lanes of sixteen, each folded onto the bytes 64 further on, then all into one.
__attribute__((target("pclmul"))) uint64_t by_folding(const char* at, std::size_t size,
                                                      uint64_t state) noexcept {
  auto a = _mm_xor_si128(load(at), _mm_set_epi64x(0, static_cast<long long>(state)));
  auto b = load(at + 16);
  auto c = load(at + 32);
  auto d = load(at + 48);
  for (at += 64, size -= 64; size >= 64; at += 64, size -= 64) {
    a = _mm_xor_si128(folded<512>(a), load(at));
    b = _mm_xor_si128(folded<512>(b), load(at + 16));
    c = _mm_xor_si128(folded<512>(c), load(at + 32));
    d = _mm_xor_si128(folded<512>(d), load(at + 48));
  }
  b = _mm_xor_si128(folded<128>(a), b);
  c = _mm_xor_si128(folded<128>(b), c);
  d = _mm_xor_si128(folded<128>(c), d);
  for (; size >= 16; at += 16, size -= 16) d = _mm_xor_si128(folded<128>(d), load(at));
  std::array<char, 16> last;
  std::memcpy(last.data(), &d, last.size());
  return by_tables(at, size, by_tables(last.data(), last.size(), 0));
}

bool can_fold() noexcept {
#ifdef CPU_FEATURE_ACTIVE
  return CPU_FEATURE_ACTIVE(PCLMULQDQ); // the C library knows it; to ask the processor takes 20 us
#else
  return __builtin_cpu_supports("pclmul");
#endif
}

#else

uint64_t by_folding(const char* at, std::size_t size, uint64_t state) noexcept {
  return by_tables(at, size, state);
}

bool can_fold() noexcept {
  return false;
}

#endif

} // namespace

std::uint64_t crc64(std::string_view bytes, std::uint64_t seed) noexcept {
  constexpr std::size_t few = 64;
  auto state = bytes.size() >= few && can_fold() ? by_folding(bytes.data(), bytes.size(), ~seed)
                                                 : by_tables(bytes.data(), bytes.size(), ~seed);
  return ~state;
}

} // namespace talaria

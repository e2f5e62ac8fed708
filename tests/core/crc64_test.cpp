#include "core/crc64.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>

namespace talaria {
namespace {

// The definition, bit by bit: polynomial 0x42F0E1EBA9EA3693 reflected, all ones before and after.
std::uint64_t by_definition(std::string_view bytes) {
  std::uint64_t crc = ~std::uint64_t{0};
  for (char c : bytes) {
    crc ^= static_cast<std::uint8_t>(c);
    for (int bit = 0; bit < 8; ++bit) crc = crc & 1 ? crc >> 1 ^ 0xC96C5795D7870F42 : crc >> 1;
  }
  return ~crc;
}

TEST(Crc64, HasThePublishedCheckValue) {
  EXPECT_EQ(crc64("123456789"), 0x995DC9BBDF1939FA);
}

TEST(Crc64, OfNothingIsZero) {
  EXPECT_EQ(crc64(""), 0u);
  EXPECT_EQ(crc64({}), 0u);
  EXPECT_EQ(crc64("", 42), 42u);
}

TEST(Crc64, SeesEveryBit) {
  std::string text(300, 'A');
  const auto before = crc64(text);
  for (std::size_t bit = 0; bit < text.size() * 8; ++bit) {
    text[bit / 8] = static_cast<char>(text[bit / 8] ^ 1 << bit % 8);
    EXPECT_NE(crc64(text), before) << bit;
    text[bit / 8] = static_cast<char>(text[bit / 8] ^ 1 << bit % 8);
  }
}

RC_GTEST_PROP(Crc64, IsAsDefined, (const std::string& text)) {
  std::string longer;
  for (int i = 0; i < 20; ++i) longer += text; // past the lengths where the fast code begins
  RC_ASSERT(crc64(text) == by_definition(text));
  RC_ASSERT(crc64(longer) == by_definition(longer));
}

RC_GTEST_PROP(Crc64, GoesOnWhereItStopped, (const std::string& a, const std::string& b)) {
  RC_ASSERT(crc64(b, crc64(a)) == crc64(a + b));
}

} // namespace
} // namespace talaria

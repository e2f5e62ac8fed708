#include "config/size.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace talaria {
namespace {

TEST(Size, PlainNumbersAreBytes) {
  EXPECT_EQ(parse_size("0"), 0u);
  EXPECT_EQ(parse_size("4097"), 4097u);
  EXPECT_EQ(parse_size("18446744073709551615"), UINT64_MAX);
}

TEST(Size, UnitsArePowersOf1024With_i_AndOf1000Without) {
  EXPECT_EQ(parse_size("64KiB"), 65'536u);
  EXPECT_EQ(parse_size("64KB"), 64'000u);
  EXPECT_EQ(parse_size("512MB"), 512'000'000u);
  EXPECT_EQ(parse_size("1GiB"), uint64_t{1} << 30);
  EXPECT_EQ(parse_size("2TiB"), uint64_t{2} << 40);
  EXPECT_EQ(parse_size("7B"), 7u);
}

TEST(Size, CaseAndBlanksDoNotMatter) {
  EXPECT_EQ(parse_size(" 64 kib "), 65'536u);
  EXPECT_EQ(parse_size("1gb"), 1'000'000'000u);
}

TEST(Size, FractionsMustGiveWholeBytes) {
  EXPECT_EQ(parse_size("1.5GiB"), uint64_t{3} << 29);
  EXPECT_EQ(parse_size("0.25KiB"), 256u);
  EXPECT_EQ(parse_size("0.3KiB"), std::nullopt);
  EXPECT_EQ(parse_size("1.5"), std::nullopt);
}

TEST(Size, EverythingElseIsRefused) {
  for (const char* text : {"", " ", "GiB", "-1", "+1", "1 2", "1XiB", "1G", "0x10", "1e6", ".5MB",
                           "5.MB", "1,5GiB", "18446744073709551616", "16384PiB", "1KiBB", "1\n"})
    EXPECT_EQ(parse_size(text), std::nullopt) << text;
}

TEST(Size, IsShownInTheLargestExactUnit) {
  EXPECT_EQ(format_size(0), "0");
  EXPECT_EQ(format_size(4097), "4097");
  EXPECT_EQ(format_size(64 << 10), "64KiB");
  EXPECT_EQ(format_size(uint64_t{1} << 30), "1GiB");
  EXPECT_EQ(format_size(uint64_t{1} << 63), "8192PiB");
}

RC_GTEST_PROP(SizeProperty, WhatIsShownIsReadBack, (uint64_t base, uint8_t shift)) {
  const uint64_t bytes = base << (shift % 64);
  RC_ASSERT(parse_size(format_size(bytes)) == bytes);
}

RC_GTEST_PROP(SizeProperty, NoTextIsMisread, (const std::string& text)) {
  const auto size = parse_size(text);
  // Whatever is taken for a size begins with a digit, after blanks.
  if (size) RC_ASSERT(text.find_first_of("0123456789") == text.find_first_not_of(" \t"));
}

} // namespace
} // namespace talaria

#include "backends/object_name.hpp"

#include <gtest/gtest.h>

#include <string>

namespace talaria {
namespace {

// Which names are permitted is checked, on every store, by the conformance suite.

TEST(ARefusedName, IsShownHarmlesslyAndCutShort) {
  EXPECT_EQ(check_object_name("a\x1b[31m\nb").error().message(), "no object can be named 'a?[31m?b'");
  EXPECT_LT(check_object_name(std::string(1'000'000, ' ')).error().message().size(), 200u);
}

TEST(ARefusedName, SaysWhatItWasFor) {
  EXPECT_EQ(check_single_name("ref", "a/b").error().message(), "no ref can be named 'a/b'");
  EXPECT_TRUE(check_single_name("lock", "a.b"));
}

TEST(ARange, BeyondAnObjectIsToldWithItsNumbers) {
  EXPECT_EQ(check_range("packs/x", 5, 10, 12).error().message(),
            "packs/x: 10 bytes from 5 on, but it has only 12");
  EXPECT_TRUE(check_range("packs/x", 2, 10, 12));
}

} // namespace
} // namespace talaria

#include "sequence/region.hpp"

#include <gtest/gtest.h>

#include <string>

namespace talaria {
namespace {

constexpr auto the_end = std::numeric_limits<std::uint64_t>::max();

void expect_region(std::string_view text, std::string_view id, std::uint64_t from, std::uint64_t to) {
  const auto region = parse_region(text);
  ASSERT_TRUE(region) << text;
  EXPECT_EQ(region->id, id) << text;
  EXPECT_EQ(region->from, from) << text;
  EXPECT_EQ(region->to, to) << text;
}

TEST(Region, IsWhatFollowsTheLastColon) {
  expect_region("chr1:1-10", "chr1", 1, 10);
  expect_region("NC_009648.1:1000-2000", "NC_009648.1", 1000, 2000);
  expect_region("gi|1|ref|NC_1.1|:c90-12:3-4", "gi|1|ref|NC_1.1|:c90-12", 3, 4);
  expect_region("gi|1|ref|NC_1.1|:12-90", "gi|1|ref|NC_1.1|", 12, 90);
}

TEST(Region, WithoutAnEndGoesToTheEnd) {
  expect_region("chr1:5", "chr1", 5, the_end);
  expect_region("chr1:5-", "chr1", 5, the_end);
}

TEST(Region, NumbersMayHaveCommas) {
  expect_region("chr1:1,000-2,000,000", "chr1", 1000, 2'000'000);
}

TEST(Region, PlacesAreNotJudged) {
  expect_region("chr1:0-0", "chr1", 0, 0);
  expect_region("chr1:9-2", "chr1", 9, 2);
  expect_region("chr1:1-99999999999999999999999", "chr1", 1, the_end);
}

TEST(Region, OtherTextIsNone) {
  for (auto text : {"", ":", "chr1", "chr1:", ":1-2", "chr1:-5", "chr1:-", "chr1:1-2-3", "chr1:a-b",
                    "chr1:1-x", "chr1: 1-2", "chr1:,1-2", "chr1:1,-2", "gi|1|ref|NC_1|:c90-12"})
    EXPECT_FALSE(parse_region(text)) << text;
}

} // namespace
} // namespace talaria

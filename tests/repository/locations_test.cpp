#include "repository/locations.hpp"

#include "support.hpp"

#include "core/endian.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace talaria {
namespace {

CheckedFile checked(const std::string& body) {
  return must(CheckedFile::open("file", Buffer(body + CheckedFile::checksums(body)), body.size()));
}

LocationShape shape_of(const std::vector<uint32_t>& locations, uint32_t blocks) {
  RunCounter counter;
  for (auto location : locations) counter.add(location);
  return LocationShape::of(static_cast<uint32_t>(locations.size()), blocks, counter.runs());
}

std::string written(const LocationShape& shape, const std::vector<uint32_t>& locations) {
  std::string bytes;
  LocationWriter writer(shape, bytes);
  for (auto location : locations) writer.put(location);
  writer.finish();
  return bytes;
}

RC_GTEST_PROP(Locations, AreFoundAgainInTheSmallerForm, ()) {
  const auto blocks = *rc::gen::inRange(1u, 5000u);
  const auto longest = *rc::gen::inRange(1u, 200u);
  std::vector<uint32_t> locations;
  for (auto runs = *rc::gen::inRange(1, 60); runs-- > 0;)
    locations.insert(locations.end(), *rc::gen::inRange(1u, longest + 1),
                     *rc::gen::inRange(0u, blocks + 1)); // `blocks`: the chunk is gone
  const auto slots = static_cast<uint32_t>(locations.size());
  const auto shape = shape_of(locations, blocks);
  RC_ASSERT(shape.valid(slots));
  const auto bytes = written(shape, locations);
  RC_ASSERT(bytes.size() == shape.size(slots));
  const LocationShape packed{static_cast<uint8_t>(bits_for(uint64_t{blocks} + 1)), 0};
  RC_ASSERT(bytes.size() <= written(packed, locations).size());
  RC_ASSERT(written(packed, locations).size() == packed.size(slots));
  const auto file = checked("before" + bytes + "behind");
  if (shape.runs > 0) must(check_runs(file, 6, shape, slots));
  for (uint32_t slot = 0; slot < slots; ++slot)
    RC_ASSERT(must(find_location(file, 6, shape, slot)) == locations[slot]);
}

TEST(Locations, OfAFewLongRunsTakeEightBytesARun) {
  const auto shape = LocationShape::of(1'000'000, 2000, 100);
  EXPECT_EQ(shape.runs, 100u);
  EXPECT_EQ(shape.size(1'000'000), 800u);
}

TEST(Locations, OfShortRunsAreBitPacked) {
  const auto shape = LocationShape::of(1'000'000, 2000, 500'000);
  EXPECT_EQ(shape.runs, 0u);
  EXPECT_EQ(shape.bits, 11u);
  EXPECT_EQ(shape.size(1'000'000), 1'375'007u);
}

TEST(Locations, OfImpossibleShapesAreRefused) {
  EXPECT_TRUE((LocationShape{0, 10}.valid(10)));
  EXPECT_TRUE((LocationShape{32, 0}.valid(10)));
  EXPECT_FALSE((LocationShape{0, 0}.valid(10)));
  EXPECT_FALSE((LocationShape{33, 0}.valid(10)));
  EXPECT_FALSE((LocationShape{0, 11}.valid(10)));
  EXPECT_FALSE((LocationShape{5, 3}.valid(10)));
}

// First slots of runs of 100 slots.
errc code_of_runs(const std::vector<uint32_t>& firsts) {
  std::string bytes;
  for (auto first : firsts) {
    store_u32(bytes, first);
    store_u32(bytes, 7);
  }
  return code_of(check_runs(checked(bytes), 0, {0, static_cast<uint32_t>(firsts.size())}, 100));
}

TEST(Locations, WhoseRunsAreOutOfOrderAreDamaged) {
  EXPECT_EQ(code_of_runs({0}), errc{});
  EXPECT_EQ(code_of_runs({0, 1, 50, 99}), errc{});
  EXPECT_EQ(code_of_runs({1, 50}), errc::damaged) << "slot 0 has none";
  EXPECT_EQ(code_of_runs({0, 50, 50}), errc::damaged);
  EXPECT_EQ(code_of_runs({0, 50, 49}), errc::damaged);
  EXPECT_EQ(code_of_runs({0, 100}), errc::damaged);
  EXPECT_EQ(code_of_runs({0, UINT32_MAX, 0}), errc::damaged);
}

} // namespace
} // namespace talaria

#include "coding/prefix_difference.hpp"

#include "coding/byte_sketch.hpp"
#include "coding/residue_difference.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace talaria {
namespace {

std::string encoded(std::string_view target, std::string_view reference) {
  std::string out;
  EXPECT_TRUE(encode_prefix_difference(target, reference, out));
  return out;
}

Result<std::string> decoded(std::string_view difference, std::string_view reference, std::size_t size) {
  std::string out(size, '\0');
  auto done = decode_difference(difference, reference, out.data(), size);
  if (!done) return tl::unexpected(done.error());
  return out;
}

std::string random_bytes(std::size_t size, unsigned seed) {
  std::mt19937 random(seed);
  std::string bytes(size, '\0');
  for (auto& c : bytes) c = static_cast<char>(random());
  return bytes;
}

RC_GTEST_PROP(PrefixDifference, GivesBackAnyBytes, (std::string target, std::string reference)) {
  RC_ASSERT(*decoded(encoded(target, reference), reference, target.size()) == target);
}

TEST(PrefixDifference, OfWhatIsInTheReferenceIsShort) {
  const auto reference = random_bytes(1'500'000, 1);
  const auto target = reference.substr(10, 100'000) + "new" + reference.substr(1'300'000, 100'000);
  const auto difference = encoded(target, reference);
  EXPECT_EQ(difference[0], prefix_method);
  EXPECT_LT(difference.size(), 100u);
  EXPECT_TRUE(*decoded(difference, reference, target.size()) == target);
}

TEST(PrefixDifference, OfAnotherSizeOrDamagedIsRefusedOrHasItsSize) {
  const auto reference = random_bytes(5'000, 2);
  const auto target = "x" + reference.substr(100, 3'000) + "y";
  const auto difference = encoded(target, reference);
  EXPECT_FALSE(decoded(difference, reference, target.size() - 1));
  EXPECT_FALSE(decoded(difference, reference, target.size() + 1));
  EXPECT_FALSE(decoded(difference + "z", reference, target.size()));
  for (std::size_t size = 0; size < difference.size(); ++size) {
    auto cut = decoded(difference.substr(0, size), reference, target.size());
    ASSERT_FALSE(cut) << size;
    EXPECT_EQ(cut.error().code(), errc::damaged);
  }
  for (std::size_t at = 1; at < difference.size(); ++at)
    for (int bit = 0; bit < 8; ++bit) {
      auto flipped = difference;
      flipped[at] = static_cast<char>(flipped[at] ^ 1 << bit);
      auto back = decoded(flipped, reference, target.size());
      EXPECT_TRUE(back || back.error().code() == errc::damaged);
    }
}

TEST(ByteSketch, IsThatOfThePartsAndNotOfRepeats) {
  const auto a = random_bytes(50'000, 3);
  const auto b = random_bytes(50'000, 4);
  const auto of_a = byte_sketch(a);
  EXPECT_GT(of_a.size(), 600u);
  EXPECT_LT(of_a.size(), 1000u);
  const auto of_both = byte_sketch(a + b);
  EXPECT_TRUE(std::equal(of_a.begin(), of_a.end(), of_both.begin()));
  EXPECT_LE(byte_sketch(std::string(100'000, ' ')).size(), 1u);
  EXPECT_TRUE(byte_sketch("short").empty());
}

TEST(ByteSketch, FindsWhatResembles) {
  ReferenceFinder finder(0);
  std::vector<std::string> texts;
  for (unsigned i = 0; i < 20; ++i) {
    texts.push_back(random_bytes(20'000, 10 + i));
    finder.add(i, texts.back().size(), byte_sketch(texts.back()));
  }
  auto changed = texts[7];
  for (std::size_t at = 0; at < changed.size(); at += 200) changed[at] ^= 1;
  auto found = finder.find(byte_sketch(changed), 3);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].chunk, 7u);
}

} // namespace
} // namespace talaria

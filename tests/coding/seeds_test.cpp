#include "coding/seeds.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <iterator>
#include <random>
#include <string>
#include <vector>

namespace talaria {
namespace {

std::vector<uint32_t> seeds_of(const std::string& sequence) {
  Seeds seeds;
  auto count = find_seeds(sequence, seeds);
  return {seeds.begin(), seeds.begin() + static_cast<std::ptrdiff_t>(count)};
}

std::string random_sequence(std::string_view letters, std::size_t size, unsigned seed) {
  std::mt19937 random(seed);
  std::string sequence(size, '\0');
  for (auto& c : sequence) c = letters[random() % letters.size()];
  return sequence;
}

constexpr std::string_view amino_acids = "ACDEFGHIKLMNPQRSTVWY";

std::size_t common(std::vector<uint32_t> a, std::vector<uint32_t> b) {
  std::ranges::sort(a);
  std::ranges::sort(b);
  std::vector<uint32_t> both;
  std::ranges::set_intersection(a, b, std::back_inserter(both));
  return both.size();
}

// At each W and M of a protein with six residues behind it, wherever it lies among those that are
// looked at together.
TEST(Seeds, AreTheKmersOfProteinsFromWAndMOn) {
  for (std::size_t before = 0; before < 200; ++before)
    for (char first : {'W', 'M'}) {
      auto sequence = std::string(before, 'V') + first + "AAAAAA" + std::string(130, 'V');
      auto seeds = seeds_of(sequence);
      ASSERT_EQ(seeds.size(), 1u) << before;
      EXPECT_EQ(seeds, seeds_of(std::string("L") + first + "AAAAAAL"));
      sequence[before + 6] = 'Y';
      EXPECT_NE(seeds_of(sequence), seeds);
    }
  EXPECT_TRUE(seeds_of(std::string(300, 'V')).empty());
}

TEST(Seeds, OfNucleotidesBeginWithThreeGivenBases) {
  for (std::size_t before = 0; before < 200; ++before) {
    auto sequence = std::string(before, 'T') + "ACTG" + std::string(100, 'T');
    EXPECT_EQ(seeds_of(sequence).size(), 1u) << before;
  }
  EXPECT_TRUE(seeds_of(std::string(300, 'A')).empty());
}

TEST(Seeds, OfWhatIsTooShortForOneAreNone) {
  for (auto* sequence : {"", "W", "WWWWWWW", "ACTGACTGACTGACT"}) EXPECT_TRUE(seeds_of(sequence).empty());
}

TEST(Seeds, OfLongSequencesAreThinnedAlike) {
  for (auto letters : {amino_acids, std::string_view("ACGT")}) {
    auto whole = random_sequence(letters, 60'000, 1);
    auto seeds = seeds_of(whole);
    EXPECT_GT(seeds.size(), 50u);
    EXPECT_LE(seeds.size(), most_seeds);
    // One that is somewhat shorter keeps at least the same ones.
    auto part = seeds_of(whole.substr(0, 32'000));
    EXPECT_GT(common(seeds, part), seeds.size() / 4);
  }
  EXPECT_EQ(seeds_of(random_sequence("WM", 60'000, 2)).size(), most_seeds);
}

// A substitution hits the seeds that reach over it, and no other.
RC_GTEST_PROP(Seeds, AreSharedByRelatives, ()) {
  auto sequence =
      random_sequence(amino_acids, *rc::gen::inRange(100, 500), *rc::gen::arbitrary<unsigned>());
  auto relative = sequence;
  auto at = *rc::gen::inRange<std::size_t>(0, sequence.size());
  relative[at] = relative[at] == 'A' ? 'D' : 'A';
  auto seeds = seeds_of(sequence);
  RC_ASSERT(common(seeds, seeds_of(relative)) + 8 >= seeds.size());
}

} // namespace
} // namespace talaria

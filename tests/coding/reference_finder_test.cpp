#include "coding/reference_finder.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace talaria {
namespace {

using Random = std::mt19937;

std::string bases(std::size_t size, Random& random) {
  std::string text(size, '\0');
  for (auto& c : text) c = "ACGT"[random() % 4];
  return text;
}

std::string substitute(std::string text, unsigned every, Random& random) {
  for (auto& c : text)
    if (random() % every == 0) c = "ACGT"[random() % 4];
  return text;
}

std::string reverse_complement(std::string_view text) {
  std::string result(text.rbegin(), text.rend());
  for (auto& c : result) c = c == 'A' ? 'T' : c == 'C' ? 'G' : c == 'G' ? 'C' : 'A';
  return result;
}

constexpr std::size_t plenty = std::size_t{1} << 30;
constexpr std::size_t chunk = 96 << 10;

void add(ReferenceFinder& finder, std::uint32_t number, std::string_view residues) {
  finder.add(number, residues.size(), reference_sketch(residues));
}

std::vector<std::uint32_t> found(const ReferenceFinder& finder, std::string_view residues,
                                 std::size_t count = 8) {
  std::vector<std::uint32_t> numbers;
  for (auto& candidate : finder.find(reference_sketch(residues), count))
    numbers.push_back(candidate.chunk);
  return numbers;
}

using Numbers = std::vector<std::uint32_t>;

TEST(ReferenceSketch, IsThatOfTheReverseComplementReversed) {
  Random random(1);
  const auto text = bases(50'000, random);
  auto sketch = reference_sketch(reverse_complement(text));
  std::reverse(sketch.begin(), sketch.end());
  EXPECT_EQ(sketch, reference_sketch(text));
  EXPECT_NEAR(static_cast<double>(sketch.size()), 50'000.0 / 128, 80);
}

TEST(ReferenceSketch, HasNothingOfOtherLetters) {
  Random random(2);
  EXPECT_TRUE(reference_sketch("").empty());
  EXPECT_TRUE(reference_sketch(std::string(10'000, 'N')).empty());
  std::string protein(10'000, '\0');
  for (auto& c : protein) c = "ACDEFGHIKLMNPQRSTVWY"[random() % 20];
  EXPECT_TRUE(reference_sketch(protein).empty());
  auto text = bases(10'000, random);
  for (std::size_t i = 0; i < text.size(); i += 31) text[i] = 'N';
  EXPECT_TRUE(reference_sketch(text).empty());
}

// Else the tails of transcripts would make them relatives, and of each place a look-up.
TEST(ReferenceSketch, OfARunOfOneBaseIsOneAtMost) {
  for (char base : {'A', 'C', 'G', 'T'})
    EXPECT_LE(reference_sketch(std::string(chunk, base)).size(), 1u) << base;
}

TEST(ReferenceFinder, TakesNoRunsOfOneBaseForResemblance) {
  Random random(2);
  const std::string tail(200, 'A');
  ReferenceFinder finder(plenty);
  add(finder, 0, bases(chunk, random) + tail);
  EXPECT_EQ(found(finder, bases(chunk, random) + tail), Numbers{});
}

TEST(ReferenceFinder, FindsRelativesInEitherOrientation) {
  Random random(3);
  ReferenceFinder finder(plenty);
  std::vector<std::string> texts;
  for (std::uint32_t i = 0; i < 20; ++i) {
    texts.push_back(bases(chunk, random));
    add(finder, i, texts.back());
  }
  for (std::uint32_t i = 0; i < 20; ++i) {
    EXPECT_EQ(found(finder, texts[i]), Numbers{i});
    EXPECT_EQ(found(finder, substitute(texts[i], 50, random)), Numbers{i});
    EXPECT_EQ(found(finder, reverse_complement(substitute(texts[i], 50, random))), Numbers{i});
  }
  EXPECT_EQ(found(finder, bases(chunk, random)), Numbers{});
  EXPECT_EQ(found(finder, ""), Numbers{});
  EXPECT_EQ(found(finder, texts[0], 0), Numbers{});
}

TEST(ReferenceFinder, PrefersTheNearest) {
  Random random(4);
  ReferenceFinder finder(plenty);
  const auto ancestor = bases(chunk, random);
  const auto near = substitute(ancestor, 1000, random);
  add(finder, 1, substitute(ancestor, 50, random));
  add(finder, 2, near);
  add(finder, 3, substitute(ancestor, 100, random));
  const auto numbers = found(finder, substitute(near, 1000, random));
  ASSERT_FALSE(numbers.empty());
  EXPECT_EQ(numbers[0], 2u);
}

TEST(ReferenceFinder, CoversAChunkThatSpansTwo) {
  Random random(5);
  ReferenceFinder finder(plenty);
  const auto genome = bases(4 * chunk, random);
  const std::string_view all = genome;
  for (std::uint32_t i = 0; i < 4; ++i) add(finder, i, all.substr(i * chunk, chunk));
  const auto both = found(finder, substitute(genome.substr(chunk + chunk / 3, chunk), 200, random));
  EXPECT_EQ(both, (Numbers{1, 2}));
  EXPECT_EQ(found(finder, all.substr(chunk + chunk / 3, chunk), 1), Numbers{1});
}

TEST(ReferenceFinder, TakesOneOfEquals) {
  Random random(6);
  ReferenceFinder finder(plenty);
  const auto text = bases(chunk, random);
  for (std::uint32_t i = 0; i < 1000; ++i) add(finder, i, text);
  EXPECT_EQ(found(finder, text).size(), 1u);
}

// Whatever is added, memory stays within its bound, and what is similar is still found.
TEST(ReferenceFinder, StaysWithinItsMemory) {
  Random random(7);
  ReferenceFinder small(0);
  ReferenceFinder large(plenty);
  EXPECT_EQ(small.memory(), ReferenceFinder::memory_min);
  std::vector<std::string> texts;
  std::size_t residues = 0;
  for (std::uint32_t i = 0; i < 240; ++i) {
    const auto text = bases(4 * chunk, random);
    if (i % 40 == 0) texts.push_back(text);
    const auto sketch = reference_sketch(text);
    small.add(i, text.size(), sketch);
    large.add(i, text.size(), sketch);
    residues += text.size();
    EXPECT_LE(small.memory(), ReferenceFinder::memory_min);
    EXPECT_LE(large.memory(), std::max(ReferenceFinder::memory_min, residues / 64));
  }
  EXPECT_GT(large.memory(), ReferenceFinder::memory_min);
  for (std::uint32_t i = 0; i < texts.size(); ++i) {
    const auto relative = substitute(texts[i], 200, random);
    EXPECT_EQ(found(small, relative), Numbers{40 * i});
    EXPECT_EQ(found(large, relative), Numbers{40 * i});
  }
}

// Any sketches, also such as no sequence has.
RC_GTEST_PROP(ReferenceFinder, GivesNoMoreThanItWasAskedFor, ()) {
  Random random(*rc::gen::arbitrary<unsigned>());
  const auto kinds = *rc::gen::element(1u, 3u, 100u, 1'000'000u);
  const auto sketch = [&] {
    ReferenceSketch result(random() % 300);
    for (auto& kmer : result) kmer = static_cast<std::uint32_t>(random() % kinds * 2654435761u);
    return result;
  };
  ReferenceFinder finder(0);
  const auto chunks = static_cast<std::uint32_t>(random() % 100);
  for (std::uint32_t i = 0; i < chunks; ++i) finder.add(i, random() % 1000, sketch());
  const std::size_t count = random() % 10;
  const auto query = sketch();
  const auto candidates = finder.find(query, count);
  RC_ASSERT(candidates.size() <= count);
  std::set<std::uint32_t> distinct;
  for (auto& candidate : candidates) {
    RC_ASSERT(candidate.chunk < chunks);
    RC_ASSERT(candidate.shared <= query.size());
    distinct.insert(candidate.chunk);
  }
  RC_ASSERT(distinct.size() == candidates.size());
}

} // namespace
} // namespace talaria

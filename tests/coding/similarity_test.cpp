#include "coding/similarity.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>
#include <string>
#include <vector>

namespace talaria {
namespace {

std::string letters(std::string_view alphabet, std::size_t size, std::mt19937& random) {
  std::string text(size, '\0');
  for (auto& c : text) c = alphabet[random() % alphabet.size()];
  return text;
}

constexpr std::string_view amino_acids = "ACDEFGHIKLMNPQRSTVWY";

std::vector<uint32_t> order_of(const std::vector<std::string>& sequences, std::size_t bins = 0) {
  uint64_t residues = 0;
  for (auto& s : sequences) residues += s.size();
  if (bins == 0) bins = sketch_bins(sequences.size(), residues);
  std::vector<uint32_t> lengths;
  std::vector<uint32_t> sketches(bins * sequences.size());
  for (std::size_t i = 0; i < sequences.size(); ++i) {
    lengths.push_back(static_cast<uint32_t>(sequences[i].size()));
    similarity_sketch(sequences[i], std::span(sketches).subspan(bins * i, bins));
  }
  return similarity_order(lengths, sketches, bins);
}

bool is_permutation_of_all(std::vector<uint32_t> order, std::size_t count) {
  std::vector<uint32_t> all(count);
  std::iota(all.begin(), all.end(), 0u);
  std::sort(order.begin(), order.end());
  return order == all;
}

// `families` of `members` sequences each, those of a family a few substitutions apart, in random order.
struct Families {
  std::vector<std::string> sequences;
  std::vector<uint32_t> family; // of each sequence
};

Families make_families(std::string_view alphabet, std::size_t length, uint32_t families,
                       uint32_t members, double changed) {
  std::mt19937 random(1);
  std::vector<std::pair<std::string, uint32_t>> all;
  for (uint32_t f = 0; f < families; ++f) {
    const auto ancestor = letters(alphabet, length + random() % length, random);
    for (uint32_t m = 0; m < members; ++m) {
      auto member = ancestor;
      for (auto& c : member)
        if (random() % 1000 < static_cast<unsigned>(changed * 1000))
          c = alphabet[random() % alphabet.size()];
      all.emplace_back(std::move(member), f);
    }
  }
  std::shuffle(all.begin(), all.end(), random);
  Families result;
  for (auto& [sequence, f] : all) {
    result.sequences.push_back(std::move(sequence));
    result.family.push_back(f);
  }
  return result;
}

// Of the pairs of neighbours that could be of one family, the share that are.
double adjacent(const Families& families, uint32_t count, const std::vector<uint32_t>& order) {
  std::size_t same = 0;
  for (std::size_t i = 1; i < order.size(); ++i)
    same += families.family[order[i - 1]] == families.family[order[i]] ? 1 : 0;
  return static_cast<double>(same) / static_cast<double>(order.size() - count);
}

TEST(SimilarityOrder, IsAPermutationOfAnything) {
  std::mt19937 random(2);
  const auto one = letters(amino_acids, 300, random);
  std::vector<std::string> tiny;
  for (std::size_t i = 0; i < 40; ++i) tiny.push_back(letters(amino_acids, i % 10, random));
  for (const std::vector<std::string>& sequences : {std::vector<std::string>{},
                                                    {""},
                                                    {one},
                                                    {one, one},
                                                    std::vector<std::string>(1000, one),
                                                    std::vector<std::string>(1000, ""),
                                                    std::vector<std::string>(100, "M"),
                                                    tiny,
                                                    std::vector<std::string>(50, std::string(5000, 'A')),
                                                    {one, "", one, "M", one}})
    for (const std::size_t bins : {16, 32})
      EXPECT_TRUE(is_permutation_of_all(order_of(sequences, bins), sequences.size()))
          << sequences.size();
}

RC_GTEST_PROP(SimilarityOrder, IsAPermutationOfAnyBytes, (const std::vector<std::string>& sequences)) {
  RC_ASSERT(is_permutation_of_all(order_of(sequences, 16), sequences.size()));
  RC_ASSERT(is_permutation_of_all(order_of(sequences, 32), sequences.size()));
}

// Any lengths and sketches, also such as no sequence has.
RC_GTEST_PROP(SimilarityOrder, IsAPermutationForAnySketches, ()) {
  const std::size_t bins = *rc::gen::element(16, 32);
  const auto count = *rc::gen::inRange<std::size_t>(0, 200);
  std::mt19937 random(*rc::gen::arbitrary<unsigned>());
  const unsigned kinds = *rc::gen::element(1u, 2u, 5u, 1000u);
  std::vector<uint32_t> lengths(count);
  std::vector<uint32_t> sketches(bins * count);
  for (auto& length : lengths)
    length = static_cast<uint32_t>(random() % 3 == 0 ? random() : random() % 5);
  for (auto& bin : sketches)
    bin = random() % 7 == 0 ? UINT32_MAX : static_cast<uint32_t>(random() % kinds);
  const auto order = similarity_order(lengths, sketches, bins);
  RC_ASSERT(is_permutation_of_all(order, count));
  RC_ASSERT(order == similarity_order(lengths, sketches, bins));
}

TEST(SimilarityOrder, IsTheSameEveryTime) {
  const auto families = make_families(amino_acids, 300, 50, 10, 0.1);
  EXPECT_EQ(order_of(families.sequences), order_of(families.sequences));
}

TEST(SimilarityOrder, PutsProteinFamiliesTogether) {
  const auto families = make_families(amino_acids, 250, 100, 10, 0.1);
  std::vector<uint32_t> file_order(families.sequences.size());
  std::iota(file_order.begin(), file_order.end(), 0u);
  EXPECT_LT(adjacent(families, 100, file_order), 0.05);
  EXPECT_GT(adjacent(families, 100, order_of(families.sequences)), 0.9);
}

TEST(SimilarityOrder, PutsNucleotideFamiliesTogether) {
  const auto families = make_families("ACGT", 1500, 50, 10, 0.02);
  EXPECT_GT(adjacent(families, 50, order_of(families.sequences)), 0.95);
}

TEST(SimilarityOrder, PutsDuplicatesTogether) {
  auto families = make_families(amino_acids, 40, 200, 5, 0);
  EXPECT_GT(adjacent(families, 200, order_of(families.sequences)), 0.99);
}

TEST(Sketch, DependsOnTheSequenceAlone) {
  std::mt19937 random(3);
  for (const std::size_t size : {0, 1, 7, 8, 15, 16, 17, 64, 65, 1000})
    for (auto alphabet : {amino_acids, std::string_view("ACGT")}) {
      const auto sequence = letters(alphabet, size, random);
      for (const std::size_t bins : {16, 32}) {
        std::vector<uint32_t> a(bins, 1);
        std::vector<uint32_t> b(bins, 2);
        similarity_sketch(sequence, a);
        // Elsewhere in memory, and with other bytes around it.
        const auto framed = "x" + sequence + "yyyyyyyy";
        similarity_sketch(std::string_view(framed).substr(1, size), b);
        EXPECT_EQ(a, b) << size;
      }
    }
}

TEST(Sketch, HasMoreBinsForLongSequences) {
  EXPECT_EQ(sketch_bins(0, 0), 16u);
  EXPECT_EQ(sketch_bins(1000, 360'000), 16u);
  EXPECT_EQ(sketch_bins(1000, 1'500'000), 32u);
}

} // namespace
} // namespace talaria

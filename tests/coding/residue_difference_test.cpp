#include "coding/residue_difference.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

namespace talaria {
namespace {

using Random = std::mt19937;

std::string letters(std::string_view alphabet, std::size_t size, Random& random) {
  std::string text(size, '\0');
  for (auto& c : text) c = alphabet[random() % alphabet.size()];
  return text;
}

std::string reverse_complement(std::string_view bases) {
  std::string result(bases.rbegin(), bases.rend());
  for (auto& c : result) c = c == 'A' ? 'T' : c == 'C' ? 'G' : c == 'G' ? 'C' : c == 'T' ? 'A' : c;
  return result;
}

// Substitutions, short insertions and deletions, one event in `every` residues.
std::string mutate(std::string_view from, unsigned every, std::string_view alphabet, Random& random) {
  std::string result;
  for (std::size_t i = 0; i < from.size(); ++i) {
    if (random() % every != 0) {
      result += from[i];
      continue;
    }
    switch (random() % 10) {
    case 0:
      result += from[i];
      result += letters(alphabet, 1 + random() % 20, random);
      break;
    case 1:
      i += random() % 20;
      break;
    default:
      result += alphabet[random() % alphabet.size()];
    }
  }
  return result;
}

std::string encoded(std::string_view target, std::string_view reference) {
  std::string out;
  EXPECT_TRUE(DifferenceEncoder().encode(target, reference, out).has_value());
  EXPECT_LE(out.size(), difference_bound(target.size()));
  return out;
}

// Encodes and decodes; returns the size.
std::size_t round_trip(std::string_view target, std::string_view reference) {
  const auto difference = encoded(target, reference);
  std::string back(target.size(), '?');
  const auto result = decode_difference(difference, reference, back.data(), back.size());
  EXPECT_TRUE(result.has_value());
  EXPECT_TRUE(back == target);
  return difference.size();
}

constexpr std::string_view bases = "ACGT";
constexpr std::string_view amino_acids = "ACDEFGHIKLMNPQRSTVWY";
constexpr std::string_view all_letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

TEST(ResidueDifference, TakesTwoBitsABaseWithoutReference) {
  Random random(1);
  for (const std::size_t size : {0, 1, 3, 4, 5, 7, 8, 9, 23, 24, 1000, 100'003})
    EXPECT_LE(round_trip(letters(bases, size, random), ""), size / 4 + 10);
}

TEST(ResidueDifference, IsExactForAnyLetters) {
  Random random(2);
  for (auto alphabet :
       {bases, amino_acids, all_letters, std::string_view("N"), std::string_view("ACGTN")}) {
    const auto reference = letters(alphabet, 20'000, random);
    round_trip(reference, reference);
    round_trip(letters(alphabet, 10'000, random), reference);
    round_trip(mutate(reference, 50, alphabet, random), reference);
    round_trip(reference, "");
    round_trip("", reference);
  }
}

TEST(ResidueDifference, CostsNextToNothingWhereNothingDiffers) {
  Random random(3);
  const auto reference = letters(bases, 200'000, random);
  EXPECT_LE(round_trip(reference, reference), 20u);
  EXPECT_LE(round_trip(reverse_complement(reference), reference), 20u);
  EXPECT_LE(round_trip(reference.substr(70'000, 90'000), reference), 20u);
}

TEST(ResidueDifference, StoresSubstitutionsNearTheirEntropy) {
  Random random(4);
  const auto reference = letters(bases, 200'000, random);
  auto target = reference;
  std::size_t changed = 0;
  for (auto& c : target)
    if (random() % 200 == 0) {
      const auto old = c;
      c = bases[random() % 4];
      changed += c != old;
    }
  // At one in 267 places: 9.5 bits for the place, 1.6 for which of the other bases.
  const auto bits =
      8.0 * static_cast<double>(round_trip(target, reference)) / static_cast<double>(changed);
  EXPECT_LT(bits, 11.8);
  const auto reversed = 8.0 * static_cast<double>(round_trip(reverse_complement(target), reference)) /
                        static_cast<double>(changed);
  EXPECT_LT(reversed, 11.8);
}

TEST(ResidueDifference, FollowsIndelsInversionsAndDuplications) {
  Random random(5);
  const auto reference = letters(bases, 100'000, random);
  const std::string_view all = reference;
  std::string target(all.substr(0, 20'000));
  target += reverse_complement(all.substr(20'000, 10'000)); // an inversion
  target += all.substr(30'000, 20'000);
  target += all.substr(45'000, 5'000); // a duplication
  target += all.substr(60'000, 10'000);
  target += letters(bases, 1'000, random); // new
  target += all.substr(70'000);
  EXPECT_LE(round_trip(target, reference), 250u + 80u);
  // An indel at every 500th residue: some 20 bits, and 2 for each base inserted.
  std::string indels;
  for (std::size_t i = 0; i < reference.size(); i += 500) {
    indels += reference.substr(i, 495);
    if (i % 1000 == 0) indels += letters(bases, 10, random);
  }
  EXPECT_LE(round_trip(indels, reference), 200u * 24 / 8 + 100u * 10 / 4);
}

TEST(ResidueDifference, CopiesAcrossReferencesThatAreNeighbours) {
  Random random(6);
  const auto first = letters(bases, 60'000, random);
  const auto second = letters(bases, 60'000, random);
  const auto both = first + second;
  EXPECT_LE(round_trip(both.substr(30'000, 60'000), both), 20u);
}

TEST(ResidueDifference, KeepsRunsOfOtherLettersShort) {
  Random random(7);
  const auto reference = letters(bases, 50'000, random);
  const auto target = reference.substr(0, 20'000) + std::string(10'000, 'N') + reference.substr(20'000);
  EXPECT_LE(round_trip(target, reference), 40u);
  EXPECT_LE(round_trip(reverse_complement(target), target), 60u);
}

TEST(ResidueDifference, IsAppendedAndReusesItsMemory) {
  Random random(8);
  const auto large = letters(bases, 50'000, random);
  const auto small = letters(bases, 500, random);
  DifferenceEncoder encoder;
  std::string out = "before";
  ASSERT_TRUE(encoder.encode(large, large, out));
  EXPECT_EQ(out, "before" + encoded(large, large));
  std::string again;
  ASSERT_TRUE(encoder.encode(small, small, again));
  EXPECT_EQ(again, encoded(small, small));
}

TEST(ResidueDifference, RefusesTooLongInput) {
  const std::string reference(difference_reference_max + 1, 'A');
  std::string out;
  const auto result = DifferenceEncoder().encode("ACGT", reference, out);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code(), errc::limit_exceeded);
  char c = 0;
  EXPECT_EQ(decode_difference(std::string(2, '\1'), reference, &c, 1).error().code(), errc::damaged);
}

TEST(ResidueDifference, RefusesAnotherSizeAndTruncation) {
  Random random(9);
  const auto reference = letters(bases, 30'000, random);
  for (const auto& target : {mutate(reference, 100, bases, random), letters(bases, 3'000, random),
                             letters(all_letters, 300, random)}) {
    const auto difference = encoded(target, reference);
    std::string back(target.size() + 1, '?');
    const auto refused = [&](std::string_view bytes, std::size_t size) {
      const auto result = decode_difference(bytes, reference, back.data(), size);
      return !result && result.error().code() == errc::damaged;
    };
    EXPECT_TRUE(refused(difference, target.size() - 1));
    EXPECT_TRUE(refused(difference + "12345678", target.size()));
    EXPECT_TRUE(refused("", target.size()));
    EXPECT_TRUE(refused("\2" + difference.substr(1), target.size()));
    // What is missing at the end reads as zeros: those that were there are not stored either.
    const std::string_view start(difference.data(), difference.size() / 2);
    std::string half(target.size(), '?');
    const auto result = decode_difference(start, reference, half.data(), half.size());
    EXPECT_TRUE(!result || half != target);
  }
}

RC_GTEST_PROP(ResidueDifference, IsExactForAnyBytes,
              (const std::string& target, const std::string& reference)) {
  const auto difference = encoded(target, reference);
  RC_ASSERT(difference.size() <= difference_bound(target.size()));
  std::string back(target.size(), '?');
  RC_ASSERT(decode_difference(difference, reference, back.data(), back.size()).has_value());
  RC_ASSERT(back == target);
}

// Targets made of pieces of the reference, in both orientations, changed, with other letters between.
RC_GTEST_PROP(ResidueDifference, IsExactForRelatives, ()) {
  Random random(*rc::gen::arbitrary<unsigned>());
  const auto alphabet = *rc::gen::element(bases, amino_acids, all_letters, std::string_view("ACGTN"),
                                          std::string_view("AC"));
  const auto size = *rc::gen::inRange<std::size_t>(0, 5000);
  const auto every = *rc::gen::element(2u, 10u, 30u, 200u, 5000u);
  const auto pieces = *rc::gen::inRange(0, 8);
  const auto reference = letters(alphabet, size, random);
  std::string target;
  for (int i = 0; i < pieces; ++i) {
    const auto start = random() % (size + 1);
    auto piece =
        mutate(std::string_view(reference).substr(start, random() % 2000), every, alphabet, random);
    if (random() % 2 == 0) piece = reverse_complement(piece);
    target += piece;
    if (random() % 2 == 0) target += letters(all_letters, random() % 40, random);
    if (random() % 4 == 0) target += std::string(random() % 200, 'N');
  }
  const auto difference = encoded(target, reference);
  std::string back(target.size(), '?');
  RC_ASSERT(decode_difference(difference, reference, back.data(), back.size()).has_value());
  RC_ASSERT(back == target);
}

// Damage is refused or gives other residues; either way nothing outside of the buffers is touched, which
// sanitizers see.
RC_GTEST_PROP(ResidueDifference, SurvivesDamage, ()) {
  Random random(*rc::gen::arbitrary<unsigned>());
  const auto reference = letters(bases, 3000, random);
  const auto target = mutate(reference, 40, "ACGTN", random);
  auto difference = encoded(target, reference);
  for (int i = 0; i < 3; ++i)
    difference[random() % difference.size()] ^= static_cast<char>(1u << random() % 8);
  std::vector<char> back(random() % 4 == 0 ? random() % 5000 : target.size());
  const auto result = decode_difference(difference, reference, back.data(), back.size());
  RC_ASSERT(result.has_value() || result.error().code() == errc::damaged);
  const auto other = letters(bases, random() % 3000, random);
  const auto elsewhere = decode_difference(difference, other, back.data(), back.size());
  RC_ASSERT(elsewhere.has_value() || elsewhere.error().code() == errc::damaged);
}

} // namespace
} // namespace talaria

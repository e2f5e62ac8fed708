// Edit scripts: any target comes back from its script and the reference, what resembles the reference
// takes little, and damaged scripts are refused or make a target of the right size.
#include "coding/edit_script.hpp"

#include "coding/residue_difference.hpp"
#include "core/endian.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace talaria {
namespace {

constexpr std::string_view amino_acids = "ACDEFGHIKLMNPQRSTVWY";

std::string letters(std::string_view alphabet, std::size_t size, unsigned seed) {
  std::mt19937 random(seed);
  std::string text(size, '\0');
  for (auto& c : text) c = alphabet[random() % alphabet.size()];
  return text;
}

// Some substitutions, insertions and deletions.
std::string mutated(std::string text, std::string_view alphabet, unsigned seed) {
  std::mt19937 random(seed);
  for (auto n = text.size() / 20; n > 0; --n) {
    auto at = random() % text.size();
    switch (random() % 8) {
    case 0:
      text.insert(at, letters(alphabet, 1 + random() % 5, seed + static_cast<unsigned>(n)));
      break;
    case 1:
      text.erase(at, 1 + random() % 5);
      break;
    default:
      text[at] = alphabet[random() % alphabet.size()];
    }
  }
  return text;
}

struct Made {
  std::string script;
  ScriptCounts counts;
};

Made script_of(std::string_view target, std::string_view reference) {
  Made made;
  made.counts = ScriptEncoder().encode(target, reference, made.script);
  return made;
}

// Decodes into room that ends where the target does: what is written behind it is seen by the sanitizer.
Result<std::string> decoded(std::string_view script, std::string_view reference, std::size_t size) {
  auto own_reference = std::make_unique<char[]>(reference.size());
  std::copy(reference.begin(), reference.end(), own_reference.get());
  auto room = std::make_unique<char[]>(size);
  auto done = decode_script(script, {own_reference.get(), reference.size()}, room.get(), size);
  if (!done) return tl::unexpected(done.error());
  return std::string(room.get(), size);
}

void expect_back(std::string_view target, std::string_view reference) {
  auto back = decoded(script_of(target, reference).script, reference, target.size());
  ASSERT_TRUE(back) << back.error().message();
  EXPECT_TRUE(*back == target);
}

errc code_of(const Result<std::string>& result) {
  return result ? errc{} : result.error().code();
}

RC_GTEST_PROP(EditScript, GivesBackAnyTargetFromAnyReference,
              (std::string target, std::string reference)) {
  auto back = decoded(script_of(target, reference).script, reference, target.size());
  RC_ASSERT(back.has_value());
  RC_ASSERT(*back == target);
}

// Few different letters: seeds, runs and shifts of all sorts.
RC_GTEST_PROP(EditScript, GivesBackTargetsThatAreMadeOfPiecesOfTheReference, ()) {
  auto letter =
      rc::gen::elementOf(*rc::gen::elementOf(std::vector<std::string>{"AC", "ACGT", "MKVLAW"}));
  auto reference = *rc::gen::container<std::string>(letter);
  std::string target;
  for (auto pieces = *rc::gen::inRange(0, 8); pieces > 0; --pieces) {
    auto from = *rc::gen::inRange<std::size_t>(0, reference.size() + 1);
    target += reference.substr(from, *rc::gen::inRange<std::size_t>(0, 40));
    target += *rc::gen::container<std::string>(letter);
  }
  auto back = decoded(script_of(target, reference).script, reference, target.size());
  RC_ASSERT(back.has_value());
  RC_ASSERT(*back == target);
}

TEST(EditScript, GivesBackEmptyAndShortOnes) {
  for (std::string_view target : {"", "M", "MKV", "MKVL", "MKVLA"})
    for (std::string_view reference : {"", "M", "KV", "MKVL", "MKVLAWWWWW"})
      expect_back(target, reference);
}

TEST(EditScript, OfTheReferenceItselfIsOneCopy) {
  for (std::size_t size : {1u, 100u, 65'534u, 65'535u}) {
    auto sequence = letters(amino_acids, size, 1);
    auto [script, counts] = script_of(sequence, sequence);
    EXPECT_EQ(counts.events, 1u);
    EXPECT_EQ(counts.residues, 0u);
    EXPECT_LE(script.size(), 5u);
    expect_back(sequence, sequence);
  }
}

// Beyond its first 65,535 residues, a reference isn't looked at by who writes; who reads may.
TEST(EditScript, UsesTheBeginningOfAReferenceThatIsTooLong) {
  for (std::size_t size : {65'536u, 65'600u, 200'000u}) {
    auto reference = letters(amino_acids, size, 2);
    expect_back(reference, reference);
    auto [script, counts] = script_of(reference, reference);
    EXPECT_GE(counts.residues * 10 / 9 + 1, size - script_reference_max);
    EXPECT_LE(counts.residues, size - script_reference_max);
    expect_back(reference.substr(size - 500), reference);
  }
  auto reference = letters(amino_acids, 70'000, 3);
  std::string last; // no residues; a move of 69,990 residues, then a copy of 10
  put_varint(last, 0);
  for (uint64_t field : {0, 0}) put_varint(last, field);
  put_zigzag(last, 69'990);
  for (uint64_t field : {10, 0}) put_varint(last, field);
  auto back = decoded(last, reference, 10);
  ASSERT_TRUE(back);
  EXPECT_EQ(*back, reference.substr(69'990));
}

TEST(EditScript, TakesLittleForWhatResemblesTheReference) {
  for (auto alphabet : {amino_acids, std::string_view("ACGT")}) {
    auto reference = letters(alphabet, 1500, 4);
    auto target = mutated(reference, alphabet, 5);
    auto [script, counts] = script_of(target, reference);
    expect_back(target, reference);
    EXPECT_EQ(counts.nucleotides, alphabet == "ACGT");
    EXPECT_LT(script.size(), 500u);
    EXPECT_LT(counts.residues, 220u);
    EXPECT_LT(counts.events, 120u);
  }
}

TEST(EditScript, AddsToWhatIsThere) {
  std::string out = "before";
  ScriptEncoder().encode("MKVL", "MKVL", out);
  EXPECT_EQ(out.substr(0, 6), "before");
  EXPECT_EQ(out.substr(6), script_of("MKVL", "MKVL").script);
}

// An encoder keeps tables between calls; what they held doesn't show.
TEST(EditScript, DependsOnTargetAndReferenceOnly) {
  ScriptEncoder encoder;
  auto reference = letters("ACGT", 3000, 6);
  auto target = mutated(reference, "ACGT", 7);
  auto fresh = script_of(target, reference).script;
  std::string ignored;
  encoder.encode(letters(amino_acids, 5000, 8), letters(amino_acids, 65'535, 9), ignored);
  std::string again;
  encoder.encode(target, reference, again);
  EXPECT_EQ(again, fresh);
}

// With repeats, each place has as many seeds as there are places, and long runs agree at each of them.
// If that cost the square of the length, this test would run into its time limit.
TEST(EditScript, OfRepeatsTakesTimeInProportionToTheirLength) {
  auto repeated = [](std::string_view unit, std::size_t size) {
    std::string text;
    while (text.size() < size) text += unit;
    return text.substr(0, size);
  };
  std::vector<std::string> repeats{
      std::string(65'535, 'A'),
      repeated("AC", 65'535),
      repeated("ACGACGT", 65'535),
      repeated("MKVLW", 65'535),
      std::string(32'000, 'A') + repeated("CAAAAAAAAA", 33'535),
      std::string(32'000, 'W') + repeated("MWWWWWWWWW", 33'535),
      repeated(std::string(300, 'A') + "C", 65'535),
  };
  ScriptEncoder encoder;
  for (int round = 0; round < 3; ++round)
    for (auto& target : repeats)
      for (auto& reference : repeats) {
        std::string script;
        encoder.encode(target, reference, script);
        if (round > 0) continue;
        auto back = decoded(script, reference, target.size());
        ASSERT_TRUE(back);
        EXPECT_TRUE(*back == target);
      }
}

TEST(EditScript, DamagedIsRefusedOrMakesATargetOfTheSize) {
  auto reference = letters(amino_acids, 300, 10);
  auto target = mutated(reference, amino_acids, 11);
  auto script = script_of(target, reference).script;
  std::size_t refused = 0;
  for (std::size_t at = 0; at < script.size(); ++at)
    for (unsigned byte = 0; byte < 256; ++byte) {
      auto damaged = script;
      damaged[at] = static_cast<char>(byte);
      auto back = decoded(damaged, reference, target.size());
      if (!back) {
        ++refused;
        EXPECT_EQ(back.error().code(), errc::damaged);
      }
    }
  EXPECT_GT(refused, script.size());
}

TEST(EditScript, OfAnotherLengthOrSizeIsRefused) {
  auto reference = letters(amino_acids, 300, 12);
  auto target = mutated(reference, amino_acids, 13);
  auto script = script_of(target, reference).script;
  for (std::size_t size = 0; size < script.size(); ++size)
    EXPECT_EQ(code_of(decoded(script.substr(0, size), reference, target.size())), errc::damaged) << size;
  EXPECT_EQ(code_of(decoded(script + '\0', reference, target.size())), errc::damaged);
  for (std::size_t size = 0; size < target.size(); ++size)
    EXPECT_EQ(code_of(decoded(script, reference, size)), errc::damaged) << size;
  EXPECT_EQ(code_of(decoded(script, reference, target.size() + 1)), errc::damaged);
  EXPECT_EQ(code_of(decoded(script, reference, std::size_t{1} << 20)), errc::damaged);
  EXPECT_EQ(code_of(decoded(script, reference.substr(0, 200), target.size())), errc::damaged);
}

RC_GTEST_PROP(EditScript, AnyBytesAreRefusedOrMakeATargetOfTheSize,
              (std::string script, std::string reference)) {
  auto size = *rc::gen::inRange<std::size_t>(0, 300);
  auto back = decoded(script, reference, size);
  RC_ASSERT(back.has_value() || back.error().code() == errc::damaged);
}

// A script as no encoder makes it.
class ByHand {
public:
  explicit ByHand(std::string_view residues) {
    put_varint(script_, residues.size());
    script_ += residues;
  }
  ByHand& event(uint64_t copied, uint64_t missed) {
    put_varint(script_, copied);
    put_varint(script_, missed);
    return *this;
  }
  ByHand& shift(int64_t by) {
    put_zigzag(script_, by);
    return *this;
  }
  Result<std::string> made(std::size_t size) const { return decoded(script_, "ABCDEFGH", size); }

private:
  std::string script_;
};

TEST(EditScriptByHand, CopiesAndResidues) {
  auto back = ByHand("xyz").event(2, 1).shift(1).event(3, 2).made(8);
  ASSERT_TRUE(back) << back.error().message();
  EXPECT_EQ(*back, "ABxEFGyz");
}

// The example of docs/format.md, section 8b.
TEST(EditScript, HasTheBytesThatTheFormatSays) {
  std::string script("\x02\x41\x57\x02\x01\x00\x02\x00\x02\x02\x01", 11);
  auto back = decoded(script, "MKVLAWGG", 8);
  ASSERT_TRUE(back) << back.error().message();
  EXPECT_EQ(*back, "MKALAGGW");
}

TEST(EditScriptByHand, ACopyFromBeforeTheReferenceIsRefused) {
  EXPECT_EQ(code_of(ByHand("").event(2, 0).shift(-3).event(2, 0).made(4)), errc::damaged);
}

TEST(EditScriptByHand, ACopyFromBehindTheReferenceIsRefused) {
  EXPECT_EQ(code_of(ByHand("").event(2, 0).shift(7).event(2, 0).made(4)), errc::damaged);
}

TEST(EditScriptByHand, ACopyBeyondTheEndOfTheReferenceIsRefused) {
  EXPECT_EQ(code_of(ByHand("").event(9, 0).made(9)), errc::damaged);
}

TEST(EditScriptByHand, ShiftsThatOverflowAreRefused) {
  EXPECT_EQ(code_of(ByHand("").event(2, 0).shift(INT64_MIN).event(2, 0).made(4)), errc::damaged);
}

TEST(EditScriptByHand, CountsThatOverflowAreRefused) {
  EXPECT_EQ(code_of(ByHand("x").event(UINT64_MAX, 2).made(4)), errc::damaged);
}

TEST(EditScriptByHand, MoreResiduesThanThereAreIsRefused) {
  EXPECT_EQ(code_of(ByHand("x").event(1, 2).made(3)), errc::damaged);
}

TEST(EditScriptByHand, ResiduesThatAreLeftOverAreRefused) {
  EXPECT_EQ(code_of(ByHand("xy").event(1, 1).made(2)), errc::damaged);
}

TEST(EditScriptByHand, MovesThatMakeNothingAreRefusedBehindTheFirst) {
  EXPECT_TRUE(ByHand("").event(0, 0).shift(2).event(2, 0).made(2));
  EXPECT_EQ(code_of(ByHand("").event(0, 0).shift(1).event(0, 0).shift(1).event(2, 0).made(2)),
            errc::damaged);
}

// A difference says in its first byte that the rest is a script.
TEST(EditScript, IsReadAsADifference) {
  std::string difference(1, difference_by_script);
  ScriptEncoder().encode("MKVLW", "MKVAW", difference);
  std::string back(5, '\0');
  ASSERT_TRUE(decode_difference(difference, "MKVAW", back.data(), back.size()));
  EXPECT_EQ(back, "MKVLW");
  EXPECT_FALSE(decode_difference(difference, "MKVAW", back.data(), 4));
}

} // namespace
} // namespace talaria

#include "coding/dense_header_codec.hpp"

#include "coding/bit_history.hpp"
#include "coding/header_codec.hpp"

#include "headers.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <array>
#include <random>
#include <string>
#include <vector>

namespace talaria {
namespace {

class DenseHeaders : public testing::Test {
protected:
  std::string compressed(const Headers& headers) {
    const auto raw = raw_of(headers);
    std::string out;
    auto taken = codec.compress(raw.bytes, raw.lengths, out);
    EXPECT_TRUE(taken.has_value() && *taken);
    return out;
  }

  Result<Headers> decompressed(std::string_view packed, std::size_t size, std::size_t count) {
    return talaria::decompressed(codec, packed, size, count);
  }

  auto decompress() {
    return [this](std::string_view packed, std::size_t size, std::size_t count) {
      return decompressed(packed, size, count);
    };
  }

  void expect_same(const Headers& headers) {
    expect_given_back(headers, compressed(headers), decompress());
  }

  DenseHeaderCodec codec;
};

// Lists of terms, ascending, as Swiss-Prot sequences with GO terms have them.
Headers go_lists(std::size_t count) {
  std::mt19937 random(2);
  Headers headers;
  for (std::size_t i = 0; i < count; ++i) {
    auto header = "Q" + std::to_string(10000 + 7 * i) + "|";
    for (auto term = random() % 5; term < 60; term += 1 + random() % 20)
      header += "GO:000" + std::to_string(3000 + 37 * term) + ",";
    headers.push_back(header);
  }
  return headers;
}

TEST_F(DenseHeaders, AreGivenBack) {
  expect_same(uniprot_like(300));
  expect_same(go_lists(300));
  expect_same({"WP_004767200.1 DUF1561 domain-containing protein [Leptospira kirschneri]\x01"
               "EKO12345.1 hypothetical protein [Leptospira kirschneri str. H1]",
               "WP_004767223.1 quinolinate synthase NadA [Leptospira kirschneri]"});
  expect_same(
      {"AB001445.1.1538 Bacteria;Proteobacteria;Gammaproteobacteria;Pseudomonadales;Pseudomonas",
       "AB001447.1.1531 Bacteria;Proteobacteria;Gammaproteobacteria;Pseudomonadales;Pseudomonas"});
  expect_same({"gi|10257495:10861-11879 Schistosoma mekongi [R=LSU]",
               "gi|10257495:11941-12649 Schistosoma mekongi [R=SSU]"});
  Headers counters;
  for (int i = 95; i < 1205; ++i) counters.push_back("NODE_" + std::to_string(i));
  expect_same(counters);
}

TEST_F(DenseHeaders, AreGivenBackIfStrange) {
  expect_same({});
  expect_same({""});
  expect_same({"", "", "x", "", ""});
  expect_same({std::string(1, '\0'), std::string(5, '\0'), "\r", "a\r", "\t \t", "::::::::", "a:b.c:.",
               "|||||||||||", "= =A= AB=", " ABCDEFGHIJ=", "[[[ [", "=", " ", "|", "| a|a |a|"});
  expect_same({"\xff\xfe\x80", "\xe2\x82\xac 5"});
  Headers bytes;
  for (unsigned c = 0; c < 256; ++c)
    if (c != '\n') bytes.push_back("a" + std::string(c % 5 + 1, static_cast<char>(c)) + "1");
  expect_same(bytes);
  expect_same({std::string(25'000, 'x'), std::string(10'000, ' '), std::string(10'000, '|'), "x"});
}

RC_GTEST_FIXTURE_PROP(DenseHeaders, AreGivenBackWhateverTheyAre, ()) {
  auto headers =
      *rc::gen::container<Headers>(rc::gen::container<std::string>(rc::gen::weightedOneOf<char>(
          {{4, rc::gen::elementOf(std::string("aAO09 |:=._-,;["))}, {1, rc::gen::arbitrary<char>()}})));
  for (auto& header : headers) std::replace(header.begin(), header.end(), '\n', 'n');
  const auto size = raw_of(headers).bytes.size();
  RC_ASSERT(decompressed(compressed(headers), size, headers.size()).value() == headers);
}

TEST_F(DenseHeaders, TakeLessThanAsWords) {
  for (const auto& headers : {uniprot_like(500), go_lists(500)}) {
    const auto raw = raw_of(headers);
    std::string as_words;
    ASSERT_TRUE(HeaderCodec().compress(raw.bytes, raw.lengths, 19, as_words).value());
    EXPECT_LT(compressed(headers).size(), as_words.size() * 9 / 10);
  }
}

TEST_F(DenseHeaders, AreTheSameWhateverWasCodedBefore) {
  const auto first = compressed(uniprot_like(200));
  compressed(uniprot_like(100, 2));
  const auto raw = raw_of(uniprot_like(200));
  std::string out = "before";
  ASSERT_TRUE(codec.compress(raw.bytes, raw.lengths, out).value());
  EXPECT_EQ(out, "before" + first);
  EXPECT_TRUE(decompressed(first, raw.bytes.size(), 200).value() == uniprot_like(200));
}

// A program on another machine must make the same decisions: then these bytes are the same.
TEST_F(DenseHeaders, AreTheBytesThatTheFormatSays) {
  std::uint64_t sum = 0;
  for (const auto& headers : {uniprot_like(200), go_lists(200)})
    for (char c : compressed(headers)) sum = sum * 31 + static_cast<std::uint8_t>(c);
  EXPECT_EQ(sum, 6596009706438466299u);
}

TEST_F(DenseHeaders, AreNotTakenWithLineFeedsOrIfTooMany) {
  std::string out = "as before";
  for (const Headers& headers :
       {Headers{"two\nlines"}, Headers{"\n"}, Headers{std::string(header_codec_max_bytes, 'x')}}) {
    const auto raw = raw_of(headers);
    EXPECT_FALSE(codec.compress(raw.bytes, raw.lengths, out).value());
    EXPECT_EQ(out, "as before");
  }
}

TEST_F(DenseHeaders, ThatAreCutOrLongerAreDamaged) {
  const auto headers = uniprot_like(5);
  expect_truncation_and_what_follows_found(headers, compressed(headers), decompress());
}

TEST_F(DenseHeaders, OfOtherSizesThanStatedAreDamaged) {
  const auto headers = uniprot_like(20);
  expect_other_sizes_found(headers, compressed(headers), 2 * header_codec_max_bytes, decompress());
}

TEST_F(DenseHeaders, WithFlippedBitsAreSurvived) {
  const auto headers = uniprot_like(12);
  expect_flips_survived(headers, compressed(headers), 13, decompress());
}

TEST(BitHistory, CountsAndForgetsWhatWasOtherwise) {
  BitHistory history;
  for (int i = 0; i < 12; ++i) history = history.then(1);
  EXPECT_EQ(history, (BitHistory{0, 12, 1}));
  history = history.then(0);
  EXPECT_EQ(history, (BitHistory{1, 7, 0}));
  for (int i = 0; i < 100; ++i) history = history.then(0);
  EXPECT_EQ(history, (BitHistory{10, 2, 0}));
  EXPECT_EQ(bit_histories.of[0], BitHistory());
  for (std::size_t i = 0; i < bit_histories.count; ++i)
    for (unsigned bit = 0; bit < 2; ++bit)
      EXPECT_EQ(bit_histories.of[bit_histories.next[i][bit]], bit_histories.of[i].then(bit));
}

} // namespace
} // namespace talaria

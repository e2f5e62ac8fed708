#include "coding/header_codec.hpp"

#include "coding/codec.hpp"
#include "coding/header_words.hpp"
#include "core/endian.hpp"

#include "headers.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <random>
#include <string>
#include <vector>

namespace talaria {
namespace {

std::string compressed(const Headers& headers, int level = 3) {
  const auto raw = raw_of(headers);
  std::string out;
  auto taken = HeaderCodec().compress(raw.bytes, raw.lengths, level, out);
  EXPECT_TRUE(taken.has_value() && *taken);
  return out;
}

Result<Headers> decompressed(std::string_view packed, std::size_t size, std::size_t count) {
  HeaderCodec codec;
  return decompressed(codec, packed, size, count);
}

constexpr auto decompress = [](std::string_view packed, std::size_t size, std::size_t count) {
  return decompressed(packed, size, count);
};

void expect_same(const Headers& headers) {
  expect_given_back(headers, compressed(headers), decompress);
}

TEST(HeaderCodec, GivesBackHeadersOfTheUsualSorts) {
  expect_same(uniprot_like(1000));
  expect_same({"WP_004767200.1 DUF1561 domain-containing protein [Leptospira kirschneri]\x01"
               "EKO12345.1 hypothetical protein [Leptospira kirschneri str. H1]\x01"
               "EKO12346.1 hypothetical protein [Leptospira kirschneri str. H1]",
               "WP_004767223.1 quinolinate synthase NadA [Leptospira kirschneri]"});
  expect_same(
      {"AB001445.1.1538 Bacteria;Proteobacteria;Gammaproteobacteria;Pseudomonadales;Pseudomonas",
       "AB001447.1.1531 Bacteria;Proteobacteria;Gammaproteobacteria;Pseudomonadales;Pseudomonas"});
  expect_same({"A0A183|GO:0031424", "A0A1F4|GO:0000902,GO:0005201,GO:0005509,GO:0031424"});
  expect_same({"gi|10257495:10861-11879 Schistosoma mekongi [R=LSU]",
               "gi|10257495:11941-12649 Schistosoma mekongi [R=SSU]"});
}

TEST(HeaderCodec, GivesBackCounters) {
  Headers headers;
  for (int i = 0; i < 3000; ++i)
    headers.push_back("NODE_" + std::to_string(i) + "_length_" + std::to_string(9 * i));
  for (int i = 95; i < 1205; ++i) {
    auto digits = std::to_string(i);
    headers.push_back("contig" + std::string(5 - digits.size(), '0') + digits);
  }
  expect_same(headers);
  expect_same({"9", "10", "11", "099", "100", "0100", "999999999", "1000000000", "1000000001"});
  expect_same(
      {"x4294967295", "x4294967296", "x00000000000000000000000001", "x00000000000000000000000002"});
}

TEST(HeaderCodec, GivesBackStrangeHeaders) {
  expect_same({});
  expect_same({""});
  expect_same({"", "", "x", "", ""});
  expect_same({std::string(1, '\0'), std::string(5, '\0'), "\r", "a\r", "\t \t", "::::::::", "a:b.c:.",
               "|||||"});
  expect_same({"\xc3\xa4rztliche Pr\xc3\xbc"
               "fung",
               "\xff\xfe\x80", "\xe2\x82\xac 5"});
  Headers bytes;
  for (unsigned c = 0; c < 256; ++c)
    if (c != '\n') bytes.push_back("a" + std::string(c % 5 + 1, static_cast<char>(c)) + "1");
  expect_same(bytes);
  expect_same({std::string(250'000, 'x'), std::string(100'000, ' '), std::string(49, '7'), "x"});
}

TEST(HeaderCodec, GivesBackMoreWordsThanCodesOfTwoBytes) {
  Headers headers;
  for (int round = 0; round < 2; ++round)
    for (int i = 0; i < 90'000; ++i) headers.push_back("w" + std::to_string(7 * i % 90'001) + "x");
  expect_same(headers);
}

RC_GTEST_PROP(HeaderCodec, GivesBackAnyHeaders, ()) {
  auto headers =
      *rc::gen::container<Headers>(rc::gen::container<std::string>(rc::gen::weightedOneOf<char>(
          {{4, rc::gen::elementOf(std::string("aA09 |:=._-,;"))}, {1, rc::gen::arbitrary<char>()}})));
  for (auto& header : headers) std::replace(header.begin(), header.end(), '\n', 'n');
  const auto raw = raw_of(headers);
  std::string packed;
  if (!HeaderCodec().compress(raw.bytes, raw.lengths, *rc::gen::inRange(-7, 6), packed).value()) return;
  RC_ASSERT(decompressed(packed, raw.bytes.size(), headers.size()).value() == headers);
}

TEST(HeaderCodec, IsSmallerThanAGeneralCodec) {
  const auto headers = uniprot_like(2000);
  std::string general;
  ASSERT_TRUE(make_codec(CodecId::zstd)->compress(raw_of(headers).bytes, 3, general));
  EXPECT_LT(compressed(headers).size(), general.size() * 9 / 10);
}

TEST(HeaderCodec, MakesTheSameOfTheSame) {
  const auto raw = raw_of(uniprot_like(300));
  const auto other = raw_of(uniprot_like(100, 2));
  HeaderCodec codec;
  std::string first;
  std::string between;
  std::string second = "before";
  ASSERT_TRUE(codec.compress(raw.bytes, raw.lengths, 3, first).value());
  ASSERT_TRUE(codec.compress(other.bytes, other.lengths, 3, between).value());
  ASSERT_TRUE(codec.compress(raw.bytes, raw.lengths, 3, second).value());
  EXPECT_EQ("before" + first, second);
  EXPECT_EQ(compressed(uniprot_like(300)), first);
}

TEST(HeaderCodec, DoesNotTakeLineFeedsOrTooMuch) {
  HeaderCodec codec;
  std::string out = "as before";
  for (const Headers& headers :
       {Headers{"two\nlines"}, Headers{"\n"}, Headers{std::string(header_codec_max_bytes, 'x')}}) {
    const auto raw = raw_of(headers);
    EXPECT_FALSE(codec.compress(raw.bytes, raw.lengths, 3, out).value());
    EXPECT_EQ(out, "as before");
  }
  const auto full = raw_of({std::string(header_codec_max_bytes - 1, 'x')});
  EXPECT_TRUE(codec.compress(full.bytes, full.lengths, 3, out).value());
}

TEST(HeaderCodec, DoesNotTakeWordsThatAreAllShortAndNew) {
  std::string words;
  for (char a = 'A'; a <= 'z'; ++a)
    for (char b = 'A'; b <= 'z'; ++b)
      if (std::isalpha(a) != 0 && std::isalpha(b) != 0) words += {',', a, b};
  std::string out = "as before";
  const auto raw = raw_of({words});
  EXPECT_FALSE(HeaderCodec().compress(raw.bytes, raw.lengths, 3, out).value());
  EXPECT_EQ(out, "as before");
}

TEST(HeaderCodec, FindsEveryTruncationAndWhatFollows) {
  const auto headers = uniprot_like(20);
  expect_truncation_and_what_follows_found(headers, compressed(headers), decompress);
}

TEST(HeaderCodec, FindsOtherSizesThanWereStated) {
  const auto headers = uniprot_like(20);
  expect_other_sizes_found(headers, compressed(headers), header_codec_max_bytes, decompress);
}

TEST(HeaderCodec, SurvivesEveryFlippedBit) {
  const auto headers = uniprot_like(12);
  expect_flips_survived(headers, compressed(headers), 1, decompress);
}

using Streams = std::array<std::string, header_stream_count>;

std::string packed_of(std::size_t words, std::size_t bytes, const Streams& streams) {
  std::string packed;
  put_varint(packed, words);
  put_varint(packed, bytes);
  for (auto& stream : streams) {
    put_varint(packed, stream.size());
    put_varint(packed, stream.size());
    packed += stream;
  }
  return packed;
}

std::string bytes(std::initializer_list<unsigned> values) {
  std::string text;
  for (auto value : values) text += static_cast<char>(value);
  return text;
}

// One header "a1", then "a1" again from the dictionary, then "a3" by a step of 2.
Streams sound() {
  Streams streams;
  streams[codes] = bytes({1, 1, 0});
  streams[spellings] = bytes({0, 0});
  streams[lengths] = bytes({3, 3});
  streams[letters] = "\na1\na3";
  return streams;
}

TEST(HeaderCodec, ReadsWhatIsWrittenByHand) {
  EXPECT_EQ(decompressed(packed_of(1, 3, sound()), 6, 3).value(), (Headers{"a1", "a1", "a3"}));
  auto streams =
      sound(); // the second one as the number of the last plus 2, after the prefix of the first
  streams[codes] = bytes({0, 0, 0});
  streams[spellings] = bytes({0, spelling::from_last | 2, spelling::step + 1});
  streams[lengths] = bytes({3, 1});
  streams[letters] = "\na1"
                     "2";
  streams[low_steps] = bytes({2});
  EXPECT_EQ(decompressed(packed_of(0, 0, streams), 6, 3).value(), (Headers{"a1", "a2", "a4"}));
}

TEST(HeaderCodec, RefusesImpossibleStreams) {
  auto with = [](auto&& change, std::size_t words = 1, std::size_t dictionary = 3) {
    auto streams = sound();
    change(streams);
    return decompressed(packed_of(words, dictionary, streams), 6, 3);
  };
  EXPECT_TRUE(with([](Streams&) {}));
  expect_damaged(with([](Streams&) {}, 2), "more words in the dictionary");
  expect_damaged(with([](Streams&) {}, 1, 2), "a dictionary of fewer bytes");
  expect_damaged(with([](Streams&) {}, 1, 4), "of more bytes");
  expect_damaged(with([](Streams&) {}, 0, 3), "without words");
  expect_damaged(with([](Streams&) {}, 1000, 1000), "larger than the text");
  expect_damaged(with([](Streams& s) { s[codes] = bytes({1, 2, 0}); }), "a word that isn't there");
  expect_damaged(with([](Streams& s) { s[codes] = bytes({1, 255, 0, 0, 0}); }), "a far one");
  expect_damaged(with([](Streams& s) { s[codes] = bytes({1, 1, 192}); }), "half a code");
  expect_damaged(with([](Streams& s) { s[codes] = bytes({1, 1, 255, 0}); }), "two thirds of one");
  expect_damaged(with([](Streams& s) { s[codes] = bytes({1, 1, 1, 0}); }), "more words");
  expect_damaged(with([](Streams& s) { s[spellings] = bytes({1, 0}); }), "like a word before the first");
  expect_damaged(with([](Streams& s) { s[spellings] = bytes({0, 1}); }), "no model");
  expect_damaged(with([](Streams& s) {
                   s[spellings] = bytes({0, spelling::from_last | 4});
                 }),
                 "longer than it");
  expect_damaged(with([](Streams& s) { s[spellings] = bytes({0, 50}); }), "no way of spelling");
  expect_damaged(with([](Streams& s) { s[spellings] = bytes({0, 61}); }), "no way of spelling");
  expect_damaged(with([](Streams& s) {
                   s[spellings] = bytes({0, spelling::step});
                 }),
                 "a step from nothing");
  expect_damaged(with([](Streams& s) { s[spellings] = bytes({0, 0, 0}); }), "spellings left over");
  expect_damaged(with([](Streams& s) { s[lengths] = bytes({3, 4}); }), "too long");
  expect_damaged(with([](Streams& s) { s[lengths] = bytes({3, 0}); }), "an empty word");
  expect_damaged(with([](Streams& s) { s[lengths] = bytes({3}); }), "no length");
  expect_damaged(with([](Streams& s) { s[letters] += 'x'; }), "letters left over");
  expect_damaged(with([](Streams& s) { s[digits] = "1"; }), "digits left over");
  expect_damaged(with([](Streams& s) { s[letters] = "xa1\na3"; }), "no line feed at the beginning");
  expect_damaged(with([](Streams& s) { s[letters] = "\na1\n\n3"; }), "more headers");
  expect_damaged(with([](Streams& s) { s[letters] = "\na1xa3"; }), "fewer headers");
}

} // namespace
} // namespace talaria

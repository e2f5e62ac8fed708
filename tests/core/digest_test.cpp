#include "talaria/digest.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <unordered_set>
#include <vector>

namespace talaria {
namespace {

// FIPS 180-4 and NIST's examples for SHA-256.
struct Example {
  std::string text;
  std::string_view hex;
};
const std::vector<Example>& examples() {
  static const std::vector<Example> all{
      {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
      {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
      {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
       "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
      {"abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrs"
       "mnopqrst"
       "nopqrstu",
       "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"},
      {std::string(1'000'000, 'a'), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"},
      {std::string("\xbd"), "68325720aabd7c82f30f554b313d0570c95accbb7dc4b5aae11204c08ffe732b"},
      {std::string(55, '\0'), "02779466cdec163811d078815c633f21901413081449002f24aa3e80f0b88ef7"},
  };
  return all;
}

TEST(ADigest, IsSha256) {
  for (const auto& [text, hex] : examples()) EXPECT_EQ(digest_of(text).hex(), hex);
}

TEST(AHasher, ServesAnyNumberOfDigests) {
  Hasher hasher;
  for (int round = 0; round < 3; ++round)
    for (const auto& [text, hex] : examples()) {
      EXPECT_EQ(hasher.of(text).hex(), hex);
      hasher.update(text);
      EXPECT_EQ(hasher.finish().hex(), hex);
    }
}

TEST(AHasher, ThatGotNothingGivesTheDigestOfNothing) {
  Hasher hasher;
  EXPECT_EQ(hasher.finish(), digest_of(""));
  hasher.update("abc");
  hasher.finish();
  EXPECT_EQ(hasher.finish(), digest_of(""));
}

TEST(AHasher, CanBeMovedInTheMiddle) {
  Hasher first;
  first.update("a");
  Hasher second = std::move(first);
  second.update("bc");
  EXPECT_EQ(second.finish(), digest_of("abc"));
}

RC_GTEST_PROP(AHasher, DoesNotSeeHowBytesArrive, (const std::vector<std::string>& pieces)) {
  Hasher hasher;
  std::string whole;
  for (const auto& piece : pieces) {
    hasher.update(piece);
    whole += piece;
  }
  RC_ASSERT(hasher.finish() == digest_of(whole));
}

RC_GTEST_PROP(ADigest, GoesThroughHexadecimalUnchanged, (const std::string& text)) {
  const auto digest = digest_of(text);
  auto hex = digest.hex();
  RC_ASSERT(hex.size() == 64u);
  RC_ASSERT(hex.find_first_not_of("0123456789abcdef") == std::string::npos);
  RC_ASSERT(Digest::from_hex(hex) == digest);
  std::transform(hex.begin(), hex.end(), hex.begin(),
                 [](char c) { return c >= 'a' ? char(c - 32) : c; });
  RC_ASSERT(Digest::from_hex(hex) == digest);
}

TEST(ADigest, IsReadFromNothingBut64HexadecimalDigits) {
  const auto good = digest_of("abc").hex();
  EXPECT_FALSE(Digest::from_hex(""));
  EXPECT_FALSE(Digest::from_hex(good.substr(1)));
  EXPECT_FALSE(Digest::from_hex(good + "0"));
  for (int c = 0; c < 256; ++c) {
    const std::string_view digits = "0123456789abcdefABCDEF";
    auto text = good;
    text[63] = static_cast<char>(c);
    EXPECT_EQ(Digest::from_hex(text).has_value(), digits.find(static_cast<char>(c)) != digits.npos) << c;
  }
}

TEST(ADigest, OrdersAsItsBytesDo) {
  EXPECT_LT(*Digest::from_hex(std::string(64, '0')), *Digest::from_hex(std::string(64, 'f')));
  EXPECT_EQ(digest_of("abc").hex() < digest_of("abd").hex(), digest_of("abc") < digest_of("abd"));
}

TEST(ADigest, IsAKeyOfHashMaps) {
  std::unordered_set<Digest, DigestHash> set{digest_of("a"), digest_of("b"), digest_of("a")};
  EXPECT_EQ(set.size(), 2u);
  EXPECT_TRUE(set.contains(digest_of("b")));
}

} // namespace
} // namespace talaria

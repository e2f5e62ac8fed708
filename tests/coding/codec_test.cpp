#include "coding/codec.hpp"
#include "core/endian.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <random>
#include <vector>

namespace talaria {
namespace {

constexpr CodecId all_codecs[] = {CodecId::none, CodecId::zstd, CodecId::lz4, CodecId::gzip,
                                  CodecId::dense};

struct Levels {
  int lowest;
  int highest;
};
Levels levels_of(CodecId id) {
  switch (id) {
  case CodecId::zstd:
    return {-7, 22};
  case CodecId::lz4:
    return {1, 12};
  case CodecId::gzip:
    return {0, 3};
  case CodecId::none:
  case CodecId::dense:
  case CodecId::headers: // none of these
  case CodecId::dense_headers:
    break;
  }
  return {0, 0};
}

std::string compressed(Codec& codec, std::string_view raw, int level) {
  std::string out;
  auto done = codec.compress(raw, level, out);
  EXPECT_TRUE(done) << done.error().message();
  return out;
}

// Decompresses into memory with guards on both sides, and checks that they stay untouched.
Result<std::string> decompressed(Codec& codec, std::string_view packed, std::size_t raw_size) {
  constexpr std::size_t guard = 64;
  std::string room(raw_size + 2 * guard, '\x5a');
  auto done = codec.decompress(packed, room.data() + guard, raw_size);
  EXPECT_EQ(room.substr(0, guard), std::string(guard, '\x5a'));
  EXPECT_EQ(room.substr(guard + raw_size), std::string(guard, '\x5a'));
  if (!done) return tl::unexpected<Error>(done.error());
  return room.substr(guard, raw_size);
}

// Proteins as far as a compressor can tell: twenty letters, and pieces that come again.
std::string protein_like(std::size_t size, unsigned seed) {
  std::mt19937 random(seed);
  std::string text;
  while (text.size() < size) {
    if (text.size() > 500 && random() % 3 == 0)
      text += text.substr(random() % (text.size() - 200), 20 + random() % 100);
    else
      for (int i = 0; i < 60; ++i) text += "ACDEFGHIKLMNPQRSTVWY"[random() % 20];
  }
  text.resize(size);
  return text;
}

std::string noise(std::size_t size, unsigned seed) {
  std::mt19937 random(seed);
  std::string text(size, '\0');
  for (auto& c : text) c = static_cast<char>(random());
  return text;
}

class EveryCodec : public testing::TestWithParam<CodecId> {
protected:
  std::unique_ptr<Codec> codec = make_codec(GetParam());
  Levels levels = levels_of(GetParam());
  int level = levels.lowest < 1 && levels.highest > 0 ? 1 : levels.lowest;
};

INSTANTIATE_TEST_SUITE_P(Codecs, EveryCodec, testing::ValuesIn(all_codecs),
                         [](const auto& info) { return std::string(to_string(info.param)); });

TEST_P(EveryCodec, SaysWhatItIs) {
  EXPECT_EQ(codec->id(), GetParam());
}

TEST_P(EveryCodec, GivesBackAnyBytes) {
  rc::check([&] {
    const auto text = *rc::gen::arbitrary<std::string>();
    const auto used = *rc::gen::inRange(levels.lowest, std::min(levels.highest, 12) + 1);
    RC_ASSERT(decompressed(*codec, compressed(*codec, text, used), text.size()) == text);
  });
}

TEST_P(EveryCodec, GivesBackAllSortsOfDataAtEveryLevel) {
  const std::string inputs[] = {"",
                                "A",
                                std::string(1, '\0'),
                                std::string(300'000, 'N'),
                                protein_like(200'000, 1),
                                noise(70'000, 2),
                                noise(64, 3) + protein_like(100'000, 4) + noise(40'000, 5)};
  for (int used = levels.lowest; used <= levels.highest; ++used)
    for (const auto& text : inputs) {
      auto packed = compressed(*codec, text, used);
      auto back = decompressed(*codec, packed, text.size());
      ASSERT_TRUE(back) << "level " << used << ", size " << text.size() << ": "
                        << back.error().message();
      ASSERT_TRUE(*back == text) << "level " << used << ", size " << text.size();
    }
}

TEST_P(EveryCodec, TakesEmptyViewsWithoutMemory) {
  const auto packed = compressed(*codec, {}, level);
  EXPECT_TRUE(codec->decompress(packed, nullptr, 0));
}

TEST_P(EveryCodec, AppendsToWhatIsThere) {
  std::string out = "before";
  ASSERT_TRUE(codec->compress("text", level, out));
  ASSERT_EQ(out.substr(0, 6), "before");
  EXPECT_EQ(decompressed(*codec, std::string_view(out).substr(6), 4).value(), "text");
}

TEST_P(EveryCodec, MakesTheSameOfTheSame) {
  const auto text = protein_like(50'000, 6);
  const auto first = compressed(*codec, text, level);
  compressed(*codec, noise(5000, 7), level);
  EXPECT_EQ(compressed(*codec, text, level), first);
  EXPECT_EQ(compressed(*make_codec(GetParam()), text, level), first);
}

TEST_P(EveryCodec, HardlyGrowsWhatCannotBeCompressed) {
  const auto text = noise(100'000, 8);
  EXPECT_LE(compressed(*codec, text, level).size(), text.size() + 1000);
}

TEST_P(EveryCodec, RefusesALevelItDoesNotKnow) {
  for (int used : {levels.lowest - 1, levels.highest + 1, 1000, -1000}) {
    std::string out = "as before";
    auto done = codec->compress("text", used, out);
    EXPECT_EQ(done.has_value(), level_is_valid(GetParam(), used));
    EXPECT_EQ(done.has_value(), GetParam() == CodecId::none || GetParam() == CodecId::dense);
    if (done) continue;
    EXPECT_EQ(done.error().code(), errc::invalid_argument);
    EXPECT_EQ(out, "as before");
  }
  for (int used = levels.lowest; used <= levels.highest; ++used)
    EXPECT_TRUE(level_is_valid(GetParam(), used));
}

void expect_damaged(const Result<std::string>& result, const std::string& what) {
  ASSERT_FALSE(result) << what;
  EXPECT_EQ(result.error().code(), errc::damaged) << what;
  EXPECT_FALSE(result.error().message().empty());
}

TEST_P(EveryCodec, FindsEveryTruncation) {
  const auto text = protein_like(600, 9);
  const auto packed = compressed(*codec, text, level);
  for (std::size_t n = 0; n < packed.size(); ++n)
    expect_damaged(decompressed(*codec, std::string_view(packed).substr(0, n), text.size()),
                   "cut to " + std::to_string(n) + " of " + std::to_string(packed.size()));
}

TEST_P(EveryCodec, FindsBytesBehindTheEnd) {
  for (const std::string& text : {std::string(), protein_like(600, 10)}) {
    const auto packed = compressed(*codec, text, level);
    for (std::size_t n = 1; n < 40; ++n) {
      expect_damaged(decompressed(*codec, packed + std::string(n, '\0'), text.size()),
                     std::to_string(n));
      expect_damaged(decompressed(*codec, packed + noise(n, 11), text.size()), std::to_string(n));
    }
    if (GetParam() == CodecId::none) continue; // two strings of bytes are one
    expect_damaged(decompressed(*codec, packed + packed, text.size()), "twice");
    if (!text.empty())
      expect_damaged(decompressed(*codec, packed + packed, 2 * text.size()), "twice as large");
  }
}

TEST_P(EveryCodec, FindsAnotherSizeThanWasStated) {
  for (const auto& text : {protein_like(600, 12), std::string(5000, 'A')}) {
    const auto packed = compressed(*codec, text, level);
    for (std::size_t size : {std::size_t{0}, std::size_t{1}, text.size() - 1, text.size() + 1,
                             2 * text.size(), std::size_t{10'000'000}})
      expect_damaged(decompressed(*codec, packed, size), std::to_string(size));
  }
}

// Only gzip carries a checksum. The others may give other bytes, but as many, and nowhere else: the CRC
// of the block is what finds those.
TEST_P(EveryCodec, SurvivesEveryFlippedBit) {
  const auto text = protein_like(400, 13);
  const auto packed = compressed(*codec, text, level);
  for (std::size_t bit = 0; bit < packed.size() * 8; ++bit) {
    auto other = packed;
    other[bit / 8] = static_cast<char>(other[bit / 8] ^ 1 << bit % 8);
    auto back = decompressed(*codec, other, text.size());
    if (!back) {
      EXPECT_EQ(back.error().code(), errc::damaged) << bit;
    } else if (GetParam() == CodecId::gzip) { // a flag of the header that says nothing about the content
      EXPECT_EQ(*back, text) << bit;
    }
  }
  EXPECT_EQ(decompressed(*codec, packed, text.size()).value(), text) << "after all the damage";
}

TEST_P(EveryCodec, SurvivesAnyBytes) {
  rc::check([&] {
    const auto bytes = *rc::gen::arbitrary<std::string>();
    const auto size = *rc::gen::inRange<std::size_t>(0, 1000);
    auto back = decompressed(*codec, bytes, size);
    RC_ASSERT(back.has_value() || back.error().code() == errc::damaged);
  });
}

TEST_P(EveryCodec, SurvivesDamageInTheMiddleOfLargeData) {
  const auto text = protein_like(100'000, 14);
  const auto packed = compressed(*codec, text, level);
  std::mt19937 random(15);
  for (int round = 0; round < 200; ++round) {
    auto other = packed;
    for (int i = 0; i < 4; ++i) other[random() % other.size()] = static_cast<char>(random());
    auto back = decompressed(*codec, other, text.size());
    EXPECT_TRUE(GetParam() != CodecId::gzip || !back || *back == text);
  }
}

TEST(Zstd, TakesOneFrameOnlyAndNoMetadata) {
  auto codec = make_codec(CodecId::zstd);
  std::string skippable;
  store_u32(skippable, 0x184D2A50);
  store_u32(skippable, 0);
  EXPECT_FALSE(codec->decompress(skippable, nullptr, 0));
  const auto packed = compressed(*codec, "text", 1);
  expect_damaged(decompressed(*codec, skippable + packed, 4), "metadata before");
  expect_damaged(decompressed(*codec, packed + skippable, 4), "metadata behind");
}

// A header of a few bytes that claims a content of 2^60: nothing of that size may be allocated.
TEST(Zstd, BelievesNoClaimedSize) {
  auto codec = make_codec(CodecId::zstd);
  std::string packed;
  store_u32(packed, 0xFD2FB528);
  packed += '\xe0'; // one segment, a content size of eight bytes
  store_u64(packed, std::uint64_t{1} << 60);
  char byte = 0;
  EXPECT_FALSE(codec->decompress(packed, &byte, 1));
  EXPECT_FALSE(codec->decompress(packed, &byte, 0));
}

TEST(Gzip, IsWhatEveryGunzipReads) {
  const auto packed = compressed(*make_codec(CodecId::gzip), "text", 1);
  EXPECT_EQ(packed.substr(0, 3), "\x1f\x8b\x08");
  EXPECT_EQ(load_u32(packed.data() + packed.size() - 4), 4u);
}

TEST(Codecs, AreKnownByNumberAndName) {
  for (auto id : all_codecs) {
    EXPECT_EQ(codec_from_number(static_cast<std::uint8_t>(id)).value(), id);
    EXPECT_EQ(codec_from_name(to_string(id)).value(), id);
  }
  EXPECT_EQ(to_string(CodecId::zstd), "zstd");
  for (int number = codec_count; number < 256; ++number) {
    auto id = codec_from_number(static_cast<std::uint8_t>(number));
    ASSERT_FALSE(id);
    EXPECT_EQ(id.error().code(), errc::damaged);
  }
  for (auto name : {"", "ZSTD", "zstd ", "xz", "non"}) {
    auto id = codec_from_name(name);
    ASSERT_FALSE(id) << name;
    EXPECT_EQ(id.error().code(), errc::invalid_argument);
  }
}

TEST(Codecs, ThatDoNotExistAreNotMade) {
  EXPECT_EQ(make_codec(static_cast<CodecId>(9)), nullptr);
  EXPECT_FALSE(level_is_valid(static_cast<CodecId>(9), 1));
  EXPECT_FALSE(to_string(static_cast<CodecId>(9)).empty());
}

// What Dense makes of residues, which it takes for any bytes elsewhere.
class Dense : public testing::Test {
protected:
  std::unique_ptr<Codec> codec = make_codec(CodecId::dense, Content::residues);
};

// Some sequences of 300 residues, each like the one before but for one residue in ten.
std::string family(std::string_view alphabet, std::size_t size, unsigned seed) {
  std::mt19937 random(seed);
  std::string one(300, '\0');
  for (auto& c : one) c = alphabet[random() % alphabet.size()];
  std::string text;
  while (text.size() < size) {
    for (auto& c : one)
      if (random() % 10 == 0) c = alphabet[random() % alphabet.size()];
    text += one;
  }
  text.resize(size);
  return text;
}

TEST_F(Dense, GivesBackAnyResidues) {
  rc::check([&] {
    const auto text = *rc::gen::container<std::string>(rc::gen::inRange('A', '[')); // 'Z' and before
    RC_ASSERT(decompressed(*codec, compressed(*codec, text, 1), text.size()) == text);
  });
  for (const auto& text : {std::string("A"), std::string(50'000, 'W'), protein_like(50'000, 20),
                           family("ACGT", 50'000, 21), family("ABCDEFGHIJKLMNOPQRSTUVWXYZ", 20'000, 22)})
    EXPECT_TRUE(decompressed(*codec, compressed(*codec, text, 1), text.size()) == text);
}

TEST_F(Dense, GivesBackWhatIsNotResidues) {
  for (const auto& text : {std::string(), protein_like(5000, 23) + "a", noise(5000, 24)})
    EXPECT_TRUE(decompressed(*codec, compressed(*codec, text, 1), text.size()) == text);
}

TEST_F(Dense, TakesLessThanZstdForSequencesWithSubstitutions) {
  auto zstd = make_codec(CodecId::zstd, Content::residues);
  for (std::string_view alphabet : {"ACDEFGHIKLMNPQRSTVWY", "ACGT"}) {
    const auto text = family(alphabet, 60'000, 25);
    EXPECT_LT(compressed(*codec, text, 1).size() * 10, compressed(*zstd, text, 19).size() * 9)
        << alphabet;
  }
}

TEST_F(Dense, RemembersNothingOfEarlierBlocks) {
  const auto text = family("ACDEFGHIKLMNPQRSTVWY", 20'000, 26);
  const auto first = compressed(*codec, text, 1);
  compressed(*codec, family("ACDEFGHIKLMNPQRSTVWY", 30'000, 27), 1);
  EXPECT_EQ(compressed(*codec, text, 1), first);
}

// Short matches of residues cost more than they save; the library's own levels take them.
TEST(ZstdOfResidues, TakesLessThanWithTheMatchesOfAnyContent) {
  auto tuned = make_codec(CodecId::zstd, Content::residues);
  auto general = make_codec(CodecId::zstd, Content::any);
  const auto text = family("ACDEFGHIKLMNPQRSTVWY", 60'000, 30);
  for (int level : {4, 5, 6, 9, 12})
    EXPECT_LT(compressed(*tuned, text, level).size(), compressed(*general, text, level).size()) << level;
  const auto bases = family("ACGT", 60'000, 30);
  for (int level : {1, 2, 3, 4})
    EXPECT_LT(compressed(*tuned, bases, level).size(), compressed(*general, bases, level).size())
        << level;
}

// What a block is set to doesn't stay for the next one.
TEST(ZstdOfResidues, DependsOnTheBlockAlone) {
  auto zstd = make_codec(CodecId::zstd, Content::residues);
  const auto proteins = family("ACDEFGHIKLMNPQRSTVWY", 60'000, 31);
  const auto nucleotides = family("ACGT", 60'000, 32);
  const auto first = compressed(*zstd, proteins, 1);
  compressed(*zstd, nucleotides, 1);
  EXPECT_EQ(compressed(*zstd, proteins, 1), first);
  EXPECT_EQ(compressed(*make_codec(CodecId::zstd, Content::residues), nucleotides, 1),
            compressed(*zstd, nucleotides, 1));
}

// A program on another machine must make the same decisions: then these bytes are the same.
TEST_F(Dense, MakesTheBytesThatTheFormatSays) {
  const auto packed = compressed(*codec, family("ACDEFGHIKLMNPQRSTVWY", 3000, 28), 1) +
                      compressed(*codec, family("ACGT", 3000, 29), 1);
  uint64_t sum = 0;
  for (char c : packed) sum = sum * 31 + static_cast<uint8_t>(c);
  EXPECT_EQ(sum, 6681779858484020124u);
}

TEST_F(Dense, FindsTruncationsBytesBehindTheEndAndOtherSizes) {
  const auto text = family("ACDEFGHIKLMNPQRSTVWY", 2000, 30);
  const auto packed = compressed(*codec, text, 1);
  for (std::size_t n = 0; n < packed.size(); ++n)
    expect_damaged(decompressed(*codec, std::string_view(packed).substr(0, n), text.size()), "cut");
  expect_damaged(decompressed(*codec, packed + '\0', text.size()), "longer");
  for (std::size_t size : {std::size_t{0}, text.size() - 1, text.size() + 1, std::size_t{10'000'000}})
    expect_damaged(decompressed(*codec, packed, size), "another size");
}

TEST_F(Dense, SurvivesDamage) {
  const auto text = family("ACGT", 500, 31);
  const auto packed = compressed(*codec, text, 1);
  for (std::size_t bit = 0; bit < packed.size() * 8; bit += 7) {
    auto other = packed;
    other[bit / 8] = static_cast<char>(other[bit / 8] ^ 1 << bit % 8);
    auto back = decompressed(*codec, other, text.size());
    if (!back) {
      EXPECT_EQ(back.error().code(), errc::damaged) << bit;
    }
  }
}

} // namespace
} // namespace talaria

#include "repository/block.hpp"

#include "core/crc64.hpp"
#include "core/endian.hpp"
#include "repository/difference_columns.hpp"
#include "scripts.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <array>
#include <random>
#include <string>
#include <vector>

namespace talaria {
namespace {

constexpr std::array all_codecs{CodecId::none, CodecId::zstd, CodecId::lz4, CodecId::gzip,
                                CodecId::dense};

struct Item {
  uint32_t ordinal = 0;
  bool list = false;
  std::string content;
};

EncodedBlock encode(const std::vector<Item>& items, CodecId codec = CodecId::zstd,
                    Kind kind = Kind::sequence) {
  std::vector<BlockItem> views;
  for (auto& item : items) views.push_back({item.ordinal, item.list, item.content});
  return must(BlockEncoder(codec, 1).encode(kind, views));
}

Result<BlockPtr> decode(const BlockInfo& info, std::string_view stored) {
  return BlockDecoder().decode(info, stored);
}

// Gives a block a valid checksum again after it was changed.
EncodedBlock sealed(EncodedBlock block) {
  block.info.stored = static_cast<uint32_t>(block.bytes.size());
  block.info.crc = crc64(block.bytes);
  return block;
}

void expect_holds(const Block& block, const std::vector<Item>& items) {
  ASSERT_EQ(block.count(), items.size());
  for (std::size_t i = 0; i < items.size(); ++i) {
    EXPECT_EQ(block.ordinal(i), items[i].ordinal);
    EXPECT_EQ(block.is_list(i), items[i].list);
    EXPECT_EQ(block.content(i), items[i].content);
    EXPECT_EQ(block.find(items[i].ordinal), i);
  }
}

std::vector<Item> some_items() {
  return {{7, false, protein(300, 1)},
          {8, false, ""},
          {3, true, protein(40, 2)},
          {UINT32_MAX, false, "M"},
          {0, false, protein(500, 3)}};
}

TEST(Block, GivesBackItsChunksWithEveryCodec) {
  for (auto codec : all_codecs)
    for (auto kind : all_kinds) {
      const auto block = encode(some_items(), codec, kind);
      EXPECT_EQ(block.info.kind, kind);
      EXPECT_EQ(block.info.codec, codec);
      EXPECT_EQ(block.info.stored, block.bytes.size());
      const auto read = must(decode(block.info, block.bytes));
      EXPECT_EQ(read->kind(), kind);
      expect_holds(*read, some_items());
      EXPECT_GE(read->weight(), block.info.raw);
    }
}

// Headers that resemble each other.
std::vector<Item> some_headers(uint32_t count) {
  constexpr std::array words{"isomerase", "ribosomal", "membrane", "(Fragment)", "kinase", "subunit"};
  std::mt19937 random(1);
  std::vector<Item> items;
  for (uint32_t i = 0; i < count; ++i) {
    auto name = "A0A0" + std::to_string(1000 + 3 * i + random() % 3);
    auto header = "tr|" + name + "|" + name + "_ACIBA";
    for (int n = 0; n < 4; ++n) header += std::string(" ") + words[random() % words.size()];
    items.push_back({5 + i, false, header + " SV=" + std::to_string(random() % 4)});
  }
  return items;
}

TEST(Block, OfHeadersHasACodecOfTheirOwn) {
  const auto items = some_headers(600);
  auto expect_smaller = [&](CodecId setting, CodecId codec, std::size_t than) {
    const auto block = encode(items, setting, Kind::header);
    EXPECT_EQ(block.info.codec, codec);
    EXPECT_LT(block.bytes.size(), than);
    expect_holds(*must(decode(block.info, block.bytes)), items);
    std::string entry;
    block.info.write(entry);
    EXPECT_EQ(must(BlockInfo::read(entry)), block.info);
    return block.bytes.size();
  };
  const auto general = encode(items, CodecId::zstd, Kind::text).bytes.size();
  const auto words = expect_smaller(CodecId::zstd, CodecId::headers, general);
  expect_smaller(CodecId::dense, CodecId::dense_headers, words * 9 / 10);
}

TEST(Block, OfDenseHeadersIsCheckedLikeOthers) {
  const auto items = some_headers(100);
  const auto block = encode(items, CodecId::dense, Kind::header);
  ASSERT_EQ(block.info.codec, CodecId::dense_headers);
  each_flip(block.bytes, [&](const std::string& bytes, std::size_t at) {
    EXPECT_EQ(code_of(decode(block.info, bytes)), errc::damaged);
    if (at % 32 != 0) return; // is slow
    const auto wrong = sealed({block.info, bytes});
    const auto read = decode(wrong.info, bytes);
    if (!read) {
      EXPECT_EQ(read.error().code(), errc::damaged);
    }
  });
  for (int step : {-1, 1}) {
    auto lie = block.info;
    lie.raw += static_cast<uint32_t>(step);
    EXPECT_EQ(code_of(decode(lie, block.bytes)), errc::damaged);
  }
}

TEST(Block, OfHeadersHasTheGeneralCodecWhereThatIsBetterOrAskedFor) {
  EXPECT_EQ(encode({{0, false, protein(5000, 1)}}, CodecId::zstd, Kind::header).info.codec,
            CodecId::zstd);
  EXPECT_EQ(encode({{0, false, "two\nlines"}}, CodecId::zstd, Kind::header).info.codec, CodecId::zstd);
  EXPECT_EQ(encode({{0, false, "two\nlines"}}, CodecId::dense, Kind::header).info.codec, CodecId::dense);
  auto items = some_headers(600);
  EXPECT_EQ(encode(items, CodecId::none, Kind::header).info.codec, CodecId::none);
  items[7].list = true;
  const auto block = encode(items, CodecId::zstd, Kind::header);
  EXPECT_EQ(block.info.codec, CodecId::zstd);
  expect_holds(*must(decode(block.info, block.bytes)), items);
}

TEST(Block, OfCodedHeadersIsCheckedLikeOthers) {
  const auto items = some_headers(150);
  const auto block = encode(items, CodecId::zstd, Kind::header);
  ASSERT_EQ(block.info.codec, CodecId::headers);
  each_flip(block.bytes, [&](const std::string& bytes, std::size_t) {
    EXPECT_EQ(code_of(decode(block.info, bytes)), errc::damaged);
    const auto wrong = sealed({block.info, bytes});
    const auto read = decode(wrong.info, bytes);
    if (!read) {
      EXPECT_EQ(read.error().code(), errc::damaged);
      return;
    }
    std::size_t total = 0;
    for (std::size_t i = 0; i < (*read)->count(); ++i) total += std::string((*read)->content(i)).size();
    EXPECT_EQ(total, block.info.raw);
  });
  for (int step : {-1, 1}) {
    auto lie = block.info;
    lie.raw += static_cast<uint32_t>(step);
    EXPECT_EQ(code_of(decode(lie, block.bytes)), errc::damaged);
    lie = block.info;
    lie.count += static_cast<uint32_t>(step);
    EXPECT_EQ(code_of(decode(lie, block.bytes)), errc::damaged);
    lie = block.info;
    lie.directory += static_cast<uint32_t>(step);
    EXPECT_EQ(code_of(decode(lie, block.bytes)), errc::damaged);
  }
  auto largest = block.info;
  largest.raw = block_max_raw;
  EXPECT_EQ(code_of(decode(largest, block.bytes)), errc::damaged);
}

TEST(BlockInfo, OnlyHeadersAreCodedAsSuch) {
  auto info = encode(some_headers(600), CodecId::zstd, Kind::header).info;
  for (auto kind : all_kinds) {
    info.kind = kind;
    std::string entry;
    info.write(entry);
    EXPECT_EQ(BlockInfo::read(entry).has_value(), kind == Kind::header);
  }
}

TEST(Block, MayHoldOnlyEmptyChunksOrNone) {
  for (auto codec : all_codecs)
    for (const auto& items : {std::vector<Item>{}, std::vector<Item>{{5, false, ""}},
                              std::vector<Item>{{5, false, ""}, {6, true, ""}, {9, false, ""}}}) {
      const auto block = encode(items, codec);
      expect_holds(*must(decode(block.info, block.bytes)), items);
    }
}

RC_GTEST_PROP(Block, GivesBackAnyChunksInAnyOrder, ()) {
  auto ordinals = *rc::gen::unique<std::vector<uint32_t>>(rc::gen::weightedOneOf<uint32_t>(
      {{3, rc::gen::inRange<uint32_t>(0, 200)}, {1, rc::gen::arbitrary<uint32_t>()}}));
  if (*rc::gen::arbitrary<bool>()) std::sort(ordinals.begin(), ordinals.end());
  std::vector<Item> items;
  for (auto ordinal : ordinals)
    items.push_back({ordinal, *rc::gen::arbitrary<bool>(), *rc::gen::arbitrary<std::string>()});
  const auto block = encode(items, *rc::gen::elementOf(all_codecs));
  const auto read = must(decode(block.info, block.bytes));
  RC_ASSERT(read->count() == items.size());
  for (std::size_t i = 0; i < items.size(); ++i) {
    RC_ASSERT(read->ordinal(i) == items[i].ordinal);
    RC_ASSERT(read->is_list(i) == items[i].list);
    RC_ASSERT(read->content(i) == items[i].content);
    RC_ASSERT(read->find(items[i].ordinal) == i);
  }
  const auto absent = *rc::gen::arbitrary<uint32_t>();
  if (std::find(ordinals.begin(), ordinals.end(), absent) == ordinals.end())
    RC_ASSERT(read->find(absent) == read->count());
}

TEST(Block, FindsNothingThatIsNotThere) {
  const auto block = encode(some_items());
  const auto read = must(decode(block.info, block.bytes));
  for (uint32_t absent : {1u, 2u, 4u, 6u, 9u, UINT32_MAX - 1})
    EXPECT_EQ(read->find(absent), read->count());
  const auto empty = encode({});
  EXPECT_EQ(must(decode(empty.info, empty.bytes))->find(0), 0u);
}

TEST(Block, EveryFlippedBitIsDamage) {
  for (auto codec : all_codecs) {
    const auto block = encode(some_items(), codec);
    each_flip(block.bytes, [&](const std::string& bytes, std::size_t at) {
      EXPECT_EQ(code_of(decode(block.info, bytes)), errc::damaged) << to_string(codec) << " byte " << at;
    });
  }
}

TEST(Block, EveryTruncationIsDamage) {
  for (auto codec : all_codecs) {
    const auto block = encode(some_items(), codec);
    for (std::size_t size = 0; size < block.bytes.size(); ++size) {
      const auto part = block.bytes.substr(0, size);
      EXPECT_EQ(code_of(decode(block.info, part)), errc::damaged) << size;
      // Even one that has a checksum of its own.
      auto shorter = sealed({block.info, part});
      shorter.info.directory = std::min(shorter.info.directory, shorter.info.stored);
      EXPECT_EQ(code_of(decode(shorter.info, part)), errc::damaged) << to_string(codec) << " " << size;
    }
    EXPECT_EQ(code_of(decode(block.info, block.bytes + '\0')), errc::damaged);
  }
}

// Damaged bytes of a block, with a checksum that fits: whether they are refused. Otherwise all contents
// are read.
bool refuses_or_reads_within_bounds(const BlockInfo& info, const std::string& bytes) {
  const auto wrong = sealed({info, bytes});
  const auto read = decode(wrong.info, bytes);
  if (!read) {
    EXPECT_EQ(read.error().code(), errc::damaged);
    return true;
  }
  std::size_t total = 0;
  for (std::size_t i = 0; i < (*read)->count(); ++i) total += std::string((*read)->content(i)).size();
  EXPECT_EQ(total, info.raw);
  return false;
}

// What is flipped before the checksum was made is refused, or makes a block whose chunks lie in its
// data.
TEST(Block, WithAValidChecksumOverDamagedBytesIsReadWithinItsBounds) {
  std::size_t refused = 0;
  for (auto codec : all_codecs) {
    const auto block = encode(some_items(), codec);
    each_flip(block.bytes, [&](const std::string& bytes, std::size_t at) {
      if (codec == CodecId::dense && at % 16 != 0) return; // is slow
      refused += refuses_or_reads_within_bounds(block.info, bytes);
    });
  }
  EXPECT_GT(refused, 100u);
}

TEST(Block, AnInfoThatLiesAboutItsBlockIsRefused) {
  for (auto codec : all_codecs) {
    const auto block = encode(some_items(), codec);
    std::vector<BlockInfo> lies(12, block.info);
    lies[0].raw += 1;
    lies[1].raw -= 1;
    lies[2].raw = block_max_raw;
    lies[3].raw = 0;
    lies[4].count += 1;
    lies[5].count -= 1;
    lies[6].count = 0;
    lies[7].count = block_max_count;
    lies[8].directory += 1;
    lies[9].directory -= 1;
    lies[10].directory = 0;
    lies[11].directory = block.info.stored;
    for (std::size_t i = 0; i < lies.size(); ++i)
      EXPECT_EQ(code_of(decode(lies[i], block.bytes)), errc::damaged)
          << to_string(codec) << " lie " << i;
  }
}

EncodedBlock encode_differences(const std::vector<std::string>& contents,
                                CodecId codec = CodecId::zstd) {
  std::vector<BlockItem> items;
  for (auto& content : contents) items.push_back({static_cast<uint32_t>(items.size()), false, content});
  return must(BlockEncoder(codec, 1).encode(Kind::sequence, items, true));
}

void expect_differences(const EncodedBlock& block, const std::vector<std::string>& contents) {
  const auto read = must(decode(block.info, block.bytes));
  ASSERT_EQ(read->count(), contents.size());
  for (std::size_t i = 0; i < contents.size(); ++i) {
    EXPECT_EQ(read->form(i), ChunkForm::difference);
    EXPECT_TRUE(read->content(i) == contents[i]) << i;
  }
}

TEST(BlockOfDifferences, HasColumnsIfTheyAreSmaller) {
  const auto scripts = script_chunks(60, 1);
  for (auto codec : all_codecs) {
    const auto block = encode_differences(scripts, codec);
    EXPECT_TRUE(block.info.differences);
    // Without compression, columns are nothing but their sizes more.
    EXPECT_EQ(block.info.columns, codec != CodecId::none) << to_string(codec);
    expect_differences(block, scripts);
  }
  for (auto& few : {std::vector<std::string>{}, {scripts[0]}}) {
    const auto block = encode_differences(few);
    EXPECT_FALSE(block.info.columns);
    expect_differences(block, few);
  }
}

TEST(BlockOfDifferences, OfAnotherMethodHasNoColumns) {
  auto contents = script_chunks(60, 2);
  Difference other{8, 0, 1, {}, std::string_view("\0ACGTACGT", 9)};
  contents.insert(contents.begin() + 30, encode_difference_chunk(other));
  const auto block = encode_differences(contents);
  EXPECT_FALSE(block.info.columns);
  expect_differences(block, contents);
}

TEST(BlockOfDifferences, ItemsThatAreNoneHaveNoColumns) {
  std::vector<Item> items;
  for (auto& content : script_chunks(60, 3))
    items.push_back({static_cast<uint32_t>(items.size()), false, content});
  const auto block = encode(items);
  EXPECT_FALSE(block.info.columns);
  EXPECT_FALSE(block.info.differences);
}

// A block whose columns are as a test wants them.
class BlockOfColumns : public testing::Test {
protected:
  BlockOfColumns() : block(encode_differences(contents)) {
    EXPECT_TRUE(split_into_columns(data(), columns));
    directory = block.bytes.substr(0, block.info.directory);
  }

  std::string data() const {
    std::string all;
    for (auto& content : contents) all += content;
    return all;
  }

  // `raw` and `stored` are added to the sizes that stand before a column.
  std::string column(const std::string& bytes, int64_t raw = 0, int64_t stored = 0) const {
    std::string packed;
    if (!bytes.empty()) must(make_codec(block.info.codec)->compress(bytes, 1, packed));
    std::string out;
    put_varint(out, bytes.size() + static_cast<uint64_t>(raw));
    put_varint(out, packed.size() + static_cast<uint64_t>(stored));
    return out + packed;
  }

  Result<BlockPtr> decoded(const std::string& stored_columns) const {
    const auto changed = sealed({block.info, directory + stored_columns});
    return decode(changed.info, changed.bytes);
  }

  std::vector<std::string> contents = script_chunks(60, 4);
  EncodedBlock block;
  std::array<std::string, difference_column_count> columns;
  std::string directory;
};

TEST_F(BlockOfColumns, IsReadAsItWasWritten) {
  std::string stored;
  for (auto& bytes : columns) stored += column(bytes);
  EXPECT_EQ(directory + stored, block.bytes);
  EXPECT_TRUE(decoded(stored));
}

TEST_F(BlockOfColumns, OfOtherSizesIsDamaged) {
  for (std::size_t wrong = 0; wrong < columns.size(); ++wrong) {
    auto with = [&](const std::string& changed) {
      std::string stored;
      for (std::size_t i = 0; i < columns.size(); ++i)
        stored += i == wrong ? changed : column(columns[i]);
      return code_of(decoded(stored));
    };
    auto& bytes = columns[wrong];
    EXPECT_EQ(with(column(bytes, 1)), errc::damaged) << wrong;
    EXPECT_EQ(with(column(bytes, -1)), errc::damaged) << wrong;
    EXPECT_EQ(with(column(bytes, INT64_MAX)), errc::damaged) << wrong;
    EXPECT_EQ(with(column(bytes, -static_cast<int64_t>(bytes.size()))), errc::damaged) << wrong;
    EXPECT_EQ(with(column(bytes, 0, 1)), errc::damaged) << wrong;
    EXPECT_EQ(with(column(bytes, 0, -1)), errc::damaged) << wrong;
    EXPECT_EQ(with(column(bytes, 0, INT64_MAX)), errc::damaged) << wrong;
    EXPECT_EQ(with(column("")), errc::damaged) << wrong;
    EXPECT_EQ(with(column(bytes + "x")), errc::damaged) << wrong;
    EXPECT_EQ(with(""), errc::damaged) << wrong;
  }
}

TEST_F(BlockOfColumns, WithMoreBehindItIsDamaged) {
  std::string stored;
  for (auto& bytes : columns) stored += column(bytes);
  EXPECT_EQ(code_of(decoded(stored + '\0')), errc::damaged);
  EXPECT_EQ(code_of(decoded(stored + column(""))), errc::damaged);
}

TEST_F(BlockOfColumns, WithAValidChecksumOverFlippedBitsIsReadWithinItsBounds) {
  std::size_t refused = 0;
  each_flip(block.bytes, [&](const std::string& bytes, std::size_t) {
    refused += refuses_or_reads_within_bounds(block.info, bytes);
  });
  EXPECT_GT(refused, block.bytes.size() / 4);
}

TEST_F(BlockOfColumns, IsDamagedAsABlockWithout) {
  auto info = block.info;
  info.columns = false;
  EXPECT_EQ(code_of(decode(info, block.bytes)), errc::damaged);
  const auto other = encode_differences({contents[0]});
  info = other.info;
  info.columns = true;
  EXPECT_EQ(code_of(decode(info, other.bytes)), errc::damaged);
}

TEST(BlockInfo, ComesBackAsItWasWritten) {
  auto info = encode(some_items(), CodecId::lz4, Kind::part).info;
  info.offset = 0xFEDCBA98;
  info.pack = 0xABCD;
  std::string bytes;
  info.write(bytes);
  ASSERT_EQ(bytes.size(), BlockInfo::stored_size);
  const auto read = must(BlockInfo::read(bytes));
  std::string again;
  read.write(again);
  EXPECT_EQ(again, bytes);
  EXPECT_EQ(read.offset, info.offset);
  EXPECT_EQ(read.pack, info.pack);
  EXPECT_EQ(read.kind, Kind::part);
  EXPECT_EQ(read.codec, CodecId::lz4);
  EXPECT_EQ(read.crc, info.crc);
}

TEST(BlockInfo, SaysColumnsOnlyOfDifferences) {
  for (auto kind : all_kinds)
    for (const bool differences : {false, true})
      for (const bool columns : {false, true}) {
        BlockInfo info;
        info.kind = kind;
        info.differences = differences;
        info.columns = columns;
        std::string bytes;
        info.write(bytes);
        const auto read = BlockInfo::read(bytes);
        if ((differences && !may_be_difference(kind)) || (columns && !differences)) {
          EXPECT_EQ(code_of(read), errc::damaged);
        } else {
          EXPECT_EQ(must(read), info);
        }
      }
}

// No reader allocates more than these bounds say.
TEST(BlockInfo, OfImpossibleSizesIsRefused) {
  BlockInfo largest;
  largest.raw = block_max_raw;
  largest.count = block_max_count;
  largest.stored = 2 * block_max_raw;
  largest.directory = largest.stored;
  auto read = [](const BlockInfo& info) {
    std::string bytes;
    info.write(bytes);
    return BlockInfo::read(bytes);
  };
  EXPECT_TRUE(read(largest));
  auto change = [&](auto&& set) {
    auto info = largest;
    set(info);
    return code_of(read(info));
  };
  EXPECT_EQ(change([](BlockInfo& i) { ++i.raw; }), errc::damaged);
  EXPECT_EQ(change([](BlockInfo& i) { ++i.count; }), errc::damaged);
  EXPECT_EQ(change([](BlockInfo& i) { ++i.stored; }), errc::damaged);
  EXPECT_EQ(change([](BlockInfo& i) { ++i.directory; }), errc::damaged);
  EXPECT_EQ(change([](BlockInfo& i) { i.kind = static_cast<Kind>(kind_count); }), errc::damaged);
  for (auto kind : {Kind::sequence, Kind::header})
    EXPECT_EQ(change([&](BlockInfo& i) {
                i.kind = kind;
                i.codec = static_cast<CodecId>(7);
              }),
              errc::damaged);
  for (auto codec : {CodecId::headers, CodecId::dense_headers})
    EXPECT_EQ(change([&](BlockInfo& i) { i.codec = codec; }), errc::damaged) << "of sequences";
}

} // namespace
} // namespace talaria

#include "repository/pack.hpp"

#include "support.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>
#include <vector>

namespace talaria {
namespace {

EncodedBlock block_of(Kind kind, std::size_t size, unsigned seed) {
  const auto content = protein(size, seed);
  return must(BlockEncoder(CodecId::zstd, 1).encode(kind, {{seed, false, content}}));
}

struct Written {
  PackInfo info;
  std::vector<BlockInfo> blocks;
};

Written write_pack(ObjectStore& store, const GenerationId& generation,
                   const std::vector<EncodedBlock>& blocks) {
  Written written;
  auto pack = must(PackWriter::create(store, generation));
  for (auto& block : blocks) {
    written.blocks.push_back(must(pack->append(block)));
    EXPECT_EQ(written.blocks.back().offset + block.bytes.size(), pack->size());
  }
  written.info = must(pack->finish());
  return written;
}

std::vector<EncodedBlock> some_blocks() {
  return {block_of(Kind::header, 50, 1), block_of(Kind::sequence, 400, 2), block_of(Kind::part, 1, 3)};
}

std::string as_bytes(const std::vector<BlockInfo>& blocks) {
  std::string bytes;
  for (auto& block : blocks) block.write(bytes);
  return bytes;
}

TEST(Pack, FooterTellsWhatWasWritten) {
  auto store = memory_store();
  const auto written = write_pack(*store, generation_id(9), some_blocks());
  const auto name = pack_name(written.info.digest);
  EXPECT_EQ(names_in(*store), std::vector{name});
  const auto bytes = bytes_of(*store, name);
  EXPECT_EQ(bytes.size(), written.info.size);
  EXPECT_EQ(digest_of(bytes), written.info.digest);

  const auto footer = must(read_pack_footer(*store, name, written.info.size));
  EXPECT_EQ(footer.generation, generation_id(9));
  EXPECT_EQ(as_bytes(footer.blocks), as_bytes(written.blocks));
  const auto blocks = some_blocks();
  for (std::size_t i = 0; i < blocks.size(); ++i)
    EXPECT_EQ(bytes.substr(footer.blocks[i].offset, footer.blocks[i].stored), blocks[i].bytes);
}

TEST(Pack, WithoutBlocksIsAPack) {
  auto store = memory_store();
  const auto written = write_pack(*store, generation_id(1), {});
  EXPECT_TRUE(
      must(read_pack_footer(*store, pack_name(written.info.digest), written.info.size)).blocks.empty());
}

TEST(Pack, OfTheSameContentIsTheSameObject) {
  auto store = memory_store();
  EXPECT_EQ(write_pack(*store, generation_id(1), some_blocks()).info,
            write_pack(*store, generation_id(1), some_blocks()).info);
  EXPECT_EQ(names_in(*store).size(), 1u);
}

TEST(Pack, AnAbandonedOneLeavesNothing) {
  auto store = memory_store();
  {
    auto pack = must(PackWriter::create(*store, generation_id(1)));
    must(pack->append(block_of(Kind::sequence, 100, 1)));
  }
  EXPECT_TRUE(names_in(*store).empty());
}

TEST(Pack, EveryFlippedBitOfHeaderFooterOrTrailerIsDamage) {
  auto store = memory_store();
  const auto written = write_pack(*store, generation_id(7), some_blocks());
  const auto name = pack_name(written.info.digest);
  const auto blocks_begin = written.blocks.front().offset;
  const auto blocks_end = written.blocks.back().offset + written.blocks.back().stored;
  BlockDecoder decoder;
  each_flip(bytes_of(*store, name), [&](const std::string& bytes, std::size_t at) {
    must(store->put(name, bytes));
    const auto footer = read_pack_footer(*store, name, bytes.size());
    if (at < blocks_begin || at >= blocks_end) {
      EXPECT_EQ(code_of(footer), errc::damaged) << "byte " << at;
      EXPECT_NE(message_of(footer).find(name), std::string::npos);
      return;
    }
    ASSERT_TRUE(footer) << "byte " << at;
    std::size_t damaged = 0;
    for (auto& block : footer->blocks)
      if (code_of(decoder.decode(block, std::string_view(bytes).substr(block.offset, block.stored))) ==
          errc::damaged)
        ++damaged;
    EXPECT_EQ(damaged, 1u) << "byte " << at;
  });
}

TEST(Pack, EveryTruncationIsDamage) {
  auto store = memory_store();
  const auto written = write_pack(*store, generation_id(7), some_blocks());
  const auto name = pack_name(written.info.digest);
  const auto whole = bytes_of(*store, name);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    must(store->put(name, std::string_view(whole).substr(0, size)));
    EXPECT_EQ(code_of(read_pack_footer(*store, name, size)), errc::damaged) << size;
    // The reader may also think that it is as long as it was.
    EXPECT_EQ(code_of(read_pack_footer(*store, name, whole.size())), errc::damaged) << size;
  }
  must(store->put(name, whole + "x"));
  EXPECT_EQ(code_of(read_pack_footer(*store, name, whole.size() + 1)), errc::damaged);
}

RC_GTEST_PROP(Pack, GivesBackAnyBlocks, ()) {
  auto store = memory_store();
  std::vector<EncodedBlock> blocks;
  for (auto size : *rc::gen::container<std::vector<std::size_t>>(rc::gen::inRange<std::size_t>(0, 3000)))
    blocks.push_back(
        block_of(*rc::gen::elementOf(all_kinds), size, static_cast<unsigned>(blocks.size())));
  const auto written = write_pack(*store, generation_id(2), blocks);
  const auto footer = must(read_pack_footer(*store, pack_name(written.info.digest), written.info.size));
  RC_ASSERT(as_bytes(footer.blocks) == as_bytes(written.blocks));
}

} // namespace
} // namespace talaria

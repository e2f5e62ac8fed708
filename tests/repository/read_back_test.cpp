// What a commit has written is read back: anything that isn't as it was written is found out.
#include "repository/read_back.hpp"

#include "support.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace talaria {
namespace {

class ReadBack : public testing::Test {
protected:
  void SetUp() override {
    TestWriter writer(*repository, {1 << 20, 2000}, 1 << 20);
    for (unsigned i = 0; i < 8; ++i) {
      writer.add(Kind::sequence, protein(200, i));
      must(writer.interner->intern_header("header " + std::to_string(i), uint64_t{i} << 32));
    }
    must(writer.publish());
    snapshot = must(repository->view())->snapshot();
  }

  // Looks at an object with each of its bytes changed in turn.
  void expect_found_out(const std::string& name, const std::function<Result<void>()>& read_back) {
    const std::string sound(must(repository.store->get(name)).view());
    must(read_back());
    for (std::size_t at = 0; at < sound.size(); ++at) {
      auto changed = sound;
      changed[at] ^= 0x10;
      must(repository.store->put(name, changed));
      const auto code = code_of(read_back());
      EXPECT_TRUE(code == errc::damaged || code == errc::internal) << "byte " << at;
    }
    must(repository.store->put(name, sound));
  }

  TestRepository repository;
  Snapshot snapshot;
};

TEST_F(ReadBack, FindsAnyByteOfAPack) {
  const auto& pack = snapshot.packs.at(0);
  const auto name = pack_name(pack.digest);
  const auto footer = must(read_pack_footer(*repository.store, name, pack.size));
  expect_found_out(
      name, [&] { return read_back_pack(*repository.store, pack, footer.generation, footer.blocks); });
}

TEST_F(ReadBack, RefusesAnotherFooterThanWasWritten) {
  const auto& pack = snapshot.packs.at(0);
  auto footer = must(read_pack_footer(*repository.store, pack_name(pack.digest), pack.size));
  EXPECT_EQ(code_of(read_back_pack(*repository.store, pack, generation_id(77), footer.blocks)),
            errc::internal);
  footer.blocks.at(0).crc ^= 1;
  EXPECT_EQ(code_of(read_back_pack(*repository.store, pack, footer.generation, footer.blocks)),
            errc::internal);
  footer.blocks.erase(footer.blocks.begin());
  EXPECT_EQ(code_of(read_back_pack(*repository.store, pack, footer.generation, footer.blocks)),
            errc::internal);
}

TEST_F(ReadBack, FindsAnyByteOfAPageFile) {
  auto writer = must(PageFileWriter::create(*repository.store));
  writer->set_preamble("; a comment\n");
  const auto own = writer->generation(snapshot.generations.at(0));
  for (uint32_t i = 0; i < 8; ++i)
    must(writer->add({own, i}, {own, i}, {RecordLayout::Form::plain, std::string("\x00\x3C", 2), {}}));
  const auto pages = must(writer->finish());
  expect_found_out(pages_name(pages.digest),
                   [&] { return read_back_pages(*repository.store, pages, *writer, 8); });
  EXPECT_EQ(code_of(read_back_pages(*repository.store, pages, *writer, 9)), errc::internal);
  writer->set_preamble("; another\n");
  EXPECT_EQ(code_of(read_back_pages(*repository.store, pages, *writer, 8)), errc::internal);
}

TEST(ReadBackSegment, RefusesOtherEntriesThanWereWritten) {
  TestRepository repository;
  talaria::Run run(generation_id(1), {}, {1 << 20, 2000});
  for (unsigned i = 0; i < 20; ++i) {
    const auto value = protein(300, i);
    run.add(Kind::sequence, Key128::of(digest_of(value)), value, false, value.size());
  }
  const auto plans = run.plan(Kind::sequence, run.sketch(Kind::sequence, 0, 20));
  ASSERT_GT(plans.size(), 1u);
  auto draft = run.draft(plans, std::vector<BlockInfo>(plans.size()), {PackInfo{}});
  must(repository.store->put("index/x", write_segment(draft)));
  const auto segment = must(Segment::open(*repository.store, "index/x"));
  must(read_back_segment(*segment, draft));

  auto& part = draft.parts[index_of(Kind::sequence)];
  std::swap(part.blocks.front(), part.blocks.back());
  ASSERT_NE(part.blocks.front(), part.blocks.back());
  EXPECT_EQ(code_of(read_back_segment(*segment, draft)), errc::internal);
  std::swap(part.blocks.front(), part.blocks.back());
  part.keys[3].low ^= 1;
  EXPECT_EQ(code_of(read_back_segment(*segment, draft)), errc::internal);
  part.keys[3].low ^= 1;
  draft.blocks[0].offset ^= 1;
  EXPECT_EQ(code_of(read_back_segment(*segment, draft)), errc::internal);
}

} // namespace
} // namespace talaria

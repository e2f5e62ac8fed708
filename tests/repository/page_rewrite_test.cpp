// Page files that are written anew, and readers that go on with them.
#include "repository/page_rewrite.hpp"

#include "repository/page_cursor.hpp"
#include "support.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace talaria {
namespace {

using Form = RecordLayout::Form;

class PageRewrite : public testing::Test {
protected:
  // `count` records of several generations, of which the one at `changed` is another than usual.
  PageFilePtr write(std::size_t count, uint32_t changed, std::vector<PageFilePtr> candidates = {}) {
    auto writer = must(PageFileWriter::create(*store, std::move(candidates)));
    writer->set_preamble("before");
    std::vector<uint32_t> places;
    for (uint8_t i = 1; i <= 3; ++i) places.push_back(writer->generation(generation_id(i)));
    for (uint32_t i = 0; i < count; ++i) {
      RecordLayout layout{Form::plain, i % 3 ? "usual" : "odd", {}};
      if (i % 1000 == 7) layout = {Form::stored, "", {places[2], i}};
      must(writer->add({places[i % 2], i}, {places[0], i == changed ? 9'999'999 : i}, layout));
    }
    return open(must(writer->finish()));
  }

  PageFilePtr open(const PackInfo& info) { return must(PageFile::open(*store, info.digest, info.size)); }

  // All records, in words.
  std::string records(const PageFile& file) {
    std::string text = file.preamble();
    auto put = [&](const Number& number) {
      text += " " + file.generations()[number.generation].hex() + ":" + std::to_string(number.ordinal);
    };
    for (std::size_t i = 0; i < file.pages().size(); ++i) {
      auto page = must(file.read(*store, i));
      for (auto& row : page.rows) {
        put(row.header);
        put(row.sequence);
        auto& layout = page.layouts[row.layout];
        text += layout.bytes;
        if (layout.form == Form::stored) put(layout.text);
      }
    }
    return text;
  }

  RewrittenPages rewrite(const PageFile& file, std::vector<PageFilePtr> candidates) {
    return must(
        rewrite_pages(*store, file, std::move(candidates), [](double) -> Result<void> { return {}; }));
  }

  std::unique_ptr<ObjectStore> store = memory_store();
};

TEST_F(PageRewrite, HasTheSameRecordsWhateverItGoesBackTo) {
  auto first = write(40'000, 1);
  auto second = write(40'010, 2, {first});
  auto third = write(40'020, 3, {second});
  ASSERT_EQ(third->depth(), 2u);
  auto whole = rewrite(*third, {});
  EXPECT_EQ(whole.depth, 0u);
  EXPECT_FALSE(whole.reference);
  EXPECT_TRUE(records(*open(whole.file)) == records(*third));
  auto nearer = rewrite(*third, {first});
  EXPECT_EQ(nearer.depth, 1u);
  EXPECT_EQ(nearer.reference, first->info());
  EXPECT_LT(nearer.file.size, whole.file.size);
  EXPECT_TRUE(records(*open(nearer.file)) == records(*third));
  EXPECT_EQ(rewrite(*third, {second}).file, third->info()) << "as it was written first";
}

TEST_F(PageRewrite, EndsWhenItIsToldTo) {
  auto file = write(40'000, 1);
  auto done = rewrite_pages(*store, *file, {}, [](double share) -> Result<void> {
    EXPECT_LE(share, 1.0);
    return failure(errc::cancelled, "enough");
  });
  EXPECT_EQ(code_of(done), errc::cancelled);
  EXPECT_EQ(names_in(*store).size(), 1u);
}

// An index that knows the generations, and nothing else.
DigestIndexPtr index_of_generations() {
  return must(DigestIndex::open({generation_id(1), generation_id(2), generation_id(3)}, {}, {},
                                std::make_shared<PackRegistry>()));
}

TEST_F(PageRewrite, AReaderGoesOnWithAnotherFileAtTheNextRecord) {
  auto first = write(50'000, 1);
  auto old = write(50'000, 2, {first});
  auto other = open(rewrite(*old, {}).file);
  ASSERT_NE(old->info(), other->info());
  auto wanted = records(*old);
  // Pages begin elsewhere, for the new file is read as if it had one page of all that came before.
  std::size_t reads = 0;
  std::size_t replaced = 0;
  PageCursor cursor(*store, index_of_generations(), old, [&](auto& gone, auto&) -> Result<PageFilePtr> {
    EXPECT_EQ(gone.info(), old->info());
    ++replaced;
    return other;
  });
  std::string text = cursor.preamble();
  uint64_t record = 0;
  while (auto page = must(cursor.next())) {
    EXPECT_EQ(page->first_record, record);
    record += page->page.rows.size();
    for (auto& row : page->page.rows) {
      EXPECT_EQ(row.header.ordinal, row.header.ordinal);
      text += std::to_string(row.header.ordinal) + " ";
    }
    if (++reads == 2) must(store->remove(pages_name(old->info().digest)));
  }
  EXPECT_EQ(replaced, 1u);
  EXPECT_EQ(record, 50'000u);
  std::string in_order = "before";
  for (int i = 0; i < 50'000; ++i) in_order += std::to_string(i) + " ";
  EXPECT_TRUE(text == in_order);
}

TEST_F(PageRewrite, AReaderWithoutAnotherFileSaysWhatIsWrong) {
  auto file = write(20'000, 1);
  must(store->remove(pages_name(file->info().digest)));
  PageCursor cursor(*store, index_of_generations(), file);
  EXPECT_EQ(code_of(cursor.next()), errc::not_found);
}

// A release of a repository whose page file a newer snapshot has another one for.
TEST_F(PageRewrite, OnlyIfTheRefIsTheSameAMissingFileIsDamage) {
  TestRepository repository;
  auto commit = [&](const std::string& preamble) {
    auto view = must(repository->view());
    auto writer = must(PageFileWriter::create(*repository.store));
    writer->set_preamble(preamble);
    auto info = must(writer->finish());
    auto next = view->snapshot();
    next.releases = {{"db", "1", 0, {}, 0, 0, 0, info.digest, info.size}};
    return must(repository->commit(*view, next));
  };
  auto before = commit("one");
  auto release = before->snapshot().releases[0];
  auto file = must(open_pages(*repository, *before, release));
  must(repository.store->remove(pages_name(release.pages)));
  EXPECT_EQ(code_of(open_pages(*repository, *before, release)), errc::damaged);
  Error error(errc::damaged, "gone");
  EXPECT_EQ(message_of(replaced_pages(*repository, release, *file, error)), "gone");
  commit("two");
  EXPECT_EQ(must(open_pages(*repository, *before, release))->preamble(), "two");
  EXPECT_EQ(must(replaced_pages(*repository, release, *file, error))->preamble(), "two");
}

} // namespace
} // namespace talaria

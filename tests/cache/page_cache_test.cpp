#include "cache/page_cache.hpp"

#include <gtest/gtest.h>

#include <string>

namespace talaria {
namespace {

RecordLayout plain() {
  return {RecordLayout::Form::plain, "a", {}};
}

// A page file of `records` records, the difference from another if one is given.
PageFilePtr written(ObjectStore& store, uint32_t records, std::vector<PageFilePtr> candidates = {}) {
  auto writer = PageFileWriter::create(store, std::move(candidates));
  EXPECT_TRUE(writer);
  const auto generation =
      (*writer)->generation(GenerationId::from(std::string(GenerationId::size, 'g')));
  for (uint32_t i = 0; i < records; ++i)
    EXPECT_TRUE((*writer)->add({generation, i}, {generation, 7 * i % 1000}, plain()));
  auto info = (*writer)->finish();
  EXPECT_TRUE(info);
  auto file = PageFile::open(store, info->digest, info->size);
  EXPECT_TRUE(file);
  return *file;
}

TEST(PageCache, GivesThePagesOfAFileAndKeepsThem) {
  auto store = memory_store();
  const auto first = written(*store, 40'000);
  const auto second = written(*store, 40'500, {first});
  ASSERT_EQ(second->depth(), 1u);
  PageCache cache(*store, 64 << 20);
  for (auto& file : {second, first})
    for (std::size_t i = 0; i < file->pages().size(); ++i) {
      auto page = cache.page(*file, i);
      ASSERT_TRUE(page) << page.error().message();
      auto expected = file->read(*store, i);
      ASSERT_TRUE(expected);
      ASSERT_EQ((*page)->rows(), expected->rows.size());
      for (std::size_t row : {std::size_t{0}, expected->rows.size() - 1})
        EXPECT_EQ((*page)->row(row), expected->rows[row]);
      EXPECT_EQ(*cache.page(*file, i), *page);
    }
}

TEST(PageCache, ThatIsTooSmallReadsAgain) {
  auto store = memory_store();
  const auto file = written(*store, 40'000);
  PageCache cache(*store, 2);
  auto page = cache.page(*file, 1);
  ASSERT_TRUE(page);
  auto again = cache.page(*file, 1);
  ASSERT_TRUE(again);
  EXPECT_NE(*page, *again);
  EXPECT_EQ((*page)->row(5), (*again)->row(5));
}

TEST(PageCache, OpensTheFileOfAReleaseOnce) {
  auto store = memory_store();
  ASSERT_TRUE(Repository::create(*store));
  auto repository = Repository::open(*store);
  ASSERT_TRUE(repository);
  auto view = (*repository)->view();
  ASSERT_TRUE(view);
  const auto file = written(*store, 10);
  ReleaseEntry release;
  release.pages = file->info().digest;
  release.pages_size = file->info().size;
  PageCache cache(*store, 1 << 20);
  auto open = cache.file(**view, release);
  ASSERT_TRUE(open) << open.error().message();
  EXPECT_EQ(*cache.file(**view, release), *open);
  release.pages = digest_of("none");
  EXPECT_EQ(cache.file(**view, release).error().code(), errc::damaged);
}

} // namespace
} // namespace talaria

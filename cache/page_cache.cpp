#include "cache/page_cache.hpp"

#include "core/try.hpp"

namespace talaria {

namespace {

// Of an open file in memory.
std::size_t weight_of(const PageFile& file) {
  auto weight = sizeof file + file.preamble().size() + file.generations().size() * GenerationId::size +
                file.pages().size() * sizeof(PageFile::Entry);
  for (auto& page : file.pages()) weight += page.headers.size() * sizeof(PageFile::HeaderRange);
  return weight;
}

} // namespace

Result<PageFilePtr> PageCache::file(const View& view, const ReleaseEntry& release) {
  {
    std::lock_guard lock(mutex_);
    if (auto known = files_.get(release.pages)) return *std::move(known);
  }
  TALARIA_TRY_ASSIGN(auto file, view.pages(release));
  // An open file keeps those open that it goes back to, which are no larger as a rule.
  auto weight = weight_of(*file) * (file->depth() + 1);
  std::lock_guard lock(mutex_);
  files_.put(release.pages, file, weight);
  return file;
}

Result<RunPagePtr> PageCache::page(const PageFile& file, std::size_t place) {
  PageKey key{file.info().digest, place};
  {
    std::lock_guard lock(mutex_);
    if (auto known = pages_.get(key)) return *std::move(known);
  }
  TALARIA_TRY_ASSIGN(auto page, read(file, place));
  std::lock_guard lock(mutex_);
  pages_.put(key, page, page->weight());
  return page;
}

// The page with those that it goes back to, of which any may be known.
Result<RunPagePtr> PageCache::read(const PageFile& file, std::size_t place) {
  TALARIA_TRY_ASSIGN(auto source, file.source_of(store_, place));
  RunPagePtr source_page;
  if (source.file) {
    std::unique_lock lock(mutex_);
    if (auto known = pages_.get({source.file->info().digest, source.place}))
      source_page = *std::move(known);
    lock.unlock();
    if (!source_page) {
      TALARIA_TRY_ASSIGN(source_page, read(*source.file, source.place));
    }
  }
  return file.read_runs(store_, place, std::move(source_page));
}

} // namespace talaria

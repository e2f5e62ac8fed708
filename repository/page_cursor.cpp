#include "repository/page_cursor.hpp"

#include "core/try.hpp"

#include <algorithm>
#include <utility>

namespace talaria {

namespace {

// Whoever rewrites releases all the time must not keep a reader from ever ending.
constexpr int attempts_max = 16;

} // namespace

Result<PageFilePtr> open_pages(Repository& repository, const View& view, const ReleaseEntry& release) {
  auto file = view.pages(release);
  if (file) return file;
  TALARIA_TRY_ASSIGN(auto now, repository.view());
  if (now->ref_value() == view.ref_value()) return file;
  auto entry = now->release(release.name, release.version);
  if (!entry || (*entry)->stream != release.stream || (*entry)->pages == release.pages) return file;
  return now->pages(**entry);
}

Result<PageFilePtr> replaced_pages(Repository& repository, const ReleaseEntry& release,
                                   const PageFile& gone, const Error& error) {
  TALARIA_TRY_ASSIGN(auto now, repository.view());
  auto entry = now->release(release.name, release.version);
  if (!entry || (*entry)->stream != release.stream || (*entry)->pages == gone.info().digest)
    return tl::unexpected(error);
  return now->pages(**entry);
}

PageCursor::PageCursor(const ObjectStore& store, DigestIndexPtr index, PageFilePtr file, Replace replace)
    : store_(store), index_(std::move(index)), file_(std::move(file)), replace_(std::move(replace)) {}

Result<std::shared_ptr<const OpenPage>> PageCursor::next() {
  for (int attempt = 0;; ++attempt) {
    if (page_ >= file_->pages().size()) return std::shared_ptr<const OpenPage>();
    auto page = read();
    if (page || !replace_ || attempt == attempts_max) return page;
    TALARIA_TRY_ASSIGN(file_, replace_(*file_, page.error()));
    auto& pages = file_->pages();
    auto behind = std::ranges::upper_bound(pages, record_, {}, &PageFile::Entry::first_record);
    page_ = behind == pages.begin() ? 0 : static_cast<std::size_t>(behind - pages.begin()) - 1;
  }
}

// A page of a file that took the place of another may begin before the next record.
Result<std::shared_ptr<const OpenPage>> PageCursor::read() {
  TALARIA_TRY_ASSIGN(auto page, open_page(store_, *file_, page_, *index_));
  auto known = static_cast<std::size_t>(record_ - page->first_record);
  if (known > page->page.rows.size())
    return failure(errc::damaged, "a page file has lost records of the one that it replaced");
  if (known > 0) {
    auto rest = std::make_shared<OpenPage>(*page);
    rest->page.rows.erase(rest->page.rows.begin(),
                          rest->page.rows.begin() + static_cast<std::ptrdiff_t>(known));
    rest->first_record = record_;
    page = std::move(rest);
  }
  ++page_;
  record_ += page->page.rows.size();
  return page;
}

} // namespace talaria

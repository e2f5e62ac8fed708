// The records of a release in their order, page by page, also while its page file is replaced by another
// one
// (`talaria rebase`).
#pragma once

#include "repository/open_page.hpp"
#include "repository/repository.hpp"
#include "talaria/error.hpp"

#include <cstdint>
#include <functional>
#include <memory>

namespace talaria {

// The page file of a release of a view. If it can't be read, and the ref has moved since, that of the
// same release in the newer snapshot.
Result<PageFilePtr> open_pages(Repository& repository, const View& view, const ReleaseEntry& release);

// The page file that a release has now, if that is another than `gone`; else `error`, which reading that
// gave.
Result<PageFilePtr> replaced_pages(Repository& repository, const ReleaseEntry& release,
                                   const PageFile& gone, const Error& error);

// Used by one thread at a time.
class PageCursor {
public:
  // Gives the file to go on with, which has the same records, where one can't be read.
  using Replace = std::function<Result<PageFilePtr>(const PageFile& gone, const Error& error)>;

  PageCursor(const ObjectStore& store, DigestIndexPtr index, PageFilePtr file, Replace replace = {});

  const std::string& preamble() const noexcept { return file_->preamble(); }

  // The next records; null at the end.
  Result<std::shared_ptr<const OpenPage>> next();

private:
  Result<std::shared_ptr<const OpenPage>> read();

  const ObjectStore& store_;
  DigestIndexPtr index_;
  PageFilePtr file_;
  Replace replace_;
  std::size_t page_ = 0;
  uint64_t record_ = 0; // the next one
};

} // namespace talaria

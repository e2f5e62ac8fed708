// Writing the page file of a release anew, so that it goes back to another one, or to none.
#pragma once

#include "repository/page.hpp"
#include "repository/snapshot.hpp"
#include "talaria/error.hpp"
#include "talaria/object_store.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

namespace talaria {

struct RewrittenPages {
  PackInfo file;
  std::optional<PackInfo> reference; // that it is the difference from
  uint32_t depth = 0;
};

// Writes a page file with the records of another one, as the difference from one of the candidates or
// whole, reads it back, and compares all its records with those of the old one: errc::internal if they
// differ; what was written is left to the next writer then. `step` is called after each page with the
// share of the work that is done, and may end it with an error. Memory: some pages.
Result<RewrittenPages> rewrite_pages(ObjectStore& store, const PageFile& old,
                                     std::vector<PageFilePtr> candidates,
                                     const std::function<Result<void>(double)>& step);

} // namespace talaria

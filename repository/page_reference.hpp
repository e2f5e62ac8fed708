// The page file that another one is stored as the difference from: which of its pages the records of a
// release come from, and which file that should be.
#pragma once

#include "repository/page.hpp"
#include "repository/row_table.hpp"
#include "repository/snapshot.hpp"
#include "talaria/error.hpp"
#include "talaria/object_store.hpp"

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace talaria {

// Used by one thread at a time.
class PageReference {
public:
  explicit PageReference(PageFilePtr file);

  const PageFile& file() const noexcept { return *file_; }

  // How many of the rows have a header that the directory knows. Generations of the rows are places in
  // `generations`.
  std::size_t known_headers(const std::vector<Row>& rows,
                            const std::vector<GenerationId>& generations) const;

  // The first rows that belong to one page of the reference: how many, and which page. Nothing if they
  // are too few for a page, or the page can't be read. Generations are places in the table of the
  // reference, or beyond it.
  struct Cut {
    std::size_t rows = 0;
    uint32_t place = 0;
    std::shared_ptr<const Page> page;
  };
  std::optional<Cut> cut(const ObjectStore& store, const std::vector<Row>& rows);

private:
  struct Range : PageFile::HeaderRange {
    uint32_t page = 0;
  };
  // A page that rows are looked for in.
  struct Source {
    uint32_t place = 0;
    std::shared_ptr<const Page> page;
    RowTable headers; // of its rows
  };
  std::optional<uint32_t> likely_page(const Number& header) const;
  std::optional<uint32_t> likely_page(const std::vector<Row>& rows) const;
  Result<void> look_from(const ObjectStore& store, uint32_t place);
  std::optional<uint32_t> source_of(const Number& header) const;
  std::optional<Cut> cut_here(const std::vector<Row>& rows) const;

  PageFilePtr file_;
  std::vector<std::vector<Range>> ranges_; // by generation, then by their lowest ordinal
  std::deque<Source> sources_;             // some successive pages
  uint32_t next_ = 0;                      // where the next rows are looked for first
};

// The page files that a new release of the database `name` may have as reference: that of its latest
// release, or, for a new database, those of the latest releases of others. None leads to a chain of more
// than `chain` references. A file that can't be opened is passed over.
std::vector<PageFilePtr> reference_candidates(const ObjectStore& store, const Snapshot& snapshot,
                                              const std::string& name, uint32_t chain);

} // namespace talaria

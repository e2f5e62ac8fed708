// Rendering: from pages and blocks back to the bytes of the file.
#pragma once

#include "repository/block_reader.hpp"
#include "repository/digest_index.hpp"
#include "repository/page.hpp"
#include "repository/value_reader.hpp"
#include "talaria/error.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace talaria {

// Takes bytes as they are produced; an error stops the producer.
using ByteSink = std::function<Result<void>(std::string_view)>;

// A page with its numbers as the index counts generations.
struct OpenPage {
  Page page;
  uint64_t first_record = 0;
};

// Reads a page and translates its numbers. errc::damaged if it names an unknown generation.
Result<std::shared_ptr<const OpenPage>> open_page(const ObjectStore& store, const PageFile& file,
                                                  std::size_t place, const DigestIndex& index);

// Some records of a page and the blocks that hold them.
struct RenderJob {
  std::shared_ptr<const OpenPage> page;
  std::size_t first = 0; // row in the page
  std::size_t count = 0;
  std::vector<BlockPlace> places;                    // distinct blocks
  std::vector<std::pair<uint32_t, uint32_t>> blocks; // of each row's header and sequence, in `places`
};

// The job for at most `most` rows from `first` on, fewer if their blocks exceed `budget` bytes.
Result<RenderJob> plan_render(const DigestIndex& index, std::shared_ptr<const OpenPage> page,
                              std::size_t first, std::size_t most, std::size_t budget);

// The text of some records. Long ones are left out: they belong between the bytes at `at` and after.
struct Rendered {
  struct Gap {
    std::size_t at = 0;
    std::size_t row = 0;
  };
  std::string bytes;
  std::vector<Gap> gaps;
};

// `blocks` are those of job.places.
Result<Rendered> render(const RenderJob& job, const std::vector<BlockPtr>& blocks);

// Renders a record of any length, in pieces.
Result<void> render_long(const DigestIndex& index, BlockSource& source, const OpenPage& page,
                         std::size_t row, const ByteSink& sink);

} // namespace talaria

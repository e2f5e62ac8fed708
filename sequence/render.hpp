// Rendering: from pages and blocks back to the bytes of the file.
#pragma once

#include "repository/block_reader.hpp"
#include "repository/digest_index.hpp"
#include "repository/open_page.hpp"
#include "repository/value_reader.hpp"
#include "talaria/error.hpp"

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace talaria {

// Takes bytes as they are produced; an error stops the producer.
using ByteSink = std::function<Result<void>(std::string_view)>;

// Rendering goes window by window, a window being some successive records of a release. The contents of
// its records are gathered block by block, so that each block is decoded once for all of them; then the
// text is made of them in the order of the records.

// A chunk that a window needs: in which block of the job it lies, and its place in the window's table of
// contents.
struct WantedChunk {
  uint32_t block = 0;
  Number number;
  uint32_t slot = 0;
};

// Some of the blocks of a window, and the chunks in them that it needs.
struct GatherJob {
  std::vector<BlockPlace> blocks;
  std::vector<WantedChunk> wanted;
  DigestIndexPtr index; // finds the references of differences
};

struct ChunkContent {
  std::string_view bytes;
  bool whole = true; // the bytes are the value
};

// The contents of a job's chunks, in the order of `wanted`.
struct Gathered {
  std::vector<std::unique_ptr<char[]>> slabs; // that hold the bytes
  std::vector<ChunkContent> contents;
};

// Copies the chunks of a job out of their blocks, short differences as the values that they stand for.
// `source` should keep blocks: those of references are read again and again.
Result<Gathered> gather(const GatherJob& job, EachBlockSource& source);

// Successive records: rows first .. first + count of a page.
struct PageRows {
  std::shared_ptr<const OpenPage> page;
  std::size_t first = 0;
  std::size_t count = 0;
};

// A window to be gathered: its records, and its blocks divided among `jobs`. A block goes to the same
// job in every window, so that whoever always takes the same job meets it again.
struct Window {
  std::vector<PageRows> rows;
  std::vector<GatherJob> jobs;
  std::size_t count = 0; // records
};

// Plans windows. Used by one thread at a time.
class WindowPlanner {
public:
  // A window is closed when its contents may have `budget` bytes.
  WindowPlanner(DigestIndexPtr index, std::size_t jobs, std::size_t budget);

  // Adds rows of a page from `first` on, until the window is full: at least one. Returns how many.
  Result<std::size_t> add(const std::shared_ptr<const OpenPage>& page, std::size_t first);

  bool full() const noexcept { return bytes_ >= budget_; }
  bool empty() const noexcept { return window_.count == 0; }

  // The window so far; then begins another.
  Window take();

private:
  struct Known { // a block of the window
    uint32_t job = 0;
    uint32_t block = 0;    // place in the job
    std::size_t chunk = 0; // bytes of one of its chunks, on average
  };
  Result<void> want(Kind kind, const Number& number, std::size_t slot);

  DigestIndexPtr index_;
  std::size_t jobs_;
  std::size_t budget_;
  Window window_;
  std::size_t bytes_ = 0;
  std::unordered_map<uint64_t, Known> known_;
  std::array<std::pair<DigestIndex::BlockAt, const Known*>, kind_count> last_{};
};

// The contents of a window: of record i, the header at 2i and the residues at 2i + 1.
struct WindowContents {
  std::vector<ChunkContent> table;
  std::vector<std::shared_ptr<const Gathered>> gathered;

  // Takes the contents of a job.
  void add(const GatherJob& job, std::shared_ptr<const Gathered> contents);
};

// Some records of a page whose contents are there.
struct RenderJob {
  PageRows rows;
  std::shared_ptr<const WindowContents> contents;
  std::size_t first = 0; // place of the first row in the window
};

// The text of some records. Long ones are left out: they belong between the bytes at `at` and after.
struct Rendered {
  struct Gap {
    std::size_t at = 0;
    std::size_t row = 0;
  };
  std::string bytes;
  std::vector<Gap> gaps;
};

Result<Rendered> render(const RenderJob& job);

// A record of a release by what it refers to.
struct RecordParts {
  Number header;
  Number sequence;
  RecordLayout layout;
};

// Renders a record of any length, in pieces. `decoded`: for those who render several. `residues`: for
// those who have them.
Result<void> render_record(const DigestIndex& index, BlockSource& source, const RecordParts& record,
                           const ByteSink& sink, DecodedChunks* decoded = nullptr,
                           std::optional<std::string_view> residues = std::nullopt);
Result<void> render_long(const DigestIndex& index, BlockSource& source, const OpenPage& page,
                         std::size_t row, const ByteSink& sink, DecodedChunks* decoded = nullptr);

} // namespace talaria

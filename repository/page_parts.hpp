// A page as it is stored: its columns by runs, which are far fewer than its rows.
// docs/format.md, "Page files".
#pragma once

#include "repository/page_payload.hpp"
#include "talaria/error.hpp"

#include <cstdint>
#include <string_view>
#include <vector>

namespace talaria {

// What a run of rows doesn't take from the source, and whether it leaves the order of the source.
inline constexpr uint8_t own_header = 1;
inline constexpr uint8_t own_sequence = 2;
inline constexpr uint8_t own_layout = 4;
inline constexpr uint8_t own_row = own_header | own_sequence | own_layout;
inline constexpr uint8_t run_jumps = 8;

// Successive rows that take the same from the source, and of what they don't take the place in the
// column.
struct RowRun {
  uint32_t first = 0; // row
  uint32_t count = 0;
  uint32_t source = 0; // row of the source that the first one takes from
  uint32_t header = 0;
  uint32_t sequence = 0;
  uint32_t layout = 0;
  uint8_t own = own_row;
};

// Successive numbers of a column.
struct NumberRun {
  uint32_t first = 0; // place in the column
  uint32_t count = 0;
  Number number; // the first one
};

// Equal layouts of a column, by their place in the table.
struct LayoutRun {
  uint32_t first = 0;
  uint32_t count = 0;
  uint32_t layout = 0;
};

// Runs cover rows and columns without gaps, in order.
struct PageParts {
  uint32_t rows = 0;
  uint32_t known_layouts = 0;        // in the table before `layouts`: those of the source
  std::vector<RecordLayout> layouts; // of this page alone
  std::vector<RowRun> runs;          // of a whole page one, which takes nothing
  std::vector<LayoutRun> layout_runs;
  std::vector<NumberRun> headers;
  std::vector<NumberRun> sequences;
};

// The parts of a page stored whole, or as a difference from one of so many rows and layouts.
// errc::damaged for bytes that no writer makes.
Result<PageParts> parse_page(std::string_view payload, std::size_t generations);
Result<PageParts> parse_delta(std::string_view payload, std::size_t generations, std::size_t source_rows,
                              std::size_t source_layouts);

// All rows of them; `source` is the page that a difference is from.
Page expand_page(PageParts&& parts, const Page* source);

} // namespace talaria

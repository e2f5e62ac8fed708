// Any bytes are refused as the contents of a block, or have columns that give them back; any columns are
// refused as damaged, or make contents that have just these columns.
//
//   u8 mode; then with an even mode: contents; with an odd one: a u16 size and bytes for each of the
//   first seven columns, the rest for the last.
#include "repository/difference_columns.hpp"

#include "repository_fuzz.hpp"

#include <algorithm>
#include <memory>

using namespace talaria;
using namespace talaria::fuzz;

namespace {

using Columns = std::array<std::string, difference_column_count>;
using ColumnViews = std::array<std::string_view, difference_column_count>;

void split_and_join(std::string_view contents) {
  Columns columns;
  if (!split_into_columns(contents, columns)) return;
  ColumnViews views;
  std::copy(columns.begin(), columns.end(), views.begin());
  const auto back = std::make_unique<char[]>(contents.size());
  require(join_columns(views, back.get(), contents.size()).has_value());
  require(std::string_view(back.get(), contents.size()) == contents);
}

void join_and_split(const ColumnViews& columns) {
  std::size_t size = 0;
  for (auto& column : columns) size += column.size();
  const auto contents = std::make_unique<char[]>(size);
  const auto joined = join_columns(columns, contents.get(), size);
  require_sound(joined);
  if (!joined) return;
  Columns again;
  require(split_into_columns({contents.get(), size}, again));
  require(std::equal(columns.begin(), columns.end(), again.begin()));
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Fields in(data, size);
  if (in.u8() % 2 == 0) {
    split_and_join(in.rest());
    return 0;
  }
  ColumnViews columns;
  for (std::size_t i = 0; i + 1 < columns.size(); ++i) columns[i] = in.sized();
  columns.back() = in.rest();
  join_and_split(columns);
  return 0;
}

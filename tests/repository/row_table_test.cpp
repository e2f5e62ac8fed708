#include "repository/row_table.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <optional>
#include <vector>

namespace talaria {
namespace {

RC_GTEST_PROP(RowTable, FindsTheFirstRowWithANumber, ()) {
  // Few numbers, so that some are there more than once and some aren't there.
  auto number = [] { return Number{*rc::gen::inRange(0u, 4u), *rc::gen::inRange(0u, 300u)}; };
  std::vector<Row> rows(*rc::gen::inRange<std::size_t>(0, 500));
  for (auto& row : rows) row = {number(), number(), 0};
  for (auto member : {&Row::header, &Row::sequence}) {
    const RowTable table(rows, member);
    for (int i = 0; i < 100; ++i) {
      auto wanted = number();
      auto first = std::ranges::find(rows, wanted, member);
      auto found = table.find(wanted);
      RC_ASSERT(found.has_value() == (first != rows.end()));
      if (found) RC_ASSERT(*found == static_cast<uint32_t>(first - rows.begin()));
    }
  }
}

TEST(RowTable, OfNoRowsFindsNothing) {
  EXPECT_FALSE(RowTable().find({0, 0}));
  EXPECT_FALSE(RowTable({}, &Row::header).find({0, 0}));
}

} // namespace
} // namespace talaria

// A page kept by its runs has the rows of the page, and finds those that a look at all of them would
// find.
#include "repository/run_page.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

namespace talaria {
namespace {

constexpr std::size_t generations = 3;

Number random_number(std::mt19937& random) {
  return {static_cast<uint32_t>(random() % generations), static_cast<uint32_t>(random() % 60)};
}

Row random_row(std::mt19937& random, std::size_t layouts) {
  return {random_number(random), random_number(random), static_cast<uint32_t>(random() % layouts)};
}

Page random_page(std::mt19937& random, std::size_t rows) {
  Page page;
  page.layouts = {{RecordLayout::Form::plain, "a", {}}, {RecordLayout::Form::stored, "", {1, 9}}};
  for (uint32_t i = 0; i < rows; ++i)
    page.rows.push_back(random() % 3 == 0
                            ? random_row(random, 2)
                            : Row{{0, i}, {static_cast<uint32_t>(i / 4 % 3), i}, i / 8 % 2});
  return page;
}

// The page of a later release: rows go, come, change and move.
Page later(const Page& source, std::mt19937& random) {
  Page page = source;
  page.layouts.push_back({RecordLayout::Form::plain, std::to_string(page.layouts.size()), {}});
  for (int i = 0; i < 12 && !page.rows.empty(); ++i) {
    auto at = page.rows.begin() + static_cast<std::ptrdiff_t>(random() % page.rows.size());
    auto from = page.rows[random() % page.rows.size()];
    switch (random() % 5) {
    case 0:
      page.rows.erase(at);
      break;
    case 1:
      page.rows.insert(at, random_row(random, page.layouts.size()));
      break;
    case 2:
      at->header = random_number(random);
      break;
    case 3:
      at->sequence = random_number(random);
      break;
    default:
      page.rows.insert(at, from);
    }
  }
  return page;
}

template <class Find>
std::vector<uint32_t> found(Find find) {
  std::vector<uint32_t> places;
  find(places);
  std::sort(places.begin(), places.end());
  return places;
}

void expect_same(const RunPage& runs, const Page& page) {
  ASSERT_EQ(runs.rows(), page.rows.size());
  for (std::size_t i = 0; i < page.rows.size(); ++i) ASSERT_EQ(runs.row(i), page.rows[i]) << i;
  for (uint32_t i = 0; i < page.layouts.size(); ++i) EXPECT_EQ(runs.layout(i), page.layouts[i]);
  for (uint32_t generation = 0; generation < generations; ++generation)
    for (uint32_t ordinal = 0; ordinal < 70; ++ordinal) {
      const Number number{generation, ordinal};
      std::vector<uint32_t> headers;
      std::vector<uint32_t> sequences;
      for (uint32_t i = 0; i < page.rows.size(); ++i) {
        if (page.rows[i].header == number) headers.push_back(i);
        if (page.rows[i].sequence == number) sequences.push_back(i);
      }
      EXPECT_EQ(found([&](auto& places) { runs.find_header(number, places); }), headers);
      EXPECT_EQ(found([&](auto& places) { runs.find_sequence(number, places); }), sequences);
    }
}

TEST(RunPage, WithoutRowsFindsNothing) {
  const auto runs = RunPage::decode(encode_page({}), generations, nullptr);
  ASSERT_TRUE(runs) << runs.error().message();
  expect_same(**runs, {});
}

TEST(RunPage, FindsARowThatManyRowsRepeat) {
  Page source;
  source.layouts = {{RecordLayout::Form::plain, "a", {}}};
  source.rows.assign(40, Row{{0, 5}, {1, 6}, 0});
  auto page = source;
  page.rows.insert(page.rows.begin() + 20, Row{{0, 1}, {0, 2}, 0});
  const auto first = RunPage::decode(encode_page(source), generations, nullptr);
  ASSERT_TRUE(first);
  const auto second = RunPage::decode(encode_delta(page, source), generations, *first);
  ASSERT_TRUE(second);
  expect_same(**second, page);
}

TEST(RunPage, ThatIsDamagedIsRefused) {
  const auto payload = encode_page({{{RecordLayout::Form::plain, "a", {}}}, {{{0, 1}, {0, 1}, 0}}});
  EXPECT_EQ(RunPage::decode(payload + "x", generations, nullptr).error().code(), errc::damaged);
  EXPECT_EQ(RunPage::decode(payload.substr(1), generations, nullptr).error().code(), errc::damaged);
}

RC_GTEST_PROP(RunPage, HasTheRowsOfThePageThroughAnyChain, ()) {
  std::mt19937 random(*rc::gen::arbitrary<unsigned>());
  auto page = random_page(random, *rc::gen::inRange<std::size_t>(30, 80));
  auto runs = RunPage::decode(encode_page(page), generations, nullptr);
  for (auto depth = *rc::gen::inRange(0, 5);; --depth) {
    RC_ASSERT(runs.has_value());
    expect_same(**runs, page);
    if (depth == 0) break;
    const auto next = later(page, random);
    runs = RunPage::decode(encode_delta(next, page), generations, *runs);
    page = next;
  }
}

} // namespace
} // namespace talaria

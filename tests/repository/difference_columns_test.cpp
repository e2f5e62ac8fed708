// The columns of differences by edit script: what is taken apart is put together again, whatever it
// means, and nothing else is.
#include "repository/difference_columns.hpp"

#include "coding/residue_difference.hpp"
#include "repository/difference.hpp"
#include "scripts.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

namespace talaria {
namespace {

using Columns = std::array<std::string, difference_column_count>;

// Puts columns together in room of just the size.
Result<std::string> joined(const Columns& columns, std::size_t size) {
  std::array<std::string_view, difference_column_count> views;
  std::copy(columns.begin(), columns.end(), views.begin());
  auto room = std::make_unique<char[]>(size);
  auto done = join_columns(views, room.get(), size);
  if (!done) return tl::unexpected(done.error());
  return std::string(room.get(), size);
}

std::size_t size_of(const Columns& columns) {
  std::size_t size = 0;
  for (auto& column : columns) size += column.size();
  return size;
}

std::string one_behind_the_other(const std::vector<std::string>& contents) {
  std::string all;
  for (auto& content : contents) all += content;
  return all;
}

TEST(DifferenceColumns, GiveBackContents) {
  for (std::size_t count : {0u, 1u, 2u, 50u}) {
    auto contents = one_behind_the_other(script_chunks(count, 1));
    Columns columns;
    ASSERT_TRUE(split_into_columns(contents, columns));
    EXPECT_EQ(size_of(columns), contents.size());
    EXPECT_EQ(must(joined(columns, contents.size())), contents);
  }
}

TEST(DifferenceColumns, HoldWhatIsOfOneSort) {
  auto target = protein(200, 2);
  target[100] = target[100] == 'A' ? 'C' : 'A';
  auto content = must(ScriptChunkEncoder().encode(target, protein(200, 2), generation_id(7), 5));
  ASSERT_TRUE(content);
  Columns columns;
  ASSERT_TRUE(split_into_columns(*content, columns));
  // Depth, work, one generation, one reference, of which the place with a 1 for a sequence, method, and
  // how many residues.
  EXPECT_EQ(columns[0], (std::string{1, 2, 1, 1, 1, difference_by_script, 1}));
  EXPECT_EQ(columns[1], "\xC8\x01"); // the length, 200
  EXPECT_EQ(columns[2], std::string(16, 7));
  EXPECT_EQ(columns[3], std::string(1, 10)); // zigzag of 5
  EXPECT_EQ(columns[4], target.substr(100, 1));
  EXPECT_EQ(columns[5], (std::string{100, 99}));
  EXPECT_EQ(columns[6], (std::string{1, 0}));
  EXPECT_EQ(columns[7], std::string(1, 0));
}

TEST(DifferenceColumns, AreRefusedToOtherBytes) {
  Columns columns;
  auto content = script_chunks(1, 3)[0];
  for (std::size_t size = 1; size < content.size(); ++size)
    EXPECT_FALSE(split_into_columns(content.substr(0, size), columns)) << size;
  EXPECT_FALSE(split_into_columns(content + '\1', columns));
  EXPECT_FALSE(split_into_columns(protein(500, 4), columns));
  EXPECT_FALSE(split_into_columns(std::string(100, '\xFF'), columns));
  // A difference of long nucleotides is of another method.
  Difference coded{4, 0, 1, {}, std::string_view("\0ACGT", 5)};
  EXPECT_FALSE(split_into_columns(encode_difference_chunk(coded), columns));
  EXPECT_FALSE(split_into_columns(content + encode_difference_chunk(coded), columns));
}

// Also of bytes that mean nothing: a block need not be understood to be read.
RC_GTEST_PROP(DifferenceColumns, GiveBackAnythingThatHasThem, ()) {
  auto content = one_behind_the_other(script_chunks(3, *rc::gen::inRange(0u, 50u)));
  for (auto flips = *rc::gen::inRange(0, 4); flips > 0; --flips)
    content[*rc::gen::inRange<std::size_t>(0, content.size())] = *rc::gen::arbitrary<char>();
  Columns columns;
  if (!split_into_columns(content, columns)) return;
  RC_ASSERT(size_of(columns) == content.size());
  RC_ASSERT(must(joined(columns, content.size())) == content);
}

RC_GTEST_PROP(DifferenceColumns, OfAnyBytesAreRefusedOrMakeContents, (std::vector<std::string> bytes)) {
  Columns columns;
  for (std::size_t i = 0; i < columns.size() && i < bytes.size(); ++i) columns[i] = bytes[i];
  auto size = size_of(columns);
  auto back = joined(columns, size);
  if (back) {
    Columns again;
    RC_ASSERT(split_into_columns(*back, again));
    RC_ASSERT(again == columns);
  } else {
    RC_ASSERT(back.error().code() == errc::damaged);
  }
  RC_ASSERT(code_of(joined(columns, size + 1)) == errc::damaged);
  if (size > 0) RC_ASSERT(code_of(joined(columns, size - 1)) == errc::damaged);
}

TEST(DifferenceColumns, WithAByteMoreOrLessAreRefused) {
  auto contents = one_behind_the_other(script_chunks(5, 5));
  Columns columns;
  ASSERT_TRUE(split_into_columns(contents, columns));
  for (std::size_t i = 0; i < columns.size(); ++i) {
    auto longer = columns;
    longer[i] += '\1';
    EXPECT_EQ(code_of(joined(longer, contents.size())), errc::damaged) << i;
    EXPECT_EQ(code_of(joined(longer, contents.size() + 1)), errc::damaged) << i;
    auto shorter = columns;
    shorter[i].pop_back();
    EXPECT_EQ(code_of(joined(shorter, contents.size())), errc::damaged) << i;
    EXPECT_EQ(code_of(joined(shorter, contents.size() - 1)), errc::damaged) << i;
  }
}

TEST(DifferenceColumns, WithAFlippedBitAreRefusedOrMakeTheSize) {
  auto contents = one_behind_the_other(script_chunks(3, 6));
  Columns columns;
  ASSERT_TRUE(split_into_columns(contents, columns));
  for (auto& column : columns) {
    auto sound = column;
    each_flip(sound, [&](const std::string& bytes, std::size_t) {
      column = bytes;
      auto back = joined(columns, contents.size());
      if (!back) {
        EXPECT_EQ(back.error().code(), errc::damaged);
      }
    });
    column = sound;
  }
}

} // namespace
} // namespace talaria

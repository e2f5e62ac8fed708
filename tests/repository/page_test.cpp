#include "repository/page.hpp"

#include "support.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>
#include <vector>

namespace talaria {
namespace {

using Form = RecordLayout::Form;

struct Record {
  Number header;
  Number sequence;
  RecordLayout layout;
};

bool same(const RecordLayout& a, const RecordLayout& b) {
  return a.form == b.form && (a.form == Form::stored ? a.text == b.text : a.bytes == b.bytes);
}

// Generations of the records are 0, 1, ... in the order in which they are first named.
PackInfo write_pages(ObjectStore& store, const std::vector<Record>& records,
                     const std::string& preamble = "", uint32_t generations = 4) {
  auto writer = must(PageFileWriter::create(store));
  writer->set_preamble(preamble);
  for (uint32_t i = 0; i < generations; ++i)
    EXPECT_EQ(writer->generation(generation_id(static_cast<uint8_t>(i + 1))), i);
  for (auto& record : records) must(writer->add(record.header, record.sequence, record.layout));
  return must(writer->finish());
}

// Reads all pages and compares them with the records, and the directory with the pages.
void expect_holds(const ObjectStore& store, const PackInfo& info, const std::vector<Record>& records) {
  const auto file = must(PageFile::open(store, info.digest, info.size));
  std::size_t at = 0;
  for (std::size_t place = 0; place < file->pages().size(); ++place) {
    auto& entry = file->pages()[place];
    EXPECT_EQ(entry.first_record, at);
    const auto page = must(file->read(store, place));
    ASSERT_EQ(page.rows.size(), entry.records);
    EXPECT_LE(page.rows.size(), page_records);
    ASSERT_LE(at + page.rows.size(), records.size());
    for (auto& row : page.rows) {
      auto& record = records[at++];
      ASSERT_EQ(row.header, record.header);
      ASSERT_EQ(row.sequence, record.sequence);
      ASSERT_TRUE(same(page.layouts.at(row.layout), record.layout));
      bool covered = false;
      for (auto& range : entry.headers)
        covered |= range.generation == row.header.generation && range.lowest <= row.header.ordinal &&
                   row.header.ordinal <= range.highest;
      ASSERT_TRUE(covered);
    }
  }
  EXPECT_EQ(at, records.size());
}

RecordLayout plain(const std::string& bytes) {
  return {Form::plain, bytes, {}};
}

std::vector<Record> plain_records(std::size_t count) {
  std::vector<Record> records;
  for (uint32_t i = 0; i < count; ++i)
    records.push_back({{i % 7 == 0 ? 1u : 0u, i}, {0, i / 2 * 3}, plain(i % 5 == 0 ? "odd" : "even")});
  return records;
}

TEST(Pages, HoldWhatWasAdded) {
  auto store = memory_store();
  for (const std::size_t count : {std::size_t{0}, std::size_t{1}, std::size_t{100}, page_records,
                                  page_records + 1, 2 * page_records + 5})
    expect_holds(*store, write_pages(*store, plain_records(count)), plain_records(count));
}

TEST(Pages, AreNamedByTheirDigest) {
  auto store = memory_store();
  const auto info = write_pages(*store, plain_records(10));
  const auto bytes = bytes_of(*store, pages_name(info.digest));
  EXPECT_EQ(bytes.size(), info.size);
  EXPECT_EQ(digest_of(bytes), info.digest);
  EXPECT_EQ(write_pages(*store, plain_records(10)).digest, info.digest)
      << "equal releases share their pages";
}

TEST(Pages, AnAbandonedFileLeavesNothing) {
  auto store = memory_store();
  {
    auto writer = must(PageFileWriter::create(*store));
    const auto own = writer->generation(generation_id(1));
    for (uint32_t i = 0; i < 2 * page_records; ++i) must(writer->add({own, i}, {own, i}, plain("x")));
  }
  EXPECT_TRUE(names_in(*store).empty());
}

TEST(Pages, KeepThePreamble) {
  auto store = memory_store();
  for (const std::string& preamble : {std::string(), std::string("; made by hand\n\n"),
                                      std::string("\0\n", 2), std::string(100'000, ';')}) {
    const auto info = write_pages(*store, plain_records(3), preamble);
    EXPECT_EQ(must(PageFile::open(*store, info.digest, info.size))->preamble(), preamble);
  }
}

TEST(Pages, KeepFormsAndDuplicatesAndSeveralGenerations) {
  auto store = memory_store();
  std::vector<Record> records;
  for (uint32_t i = 0; i < 60; ++i) {
    const Number number{i % 3, UINT32_MAX - 1 - i % 4};
    const RecordLayout layout = i % 5 == 0   ? RecordLayout{Form::stored, "", {i % 4, i % 2}}
                                : i % 5 == 1 ? RecordLayout{Form::spans, "bytes", {}}
                                             : plain(i % 5 == 2 ? "bytes" : "");
    records.push_back({number, {3, 0}, layout});
  }
  const auto info = write_pages(*store, records);
  expect_holds(*store, info, records);
  const auto file = must(PageFile::open(*store, info.digest, info.size));
  ASSERT_EQ(file->generations().size(), 4u);
  EXPECT_EQ(file->generations()[2], generation_id(3));
  ASSERT_EQ(file->pages().size(), 1u);
  ASSERT_EQ(file->pages()[0].headers.size(), 3u);
  for (auto& range : file->pages()[0].headers) {
    EXPECT_EQ(range.lowest, UINT32_MAX - 4);
    EXPECT_EQ(range.highest, UINT32_MAX - 1);
  }
  // "plain" and "spans" with equal bytes are two layouts; each is kept once.
  EXPECT_EQ(must(file->read(*store, 0)).layouts.size(), 2u + 1 + 4);
}

TEST(Pages, AreCutWhereTheirLayoutsAreLarge) {
  auto store = memory_store();
  std::vector<Record> records;
  for (uint32_t i = 0; i < 20; ++i)
    records.push_back({{0, i}, {0, i}, plain(letters("ab", 100'000, i))});
  const auto info = write_pages(*store, records);
  expect_holds(*store, info, records);
  const auto pages = must(PageFile::open(*store, info.digest, info.size))->pages().size();
  EXPECT_GE(pages, 6u);
  EXPECT_LE(pages, 8u);
}

TEST(Pages, CostNextToNothingForARunOfRecords) {
  auto store = memory_store();
  std::vector<Record> records;
  for (uint32_t i = 0; i < 100'000; ++i) records.push_back({{0, i}, {0, i}, plain("<")});
  EXPECT_LT(write_pages(*store, records).size, 1000u);
}

RC_GTEST_PROP(Pages, HoldAnyRecords, ()) {
  const auto number = rc::gen::construct<Number>(
      rc::gen::inRange(0u, 4u),
      rc::gen::weightedOneOf<uint32_t>(
          {{3, rc::gen::inRange(0u, 50u)}, {1, rc::gen::inRange(0u, UINT32_MAX)}}));
  std::vector<Record> records;
  const auto count = *rc::gen::inRange(0, 60);
  for (int i = 0; i < count; ++i) {
    Record record{*number, *number, {}};
    record.layout.form = *rc::gen::element(Form::plain, Form::spans, Form::stored);
    if (record.layout.form == Form::stored)
      record.layout.text = *number;
    else
      record.layout.bytes = *rc::gen::element<std::string>("", "<", "\n<", "long enough");
    records.push_back(record);
  }
  auto store = memory_store();
  const auto info = write_pages(*store, records, *rc::gen::arbitrary<std::string>());
  expect_holds(*store, info, records);
}

TEST(Pages, EveryFlippedBitIsDamage) {
  auto store = memory_store();
  const auto info = write_pages(*store, plain_records(40), "; preamble\n");
  const auto name = pages_name(info.digest);
  each_flip(bytes_of(*store, name), [&](const std::string& bytes, std::size_t at) {
    must(store->put(name, bytes));
    const auto file = PageFile::open(*store, info.digest, info.size);
    const auto code = file ? code_of((*file)->read(*store, 0)) : file.error().code();
    EXPECT_EQ(code, errc::damaged) << "byte " << at;
  });
}

TEST(Pages, EveryTruncationIsDamage) {
  auto store = memory_store();
  const auto info = write_pages(*store, plain_records(40), "; preamble\n");
  const auto name = pages_name(info.digest);
  const auto whole = bytes_of(*store, name);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    must(store->put(name, std::string_view(whole).substr(0, size)));
    EXPECT_EQ(code_of(PageFile::open(*store, info.digest, size)), errc::damaged) << size;
    EXPECT_EQ(code_of(PageFile::open(*store, info.digest, info.size)), errc::damaged) << size;
  }
}

Page small_page() {
  Page page;
  page.layouts = {plain("<"), {Form::stored, "", {1, 9}}, {Form::spans, "abc", {}}};
  page.rows = {{{0, 0}, {0, 0}, 0}, {{0, 1}, {1, 5}, 0}, {{1, 7}, {0, 0}, 1}, {{0, 2}, {0, 3}, 2}};
  return page;
}

TEST(PagePayload, ThatIsCutOrLongerIsRefused) {
  const auto payload = encode_page(small_page());
  EXPECT_TRUE(decode_page(payload, 2));
  for (std::size_t size = 0; size < payload.size(); ++size)
    EXPECT_EQ(code_of(decode_page(payload.substr(0, size), 2)), errc::damaged) << size;
  EXPECT_EQ(code_of(decode_page(payload + '\0', 2)), errc::damaged);
}

TEST(PagePayload, ThatNamesAnUnknownGenerationIsRefused) {
  const auto payload = encode_page(small_page());
  EXPECT_EQ(code_of(decode_page(payload, 1)), errc::damaged);
  EXPECT_EQ(code_of(decode_page(payload, 0)), errc::damaged);
}

TEST(PagePayload, AnyBytesAreRefusedOrReadWithinTheirBounds) {
  each_flip(encode_page(small_page()), [](const std::string& bytes, std::size_t at) {
    const auto page = decode_page(bytes, 2);
    if (!page) {
      EXPECT_EQ(page.error().code(), errc::damaged);
      return;
    }
    for (auto& row : page->rows) {
      EXPECT_LT(row.layout, page->layouts.size()) << at;
      EXPECT_LT(row.header.generation, 2u);
      EXPECT_LT(row.sequence.generation, 2u);
    }
  });
}

RC_GTEST_PROP(PagePayload, IsTotal, (const std::string& bytes)) {
  if (const auto page = decode_page(bytes, 3); !page) RC_ASSERT(page.error().code() == errc::damaged);
}

} // namespace
} // namespace talaria

#include "repository/page.hpp"

#include "repository/read_back.hpp"
#include "support.hpp"

#include <algorithm>

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
                     const std::string& preamble = "", uint32_t generations = 4,
                     std::vector<PageFilePtr> candidates = {}) {
  auto writer = must(PageFileWriter::create(store, std::move(candidates)));
  writer->set_preamble(preamble);
  for (uint32_t i = 0; i < generations; ++i)
    EXPECT_EQ(writer->generation(generation_id(static_cast<uint8_t>(i + 1))), i);
  for (auto& record : records) must(writer->add(record.header, record.sequence, record.layout));
  const auto info = must(writer->finish());
  must(read_back_pages(store, info, *writer, records.size()));
  return info;
}

PageFilePtr open_pages(const ObjectStore& store, const PackInfo& info) {
  return must(PageFile::open(store, info.digest, info.size));
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
    EXPECT_LE(page.rows.size(), page_records_max);
    ASSERT_LE(at + page.rows.size(), records.size());
    for (auto& row : page.rows) {
      auto& record = records[at++];
      // Whatever the table of the file, a number means what it meant to the writer.
      auto meant = [&](const Number& number) {
        return Number{file->generations().at(number.generation).bytes[0] - 1u, number.ordinal};
      };
      ASSERT_EQ(meant(row.header), record.header);
      ASSERT_EQ(meant(row.sequence), record.sequence);
      auto layout = page.layouts.at(row.layout);
      if (layout.form == Form::stored) layout.text = meant(layout.text);
      ASSERT_TRUE(same(layout, record.layout));
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

// Records of which every `gap`th changes from release to release: headers, sequences, layouts, removed
// and new ones.
std::vector<Record> edited(std::vector<Record> records, uint32_t release, std::size_t gap) {
  std::vector<Record> next;
  for (uint32_t i = 0; i < records.size(); ++i) {
    auto record = records[i];
    const auto change = (i + release) % gap == 0 ? (i / gap + release) % 5 : 5;
    if (change == 0) continue;
    if (change == 1) record.header = {release, i};
    if (change == 2) record.sequence = {release, i};
    if (change == 3) record.layout = plain("new" + std::to_string(release));
    if (change == 4) next.push_back({{release, 1'000'000 + i}, {release, 1'000'000 + i}, plain("even")});
    next.push_back(record);
  }
  return next;
}

TEST(PageDeltas, CostWhatChangedAndComeBack) {
  auto store = memory_store();
  auto records = plain_records(3 * page_records + 77);
  std::vector<std::pair<PackInfo, std::vector<Record>>> releases;
  releases.emplace_back(write_pages(*store, records, "", 13), records);
  for (uint32_t release = 1; release < 12; ++release) {
    records = edited(records, release, 100);
    const auto reference = open_pages(*store, releases.back().first);
    releases.emplace_back(write_pages(*store, records, "", 13, {reference}), records);
    const auto file = open_pages(*store, releases.back().first);
    EXPECT_EQ(file->depth(), release);
    EXPECT_EQ(file->reference_info(), releases[release - 1].first);
    EXPECT_LT(file->info().size, write_pages(*store, records, "", 13).size) << release;
  }
  for (auto& [info, rows] : releases) expect_holds(*store, info, rows);
}

TEST(PageDeltas, PagesGrowAndAreDivided) {
  auto store = memory_store();
  auto records = plain_records(2 * page_records);
  auto info = write_pages(*store, records, "", 6);
  for (uint32_t release = 1; release < 6; ++release) {
    std::vector<Record> next;
    for (uint32_t i = 0; i < records.size(); ++i) {
      next.push_back(records[i]);
      if (i % 3 == 0) next.push_back({{release, i}, {release, i}, plain("even")});
    }
    records = std::move(next);
    info = write_pages(*store, records, "", 6, {open_pages(*store, info)});
    expect_holds(*store, info, records);
  }
  EXPECT_GT(open_pages(*store, info)->pages().size(), 2u);
  EXPECT_EQ(open_pages(*store, info)->depth(), 5u);
}

TEST(PageDeltas, AreNotMadeOfOtherRecords) {
  auto store = memory_store();
  const auto reference = open_pages(*store, write_pages(*store, plain_records(1000)));
  std::vector<Record> others;
  for (uint32_t i = 0; i < 1000; ++i) others.push_back({{2, i}, {2, i}, plain("even")});
  const auto info = write_pages(*store, others, "", 4, {reference});
  expect_holds(*store, info, others);
  const auto file = open_pages(*store, info);
  EXPECT_EQ(file->depth(), 0u);
  EXPECT_FALSE(file->reference_info());
}

TEST(PageDeltas, ShuffledRecordsStayInLargePages) {
  auto store = memory_store();
  auto records = plain_records(4 * page_records);
  const auto reference = open_pages(*store, write_pages(*store, records));
  for (uint64_t i = records.size(), state = 1; i-- > 1;) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    std::swap(records[i], records[(state >> 33) % (i + 1)]);
  }
  const auto info = write_pages(*store, records, "", 4, {reference});
  expect_holds(*store, info, records);
  EXPECT_LE(open_pages(*store, info)->pages().size(), 8u);
}

TEST(PageDeltas, OfSeveralCandidatesTheOneWithMostRecordsIsTaken) {
  auto store = memory_store();
  auto records = plain_records(1000);
  const auto half = write_pages(*store, {records.begin(), records.begin() + 500});
  const auto whole = write_pages(*store, {records.begin(), records.begin() + 900});
  const auto info =
      write_pages(*store, records, "", 4,
                  {open_pages(*store, half), open_pages(*store, whole), open_pages(*store, half)});
  expect_holds(*store, info, records);
  EXPECT_EQ(open_pages(*store, info)->reference_info(), whole);
}

TEST(PageDeltas, AReferenceThatCannotBeReadIsLeftAlone) {
  auto store = memory_store();
  const auto records = plain_records(1000);
  const auto info = write_pages(*store, records);
  const auto reference = open_pages(*store, info);
  auto bytes = bytes_of(*store, pages_name(info.digest));
  bytes[20] = static_cast<char>(bytes[20] ^ 1);
  must(store->put(pages_name(info.digest), bytes));
  const auto next = write_pages(*store, edited(records, 1, 10), "", 4, {reference});
  expect_holds(*store, next, edited(records, 1, 10));
  EXPECT_EQ(open_pages(*store, next)->depth(), 0u);
}

// Every file of the chain is needed, and damage in any is found and named.
TEST(PageDeltas, EveryFlippedBitOfAChainIsDamage) {
  auto store = memory_store();
  auto records = plain_records(60);
  std::vector<PackInfo> chain{write_pages(*store, records)};
  for (uint32_t release = 1; release < 3; ++release) {
    records = edited(records, release, 7);
    chain.push_back(write_pages(*store, records, "", 4, {open_pages(*store, chain.back())}));
  }
  ASSERT_EQ(open_pages(*store, chain.back())->depth(), 2u);
  for (auto& info : chain) {
    const auto name = pages_name(info.digest);
    const auto whole = bytes_of(*store, name);
    each_flip(whole, [&](const std::string& bytes, std::size_t at) {
      must(store->put(name, bytes));
      const auto file = PageFile::open(*store, chain.back().digest, chain.back().size);
      const auto page = file ? (*file)->read(*store, 0) : tl::unexpected<Error>(file.error());
      ASSERT_FALSE(page) << "byte " << at;
      EXPECT_EQ(page.error().code(), errc::damaged);
      EXPECT_NE(page.error().message().find(name), std::string::npos) << page.error().message();
    });
    must(store->remove(name));
    const auto file = PageFile::open(*store, chain.back().digest, chain.back().size);
    if (file) {
      EXPECT_EQ(code_of((*file)->read(*store, 0)), errc::damaged);
    }
    must(store->put(name, whole));
  }
  expect_holds(*store, chain.back(), records);
}

RC_GTEST_PROP(PageDeltas, AnyEditsOverManyReleasesComeBack, ()) {
  const auto number = rc::gen::construct<Number>(rc::gen::inRange(0u, 4u), rc::gen::inRange(0u, 90u));
  const auto bound = *rc::gen::inRange(0u, 5u);
  auto store = memory_store();
  auto records = plain_records(*rc::gen::inRange<std::size_t>(1, 60));
  std::vector<std::pair<PackInfo, std::vector<Record>>> releases;
  for (int release = 0; release < 8; ++release) {
    std::vector<PageFilePtr> candidates;
    for (auto& known : releases)
      if (auto file = open_pages(*store, known.first); file->depth() < bound) candidates.push_back(file);
    releases.emplace_back(write_pages(*store, records, "", 4, candidates), records);
    RC_ASSERT(open_pages(*store, releases.back().first)->depth() <= bound);
    const auto edits = *rc::gen::inRange(0, 6);
    for (int i = 0; i < edits; ++i) {
      const auto at = *rc::gen::inRange<std::size_t>(0, records.size() + 1);
      const auto place = records.begin() + static_cast<std::ptrdiff_t>(at);
      const auto kind = *rc::gen::inRange(0, 5);
      if (kind == 0 || place == records.end())
        records.insert(place, {*number, *number, plain(*rc::gen::element<std::string>("even", "x"))});
      else if (kind == 1)
        records.erase(place);
      else if (kind == 2)
        std::rotate(records.begin(), place, records.end());
      else if (kind == 3)
        place->header = *number;
      else
        place->layout = {Form::stored, "", *number};
    }
  }
  for (auto& [info, rows] : releases) expect_holds(*store, info, rows);
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

// What changed bytes of a page with two generations may give.
void expect_damaged_or_within_bounds(const Result<Page>& page, std::size_t at) {
  if (!page) {
    EXPECT_EQ(page.error().code(), errc::damaged);
    return;
  }
  for (auto& row : page->rows) {
    EXPECT_LT(row.layout, page->layouts.size()) << at;
    EXPECT_LT(row.header.generation, 2u);
    EXPECT_LT(row.sequence.generation, 2u);
  }
}

TEST(PagePayload, AnyBytesAreRefusedOrReadWithinTheirBounds) {
  each_flip(encode_page(small_page()), [](const std::string& bytes, std::size_t at) {
    const auto page = decode_page(bytes, 2);
    expect_damaged_or_within_bounds(page, at);
  });
}

RC_GTEST_PROP(PagePayload, IsTotal, (const std::string& bytes)) {
  if (const auto page = decode_page(bytes, 3); !page) RC_ASSERT(page.error().code() == errc::damaged);
  if (const auto page = decode_delta(bytes, small_page(), 3); !page)
    RC_ASSERT(page.error().code() == errc::damaged);
}

// The small page with a record removed, one moved, one changed and two new ones.
Page changed_page() {
  auto page = small_page();
  page.layouts.push_back(plain("new"));
  page.rows = {{{0, 2}, {0, 3}, 2},
               {{0, 0}, {0, 0}, 0},
               {{1, 8}, {1, 6}, 3},
               {{1, 9}, {1, 7}, 3},
               {{1, 7}, {1, 4}, 1}};
  return page;
}

TEST(PageDelta, GivesBackThePage) {
  const auto payload = encode_delta(changed_page(), small_page());
  EXPECT_EQ(must(decode_delta(payload, small_page(), 2)), changed_page());
  EXPECT_EQ(must(decode_delta(encode_delta(small_page(), small_page()), small_page(), 2)), small_page());
}

TEST(PageDelta, ThatIsCutOrLongerIsRefused) {
  const auto payload = encode_delta(changed_page(), small_page());
  for (std::size_t size = 0; size < payload.size(); ++size)
    EXPECT_EQ(code_of(decode_delta(payload.substr(0, size), small_page(), 2)), errc::damaged) << size;
  EXPECT_EQ(code_of(decode_delta(payload + '\0', small_page(), 2)), errc::damaged);
  EXPECT_EQ(code_of(decode_delta(payload, {}, 2)), errc::damaged);
}

TEST(PageDelta, AnyBytesAreRefusedOrReadWithinTheirBounds) {
  each_flip(encode_delta(changed_page(), small_page()), [](const std::string& bytes, std::size_t at) {
    const auto page = decode_delta(bytes, small_page(), 2);
    expect_damaged_or_within_bounds(page, at);
  });
}

} // namespace
} // namespace talaria

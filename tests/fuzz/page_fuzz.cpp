// Any page file is refused as damaged, at opening or when a page is read, or has rows that name what it
// has.
//
//   u8 mode: 0 reads the rest as a file;
//   1: sized directory, pages as they are stored;
//   2: u8 number of generations, sized preamble, then for each page u16 records, sized ranges (as the
//   directory has them), sized payload;
//   else: the same for a file whose pages are differences from the first page of a fixed one.
#include "repository/page.hpp"

#include "core/crc64.hpp"
#include "repository_fuzz.hpp"

#include <algorithm>
#include <vector>

using namespace talaria;
using namespace talaria::fuzz;

namespace {

std::string packed(std::string_view raw) {
  std::string out;
  require(make_codec(CodecId::zstd)->compress(raw, 1, out).has_value());
  return out;
}

std::string sealed(std::string_view pages, std::string_view directory) {
  const auto stored = packed(directory);
  std::string trailer;
  store_u64(trailer, stored.size());
  store_u64(trailer, directory.size());
  store_u64(trailer, crc64(trailer, crc64(stored)));
  return "TALPAGE1" + std::string(pages) + stored + trailer + "TALPGEND";
}

// The page that differences are from.
Page source_page() {
  Page page;
  page.layouts = {{RecordLayout::Form::plain, "<", {}}, {RecordLayout::Form::stored, "", {1, 9}}};
  for (std::uint32_t i = 0; i < 8; ++i) page.rows.push_back({{0, i}, {i / 4, 2 * i}, i % 2});
  return page;
}

const Digest reference_digest = digest_of("reference");

// Two generations, as the bytes of build() number them.
std::string reference_file() {
  const auto payload = encode_page(source_page());
  const auto stored = packed(payload);
  std::string directory;
  put_varint(directory, 0);
  put_varint(directory, 2);
  for (char i = 0; i < 2; ++i) directory += std::string(GenerationId::size, i);
  put_varint(directory, 0);
  put_varint(directory, 1);
  put_varint(directory, stored.size());
  put_varint(directory, payload.size());
  put_varint(directory, source_page().rows.size());
  put_varint(directory, 0);
  store_u64(directory, crc64(stored));
  put_varint(directory, 0);
  return sealed(stored, directory);
}

std::string build(Fields& in, bool deltas) {
  const std::size_t generations = in.u8() % 8;
  const auto preamble = in.sized();
  std::string pages;
  std::string entries;
  std::uint64_t count = 0;
  while (!in.empty()) {
    const auto records = in.u16();
    const auto ranges = in.sized();
    const auto payload = in.sized();
    const auto stored = packed(payload);
    put_varint(entries, stored.size());
    put_varint(entries, payload.size());
    put_varint(entries, records);
    put_varint(entries, deltas ? 1 : 0);
    store_u64(entries, crc64(stored));
    if (ranges.empty()) put_varint(entries, 0);
    entries += ranges;
    pages += stored;
    ++count;
  }
  std::string directory;
  put_varint(directory, preamble.size());
  directory += preamble;
  put_varint(directory, generations);
  for (std::size_t i = 0; i < generations; ++i)
    directory += std::string(GenerationId::size, static_cast<char>(i));
  put_varint(directory, deltas ? 1 : 0);
  if (deltas) {
    directory += reference_digest.view();
    put_varint(directory, reference_file().size());
  }
  put_varint(directory, count);
  return sealed(pages, directory + entries);
}

void check_page(const Page& page, std::size_t generations) {
  for (auto& row : page.rows) {
    require(row.header.generation < generations && row.sequence.generation < generations);
    require(row.layout < page.layouts.size());
  }
  // A difference also has the layouts of its source that it doesn't use; a whole page has no more
  // layouts than records.
  if (page.layouts.size() > page.rows.size()) return;
  // What was read can be written, and is the same again.
  const auto again = decode_page(encode_page(page), generations);
  require(again.has_value() && encode_page(*again) == encode_page(page));
}

// The same page by its runs has the same rows, and finds them.
void check_runs(const PageFile& file, const ObjectStore& store, std::size_t place, const Page& page) {
  RunPagePtr source;
  const auto from = file.source_of(store, place);
  require(from.has_value());
  if (from->file) source = *from->file->read_runs(store, from->place, nullptr);
  const auto runs = file.read_runs(store, place, source);
  require(runs.has_value() && (*runs)->rows() == page.rows.size());
  for (std::size_t i = 0; i < page.rows.size(); i += 1 + page.rows.size() / 64) {
    require((*runs)->row(i) == page.rows[i]);
    std::vector<std::uint32_t> places;
    (*runs)->find_header(page.rows[i].header, places);
    require(std::find(places.begin(), places.end(), i) != places.end());
  }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Fields in(data, size);
  const unsigned mode = in.u8();
  std::string file;
  if (mode == 0) {
    file = in.rest();
  } else if (mode == 1) {
    const auto directory = in.sized();
    file = sealed(in.rest(), directory);
  } else {
    file = build(in, mode != 2);
  }
  auto store = memory_store();
  put(*store, pages_name(reference_digest), reference_file());
  put(*store, pages_name({}), file);
  const auto opened = PageFile::open(*store, {}, file.size());
  require_sound(opened);
  if (!opened) return 0;
  auto& pages = (*opened)->pages();
  std::uint64_t first_record = 0;
  for (std::size_t place = 0; place < pages.size(); ++place) {
    require(pages[place].first_record == first_record);
    first_record += pages[place].records;
    for (auto& range : pages[place].headers)
      require(range.generation < (*opened)->generations().size() && range.lowest <= range.highest);
    const auto page = (*opened)->read(*store, place);
    require_sound(page);
    if (!page) continue;
    require(page->rows.size() == pages[place].records);
    check_page(*page, (*opened)->generations().size());
    check_runs(**opened, *store, place, *page);
  }
  return 0;
}

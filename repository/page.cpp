#include "repository/page.hpp"

#include "core/crc64.hpp"
#include "core/endian.hpp"
#include "core/try.hpp"
#include "repository/magic.hpp"

#include <algorithm>
#include <map>

namespace talaria {

namespace {

constexpr std::string_view magic = "TALPAGE1";
constexpr std::string_view end_magic = "TALPGEND";
constexpr std::size_t trailer_size = 8 + 8 + 8 + 8; // directory stored and raw size, CRC-64, magic
constexpr int page_level = 9;                       // pages are small beside what they describe

// What bounds memory when reading a damaged file.
constexpr uint64_t directory_max = uint64_t{1} << 30;
constexpr uint64_t page_raw_max = uint64_t{64} << 20;

// Numbers are written as runs: the next record nearly always has the next number of its generation.
class RunColumn {
public:
  void add(const Number& number) {
    auto& next = next_[number.generation];
    if (length_ > 0 && number.generation == generation_ && number.ordinal == next) {
      ++length_;
    } else {
      end_run();
      generation_ = number.generation;
      step_ = static_cast<int64_t>(number.ordinal) - static_cast<int64_t>(next);
      length_ = 1;
    }
    next = number.ordinal + 1;
  }
  std::string finish() {
    end_run();
    return std::move(out_);
  }

private:
  void end_run() {
    if (length_ == 0) return;
    put_varint(out_, generation_);
    put_zigzag(out_, step_);
    put_varint(out_, length_);
    length_ = 0;
  }
  std::string out_;
  std::map<uint32_t, uint32_t> next_;
  uint32_t generation_ = 0;
  int64_t step_ = 0;
  uint64_t length_ = 0;
};

Result<void> read_runs(ByteReader& in, std::size_t generations, std::vector<Row>& rows,
                       Number Row::*member) {
  std::vector<uint32_t> next(generations, 0);
  std::size_t filled = 0;
  while (filled < rows.size()) {
    TALARIA_TRY_ASSIGN(auto generation, in.varint());
    TALARIA_TRY_ASSIGN(auto step, in.zigzag());
    TALARIA_TRY_ASSIGN(auto length, in.varint());
    if (generation >= generations || length == 0 || length > rows.size() - filled)
      return failure(errc::damaged, "impossible run of numbers");
    auto first = static_cast<uint64_t>(next[generation]) + static_cast<uint64_t>(step);
    if (first > UINT32_MAX || first + length > UINT32_MAX)
      return failure(errc::damaged, "impossible number");
    for (uint64_t i = 0; i < length; ++i)
      rows[filled++].*member = {static_cast<uint32_t>(generation), static_cast<uint32_t>(first + i)};
    next[generation] = static_cast<uint32_t>(first + length);
  }
  return {};
}

std::string layout_key(const RecordLayout& layout) {
  std::string key(1, static_cast<char>(layout.form));
  if (layout.form == RecordLayout::Form::stored) {
    put_varint(key, layout.text.generation);
    put_varint(key, layout.text.ordinal);
  } else {
    key += layout.bytes;
  }
  return key;
}

Result<RecordLayout> read_layout(ByteReader& in, std::size_t generations) {
  RecordLayout layout;
  TALARIA_TRY_ASSIGN(auto size, in.varint());
  TALARIA_TRY_ASSIGN(auto bytes, in.bytes(size));
  if (bytes.empty() || static_cast<uint8_t>(bytes[0]) > 2)
    return failure(errc::damaged, "impossible layout");
  layout.form = static_cast<RecordLayout::Form>(bytes[0]);
  bytes.remove_prefix(1);
  if (layout.form != RecordLayout::Form::stored) {
    layout.bytes = bytes;
    return layout;
  }
  ByteReader number(bytes);
  TALARIA_TRY_ASSIGN(auto generation, number.varint());
  TALARIA_TRY_ASSIGN(auto ordinal, number.varint());
  if (generation >= generations || ordinal > UINT32_MAX || !number.at_end())
    return failure(errc::damaged, "impossible layout");
  layout.text = {static_cast<uint32_t>(generation), static_cast<uint32_t>(ordinal)};
  return layout;
}

// The lowest and highest header ordinals of each generation: where to look for a header.
void put_header_ranges(const std::vector<Row>& rows, std::string& out) {
  std::map<uint32_t, std::pair<uint32_t, uint32_t>> ranges;
  for (auto& row : rows) {
    auto [at, fresh] = ranges.try_emplace(row.header.generation, row.header.ordinal, row.header.ordinal);
    if (fresh) continue;
    at->second.first = std::min(at->second.first, row.header.ordinal);
    at->second.second = std::max(at->second.second, row.header.ordinal);
  }
  put_varint(out, ranges.size());
  for (auto& [generation, bounds] : ranges) {
    put_varint(out, generation);
    put_varint(out, bounds.first);
    put_varint(out, bounds.second - bounds.first);
  }
}

} // namespace

std::string pages_name(const Digest& digest) {
  return "pages/" + digest.hex();
}

std::string encode_page(const Page& page) {
  RunColumn headers;
  RunColumn sequences;
  std::string layout_runs;
  for (std::size_t i = 0; i < page.rows.size();) {
    auto end = i;
    while (end < page.rows.size() && page.rows[end].layout == page.rows[i].layout) ++end;
    put_varint(layout_runs, page.rows[i].layout);
    put_varint(layout_runs, end - i);
    i = end;
  }
  for (auto& row : page.rows) {
    headers.add(row.header);
    sequences.add(row.sequence);
  }
  std::string out;
  put_varint(out, page.rows.size());
  put_varint(out, page.layouts.size());
  for (auto& layout : page.layouts) {
    auto key = layout_key(layout);
    put_varint(out, key.size());
    out += key;
  }
  out += layout_runs;
  out += headers.finish();
  out += sequences.finish();
  return out;
}

Result<Page> decode_page(std::string_view payload, std::size_t generations) {
  ByteReader in(payload);
  Page page;
  TALARIA_TRY_ASSIGN(auto count, in.varint());
  TALARIA_TRY_ASSIGN(auto layouts, in.varint());
  if (count > page_records || layouts > count) return failure(errc::damaged, "impossible page");
  for (uint64_t i = 0; i < layouts; ++i) {
    TALARIA_TRY_ASSIGN(auto layout, read_layout(in, generations));
    page.layouts.push_back(std::move(layout));
  }
  page.rows.resize(count);
  for (uint64_t filled = 0; filled < count;) {
    TALARIA_TRY_ASSIGN(auto layout, in.varint());
    TALARIA_TRY_ASSIGN(auto length, in.varint());
    if (layout >= layouts || length == 0 || length > count - filled)
      return failure(errc::damaged, "impossible run of layouts");
    for (uint64_t i = 0; i < length; ++i) page.rows[filled++].layout = static_cast<uint32_t>(layout);
  }
  TALARIA_TRY(read_runs(in, generations, page.rows, &Row::header));
  TALARIA_TRY(read_runs(in, generations, page.rows, &Row::sequence));
  if (!in.at_end()) return failure(errc::damaged, "bytes behind the end of a page");
  return page;
}

PageFileWriter::PageFileWriter(std::unique_ptr<ObjectWriter> out)
    : out_(std::move(out)), codec_(make_codec(CodecId::zstd)) {}

Result<std::unique_ptr<PageFileWriter>> PageFileWriter::create(ObjectStore& store) {
  TALARIA_TRY_ASSIGN(auto out, store.create());
  std::unique_ptr<PageFileWriter> writer(new PageFileWriter(std::move(out)));
  TALARIA_TRY(writer->write(magic));
  return writer;
}

Result<void> PageFileWriter::write(std::string_view bytes) {
  TALARIA_TRY(out_->append(bytes));
  hasher_.update(bytes);
  size_ += bytes.size();
  return {};
}

uint32_t PageFileWriter::generation(const GenerationId& id) {
  auto at = std::find(generations_.begin(), generations_.end(), id);
  if (at == generations_.end()) at = generations_.insert(at, id);
  return static_cast<uint32_t>(at - generations_.begin());
}

uint32_t PageFileWriter::layout_place(RecordLayout&& layout) {
  auto key = layout_key(layout);
  if (!page_.layouts.empty() && key == last_layout_key_) return last_layout_;
  auto [at, fresh] = layout_places_.try_emplace(key, static_cast<uint32_t>(page_.layouts.size()));
  if (fresh) {
    layout_bytes_ += key.size();
    page_.layouts.push_back(std::move(layout));
  }
  last_layout_key_ = std::move(key);
  return last_layout_ = at->second;
}

Result<void> PageFileWriter::add(Number header, Number sequence, RecordLayout layout) {
  if (page_.rows.size() == page_records || layout_bytes_ >= page_layout_bytes) TALARIA_TRY(flush());
  auto place = layout_place(std::move(layout));
  page_.rows.push_back({header, sequence, place});
  return {};
}

Result<void> PageFileWriter::check_page(std::string_view stored, std::size_t size) {
  std::string payload(size, '\0');
  TALARIA_TRY(codec_->decompress(stored, payload.data(), size));
  TALARIA_TRY_ASSIGN(auto page, decode_page(payload, generations_.size()));
  if (page == page_) return {};
  return failure(errc::internal,
                 "an encoded page doesn't give back its records: this is a defect of Talaria, of the "
                 "codec or of the memory");
}

Result<void> PageFileWriter::flush() {
  if (page_.rows.empty()) return {};
  auto payload = encode_page(page_);
  std::string stored;
  TALARIA_TRY(codec_->compress(payload, page_level, stored));
  TALARIA_TRY(check_page(stored, payload.size()));
  put_varint(directory_, stored.size());
  put_varint(directory_, payload.size());
  put_varint(directory_, page_.rows.size());
  store_u64(directory_, crc64(stored));
  put_header_ranges(page_.rows, directory_);
  ++page_count_;
  page_.rows.clear();
  page_.layouts.clear();
  layout_places_.clear();
  last_layout_key_.clear();
  layout_bytes_ = 0;
  return write(stored);
}

Result<PackInfo> PageFileWriter::finish() {
  TALARIA_TRY(flush());
  std::string directory;
  put_varint(directory, preamble_.size());
  directory += preamble_;
  put_varint(directory, generations_.size());
  for (auto& id : generations_) directory += id.view();
  put_varint(directory, page_count_);
  directory += directory_;
  std::string stored;
  TALARIA_TRY(codec_->compress(directory, page_level, stored));
  std::string trailer;
  store_u64(trailer, stored.size());
  store_u64(trailer, directory.size());
  store_u64(trailer, crc64(trailer, crc64(stored)));
  trailer += end_magic;
  TALARIA_TRY(write(stored));
  TALARIA_TRY(write(trailer));
  PackInfo info{hasher_.finish(), size_};
  TALARIA_TRY(out_->commit(pages_name(info.digest)));
  return info;
}

Result<PageFilePtr> PageFile::open(const ObjectStore& store, const Digest& digest, uint64_t size) {
  auto file = std::make_shared<PageFile>();
  file->name_ = pages_name(digest);
  auto damaged = [&](std::string_view what) {
    return failure(errc::damaged, file->name_ + " " + std::string(what));
  };
  if (size < magic.size() + trailer_size) return damaged("is too short to be a page file");
  TALARIA_TRY_ASSIGN(auto head, store.get_range({file->name_, 0, magic.size()}));
  TALARIA_TRY(check_magic(head.view(), magic, file->name_));
  TALARIA_TRY_ASSIGN(auto trailer, store.get_range({file->name_, size - trailer_size, trailer_size}));
  auto stored_size = load_u64(trailer.data());
  auto raw_size = load_u64(trailer.data() + 8);
  if (trailer.view().substr(24) != end_magic || stored_size > size - magic.size() - trailer_size ||
      raw_size > directory_max)
    return damaged("doesn't end like a page file: it is truncated or overwritten");
  auto end = size - trailer_size - stored_size;
  TALARIA_TRY_ASSIGN(auto stored, store.get_range({file->name_, end, stored_size}));
  if (crc64(trailer.view().substr(0, 16), crc64(stored.view())) != load_u64(trailer.data() + 16))
    return damaged("has a directory that fails its checksum");
  std::string directory(raw_size, '\0');
  if (auto done = make_codec(CodecId::zstd)->decompress(stored.view(), directory.data(), raw_size);
      !done)
    return tl::unexpected(done.error().within(file->name_));
  if (auto read = file->read_directory(directory, end); !read)
    return tl::unexpected(read.error().within(file->name_));
  return PageFilePtr(std::move(file));
}

Result<void> PageFile::read_directory(std::string_view directory, uint64_t end) {
  ByteReader in(directory);
  TALARIA_TRY_ASSIGN(auto preamble_size, in.varint());
  TALARIA_TRY_ASSIGN(auto preamble, in.bytes(preamble_size));
  preamble_ = preamble;
  TALARIA_TRY_ASSIGN(auto generation_count, in.varint());
  for (uint64_t i = 0; i < generation_count; ++i) {
    TALARIA_TRY_ASSIGN(auto id, in.bytes(GenerationId::size));
    generations_.push_back(GenerationId::from(id));
  }
  TALARIA_TRY_ASSIGN(auto page_count, in.varint());
  uint64_t offset = magic.size();
  uint64_t first_record = 0;
  for (uint64_t i = 0; i < page_count; ++i) {
    Entry entry;
    entry.offset = offset;
    entry.first_record = first_record;
    TALARIA_TRY_ASSIGN(auto stored, in.varint());
    TALARIA_TRY_ASSIGN(auto raw, in.varint());
    TALARIA_TRY_ASSIGN(auto records, in.varint());
    TALARIA_TRY_ASSIGN(entry.crc, in.u64());
    if (stored > end - offset || stored > UINT32_MAX || raw > page_raw_max || records > page_records)
      return failure(errc::damaged, "impossible page");
    entry.stored = static_cast<uint32_t>(stored);
    entry.raw = static_cast<uint32_t>(raw);
    entry.records = static_cast<uint32_t>(records);
    TALARIA_TRY_ASSIGN(auto range_count, in.varint());
    for (uint64_t j = 0; j < range_count; ++j) {
      TALARIA_TRY_ASSIGN(auto generation, in.varint());
      TALARIA_TRY_ASSIGN(auto lowest, in.varint());
      TALARIA_TRY_ASSIGN(auto span, in.varint());
      if (generation >= generation_count || lowest > UINT32_MAX || span > UINT32_MAX - lowest)
        return failure(errc::damaged, "impossible range of headers");
      entry.headers.push_back({static_cast<uint32_t>(generation), static_cast<uint32_t>(lowest),
                               static_cast<uint32_t>(lowest + span)});
    }
    offset += stored;
    first_record += records;
    pages_.push_back(std::move(entry));
  }
  if (offset != end || !in.at_end()) return failure(errc::damaged, "pages don't fill the file");
  return {};
}

Result<Page> PageFile::read(const ObjectStore& store, std::size_t place) const {
  auto& entry = pages_[place];
  TALARIA_TRY_ASSIGN(auto stored, store.get_range({name_, entry.offset, entry.stored}));
  if (crc64(stored.view()) != entry.crc)
    return failure(errc::damaged, name_ + ": checksum of page " + std::to_string(place) + " differs");
  std::string payload(entry.raw, '\0');
  if (auto done = make_codec(CodecId::zstd)->decompress(stored.view(), payload.data(), payload.size());
      !done)
    return tl::unexpected(done.error().within(name_));
  auto page = decode_page(payload, generations_.size());
  if (!page) return tl::unexpected(page.error().within(name_));
  if (page->rows.size() != entry.records)
    return failure(errc::damaged, name_ + ": a page has lost records");
  return page;
}

} // namespace talaria

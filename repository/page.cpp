#include "repository/page.hpp"

#include "core/crc64.hpp"
#include "core/endian.hpp"
#include "core/try.hpp"
#include "repository/magic.hpp"
#include "repository/page_reference.hpp"

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

// The page without the layouts that none of its records has.
Page with_own_layouts(const Page& page) {
  Page own;
  std::vector<std::optional<uint32_t>> places(page.layouts.size());
  for (auto row : page.rows) {
    auto& place = places[row.layout];
    if (!place) {
      place = static_cast<uint32_t>(own.layouts.size());
      own.layouts.push_back(page.layouts[row.layout]);
    }
    row.layout = *place;
    own.rows.push_back(row);
  }
  return own;
}

// The place of a generation in a table, where it is added if it is missing.
uint32_t place_in(std::vector<GenerationId>& table, const GenerationId& id) {
  auto at = std::find(table.begin(), table.end(), id);
  if (at == table.end()) at = table.insert(at, id);
  return static_cast<uint32_t>(at - table.begin());
}

} // namespace

std::string pages_name(const Digest& digest) {
  return "pages/" + digest.hex();
}

PageFileWriter::PageFileWriter(ObjectStore& store, std::unique_ptr<ObjectWriter> out,
                               std::vector<PageFilePtr> candidates)
    : store_(store),
      out_(std::move(out)),
      codec_(make_codec(CodecId::zstd)),
      candidates_(std::move(candidates)) {}

PageFileWriter::~PageFileWriter() = default;

Result<std::unique_ptr<PageFileWriter>> PageFileWriter::create(ObjectStore& store,
                                                               std::vector<PageFilePtr> candidates) {
  TALARIA_TRY_ASSIGN(auto out, store.create());
  std::unique_ptr<PageFileWriter> writer(
      new PageFileWriter(store, std::move(out), std::move(candidates)));
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
  auto at = std::find(named_.begin(), named_.end(), id);
  if (at == named_.end()) {
    at = named_.insert(at, id);
    if (candidates_.empty()) file_places_.push_back(place_in(generations_, id));
  }
  return static_cast<uint32_t>(at - named_.begin());
}

// Until the reference is chosen, numbers stay as they were named.
Number PageFileWriter::in_file(const Number& number) {
  if (!candidates_.empty()) return number;
  return {file_places_[number.generation], number.ordinal};
}

uint32_t PageFileWriter::layout_place(RecordLayout&& layout) {
  if (layout.form == RecordLayout::Form::stored) layout.text = in_file(layout.text);
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

// A page that comes from one page of a reference may be larger than that.
bool PageFileWriter::buffer_is_full() const {
  bool twice = reference_ || !candidates_.empty();
  return page_.rows.size() >= (twice ? page_records_max : page_records) ||
         layout_bytes_ >= (twice ? 2 * page_layout_bytes : page_layout_bytes);
}

Result<void> PageFileWriter::add(Number header, Number sequence, RecordLayout layout) {
  if (buffer_is_full()) TALARIA_TRY(write_next());
  auto place = layout_place(std::move(layout));
  page_.rows.push_back({in_file(header), in_file(sequence), place});
  return {};
}

// The candidate that has most of the first records. The table of the file begins with that of the
// reference, so that equal numbers are equal rows.
void PageFileWriter::choose_reference() {
  if (candidates_.empty()) return;
  std::size_t best = 0;
  for (auto& candidate : std::exchange(candidates_, {})) {
    auto reference = std::make_unique<PageReference>(candidate);
    auto known = reference->known_headers(page_.rows, named_);
    if (known <= best) continue;
    best = known;
    reference_ = std::move(reference);
  }
  if (reference_) generations_ = reference_->file().generations();
  for (auto& id : named_) file_places_.push_back(place_in(generations_, id));
  for (auto& row : page_.rows) {
    row.header = in_file(row.header);
    row.sequence = in_file(row.sequence);
  }
  for (auto& layout : page_.layouts)
    if (layout.form == RecordLayout::Form::stored) layout.text = in_file(layout.text);
}

// How many records fill a page that is stored whole.
std::size_t PageFileWriter::whole_size() const {
  std::vector<bool> counted(page_.layouts.size());
  std::size_t bytes = 0;
  std::size_t count = 0;
  for (; count < std::min(page_.rows.size(), page_records) && bytes < page_layout_bytes; ++count) {
    auto layout = page_.rows[count].layout;
    if (!counted[layout]) bytes += layout_key(page_.layouts[layout]).size();
    counted[layout] = true;
  }
  return count;
}

// Takes the first records out of the buffer, as a page whose table of layouts begins with `known`.
Page PageFileWriter::take(std::size_t count, std::vector<RecordLayout> known) {
  std::unordered_map<std::string, uint32_t> places;
  Page page{std::move(known), {}};
  for (uint32_t i = 0; i < page.layouts.size(); ++i) places.emplace(layout_key(page.layouts[i]), i);
  auto rest = std::exchange(page_, {});
  layout_places_.clear();
  last_layout_key_.clear();
  layout_bytes_ = 0;
  std::vector<std::optional<uint32_t>> moved(rest.layouts.size());
  for (std::size_t i = 0; i < count; ++i) {
    auto row = rest.rows[i];
    auto& place = moved[row.layout];
    if (!place) {
      auto [at, fresh] = places.try_emplace(layout_key(rest.layouts[row.layout]),
                                            static_cast<uint32_t>(page.layouts.size()));
      if (fresh) page.layouts.push_back(rest.layouts[row.layout]);
      place = at->second;
    }
    row.layout = *place;
    page.rows.push_back(row);
  }
  keep(rest, count);
  return page;
}

// Puts the records behind those that were taken into the buffer again.
void PageFileWriter::keep(const Page& rest, std::size_t taken) {
  std::vector<std::optional<uint32_t>> moved(rest.layouts.size());
  for (auto i = taken; i < rest.rows.size(); ++i) {
    auto row = rest.rows[i];
    auto& place = moved[row.layout];
    if (!place) {
      auto key = layout_key(rest.layouts[row.layout]);
      place = static_cast<uint32_t>(page_.layouts.size());
      layout_bytes_ += key.size();
      layout_places_.emplace(std::move(key), *place);
      page_.layouts.push_back(rest.layouts[row.layout]);
    }
    row.layout = *place;
    page_.rows.push_back(row);
  }
}

// Compresses a payload, and compares what it gives back with the page.
Result<std::string> PageFileWriter::pack(const Page& page, std::string_view payload,
                                         const Page* source) {
  std::string stored;
  TALARIA_TRY(codec_->compress(payload, page_level, stored));
  std::string unpacked(payload.size(), '\0');
  TALARIA_TRY(codec_->decompress(stored, unpacked.data(), unpacked.size()));
  auto again = source ? decode_delta(unpacked, *source, generations_.size())
                      : decode_page(unpacked, generations_.size());
  if (!again) return tl::unexpected(again.error());
  if (*again == page) return stored;
  return failure(errc::internal,
                 "an encoded page doesn't give back its records: this is a defect of Talaria, of the "
                 "codec or of the memory");
}

Result<void> PageFileWriter::put_page(const Page& page, std::string_view stored, std::size_t raw,
                                      std::optional<uint32_t> source) {
  put_varint(directory_, stored.size());
  put_varint(directory_, raw);
  put_varint(directory_, page.rows.size());
  put_varint(directory_, source ? uint64_t{*source} + 1 : 0);
  store_u64(directory_, crc64(stored));
  put_header_ranges(page.rows, directory_);
  ++page_count_;
  return write(stored);
}

// Writes the first records of the buffer as a difference, if they belong to a page of the reference;
// whole, if that is no larger.
Result<bool> PageFileWriter::write_delta() {
  auto cut = reference_ ? reference_->cut(store_, page_.rows) : std::nullopt;
  if (!cut) return false;
  auto page = take(cut->rows, cut->page->layouts);
  auto payload = encode_delta(page, *cut->page);
  auto whole = with_own_layouts(page);
  if (auto alone = encode_page(whole); alone.size() <= payload.size()) {
    TALARIA_TRY_ASSIGN(auto stored, pack(whole, alone, nullptr));
    TALARIA_TRY(put_page(whole, stored, alone.size(), std::nullopt));
    return true;
  }
  TALARIA_TRY_ASSIGN(auto stored, pack(page, payload, cut->page.get()));
  used_reference_ = reference_->file().info();
  TALARIA_TRY(put_page(page, stored, payload.size(), cut->place));
  return true;
}

Result<void> PageFileWriter::write_whole() {
  auto page = take(whole_size(), {});
  auto payload = encode_page(page);
  TALARIA_TRY_ASSIGN(auto stored, pack(page, payload, nullptr));
  return put_page(page, stored, payload.size(), std::nullopt);
}

Result<void> PageFileWriter::write_next() {
  choose_reference();
  TALARIA_TRY_ASSIGN(bool written, write_delta());
  return written ? Result<void>{} : write_whole();
}

Result<PackInfo> PageFileWriter::finish() {
  while (!page_.rows.empty()) TALARIA_TRY(write_next());
  choose_reference();
  std::string directory;
  put_varint(directory, preamble_.size());
  directory += preamble_;
  put_varint(directory, generations_.size());
  for (auto& id : generations_) directory += id.view();
  put_varint(directory, used_reference_ ? reference_->file().depth() + 1 : 0);
  if (used_reference_) {
    directory += used_reference_->digest.view();
    put_varint(directory, used_reference_->size);
  }
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
  file->info_ = {digest, size};
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
  TALARIA_TRY(read_reference(in));
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
    TALARIA_TRY_ASSIGN(auto source, in.varint());
    TALARIA_TRY_ASSIGN(entry.crc, in.u64());
    if (stored > end - offset || stored > UINT32_MAX || raw > page_raw_max ||
        records > page_records_max || source > (reference_info_ ? UINT32_MAX : 0))
      return failure(errc::damaged, "impossible page");
    entry.stored = static_cast<uint32_t>(stored);
    entry.raw = static_cast<uint32_t>(raw);
    entry.records = static_cast<uint32_t>(records);
    if (source > 0) entry.source = static_cast<uint32_t>(source - 1);
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

Result<void> PageFile::read_reference(ByteReader& in) {
  TALARIA_TRY_ASSIGN(auto depth, in.varint());
  if (depth > page_chain_max) return failure(errc::damaged, "impossible chain of references");
  depth_ = static_cast<uint32_t>(depth);
  if (depth == 0) return {};
  reference_info_.emplace();
  TALARIA_TRY_ASSIGN(auto digest, in.bytes(Digest::size));
  std::copy(digest.begin(), digest.end(), reinterpret_cast<char*>(reference_info_->digest.bytes.data()));
  TALARIA_TRY_ASSIGN(reference_info_->size, in.varint());
  return {};
}

Result<PageFilePtr> PageFile::reference(const ObjectStore& store) const {
  std::lock_guard lock(mutex_);
  if (reference_) return reference_;
  if (!reference_info_) return failure(errc::damaged, name_ + " has no reference");
  auto file = open(store, reference_info_->digest, reference_info_->size);
  if (!file && file.error().code() == errc::not_found)
    return failure(errc::damaged,
                   pages_name(reference_info_->digest) + " is missing: restore it from a backup");
  if (!file) return file;
  auto& known = (*file)->generations();
  // The depth falls along a chain, so none is endless.
  if ((*file)->depth() + 1 != depth_ || known.size() > generations_.size() ||
      !std::equal(known.begin(), known.end(), generations_.begin()))
    return failure(errc::damaged, name_ + " doesn't fit its reference");
  reference_ = *std::move(file);
  return reference_;
}

Result<std::string> PageFile::read_payload(const ObjectStore& store, std::size_t place) const {
  auto& entry = pages_[place];
  TALARIA_TRY_ASSIGN(auto stored, store.get_range({name_, entry.offset, entry.stored}));
  if (crc64(stored.view()) != entry.crc)
    return failure(errc::damaged, name_ + ": checksum of page " + std::to_string(place) + " differs");
  std::string payload(entry.raw, '\0');
  if (auto done = make_codec(CodecId::zstd)->decompress(stored.view(), payload.data(), payload.size());
      !done)
    return tl::unexpected(done.error().within(name_));
  return payload;
}

Result<PageFile::Source> PageFile::source_of(const ObjectStore& store, std::size_t place) const {
  auto& source = pages_[place].source;
  if (!source) return Source{};
  TALARIA_TRY_ASSIGN(auto file, reference(store));
  if (*source >= file->pages().size())
    return failure(errc::damaged, name_ + ": a page comes from none of the reference");
  return Source{std::move(file), *source};
}

Result<Page> PageFile::read_delta(const ObjectStore& store, std::size_t place,
                                  std::string_view payload) const {
  TALARIA_TRY_ASSIGN(auto source, source_of(store, place));
  TALARIA_TRY_ASSIGN(auto page, source.file->read(store, source.place));
  auto delta = decode_delta(payload, page, generations_.size());
  if (!delta) return tl::unexpected(delta.error().within(name_));
  return delta;
}

Result<RunPagePtr> PageFile::read_runs(const ObjectStore& store, std::size_t place,
                                       RunPagePtr source) const {
  TALARIA_TRY_ASSIGN(auto payload, read_payload(store, place));
  auto page = RunPage::decode(payload, generations_.size(), std::move(source));
  if (!page) return tl::unexpected(page.error().within(name_));
  if ((*page)->rows() != pages_[place].records)
    return failure(errc::damaged, name_ + ": a page has lost records");
  return page;
}

Result<Page> PageFile::read(const ObjectStore& store, std::size_t place) const {
  auto& entry = pages_[place];
  TALARIA_TRY_ASSIGN(auto payload, read_payload(store, place));
  auto page =
      entry.source ? read_delta(store, place, payload) : decode_page(payload, generations_.size());
  if (!page) return entry.source ? page : tl::unexpected(page.error().within(name_));
  if (page->rows.size() != entry.records)
    return failure(errc::damaged, name_ + ": a page has lost records");
  return page;
}

} // namespace talaria

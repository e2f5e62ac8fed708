#include "sequence/release_builder.hpp"

#include "core/try.hpp"
#include "repository/read_back.hpp"
#include "sequence/header.hpp"
#include "sequence/layout.hpp"
#include "sequence/record.hpp"
#include "sequence/span.hpp"

namespace talaria {

namespace {

// A header line longer than this is no header line: reading it any further would only fill memory.
constexpr std::size_t longest_header = std::size_t{64} << 20;

// Records ahead whose memory is asked for: another thread has written them, and what is known of their
// digests lies anywhere.
constexpr std::size_t records_ahead = 12;

void prefetch(const PreparedRecord& record, const Interner& interner) {
  for (std::size_t at = 0; at < record.header.size() && at < 256; at += 64)
    __builtin_prefetch(record.header.data() + at);
  interner.prefetch(Kind::sequence, Key128::of(record.digest));
}

} // namespace

struct ReleaseBuilder::LongRecord {
  explicit LongRecord(Interner& interner)
      : sequence(interner, Kind::sequence), layout(interner, Kind::text) {}

  uint64_t offset = 0;
  std::string header_line; // with '>' and line end, as far as it has come
  bool in_body = false;
  bool crlf = false;         // the header line ends with CRLF
  std::string_view line_end; // of the header line
  Number header;
  ValueBuilder sequence;
  std::string spans;   // the first spans, while they are few
  ValueBuilder layout; // all of them, once they are many
  std::string residues;
};

ReleaseBuilder::ReleaseBuilder(std::unique_ptr<PageFileWriter> pages, std::unique_ptr<Interner> interner,
                               std::vector<GenerationId> generations)
    : pages_(std::move(pages)),
      interner_(std::move(interner)),
      generations_(std::move(generations)),
      file_places_(generations_.size()) {}

ReleaseBuilder::~ReleaseBuilder() = default;

Number ReleaseBuilder::in_file(const Number& number) {
  auto& place = file_places_[number.generation];
  if (!place) place = pages_->generation(generations_[number.generation]);
  return {*place, number.ordinal};
}

Result<void> ReleaseBuilder::add_row(const Number& header, const Number& sequence, RecordLayout layout) {
  ++counts_.records;
  return pages_->add(in_file(header), in_file(sequence), std::move(layout));
}

Result<void> ReleaseBuilder::add(const PreparedPiece& piece) {
  for (std::size_t i = 0; i < piece.records.size(); ++i) {
    auto& record = piece.records[i];
    if (i + records_ahead < piece.records.size()) prefetch(piece.records[i + records_ahead], *interner_);
    TALARIA_TRY_ASSIGN(auto header, interner_->intern_header(record.header, record.accession_key));
    auto residues = std::string_view(piece.residues).substr(record.residues_at, record.residues);
    TALARIA_TRY_ASSIGN(auto sequence, interner_->intern_value(Kind::sequence, record.digest, residues));
    counts_.residues += record.residues;
    TALARIA_TRY(
        add_row(header, sequence, {RecordLayout::Form::plain, piece.layouts[record.layout], {}}));
  }
  return {};
}

Result<void> ReleaseBuilder::add_long(const RawPiece& piece) {
  if (piece.kind == RawPiece::Kind::long_begin) {
    long_ = std::make_unique<LongRecord>(*interner_);
    long_->offset = piece.offset;
  }
  auto& record = *long_;
  auto bytes = piece.bytes.view();
  if (!record.in_body) {
    auto end = bytes.find('\n');
    auto taken = end == std::string_view::npos ? bytes.size() : end + 1;
    record.header_line += bytes.substr(0, taken);
    bytes.remove_prefix(taken);
    if (record.header_line.size() > longest_header)
      return failure(errc::unsupported_input, "the header line at byte " +
                                                  std::to_string(record.offset) +
                                                  " is longer than 64 MiB: this is no FASTA file");
    if (end != std::string_view::npos || piece.kind == RawPiece::Kind::long_end)
      TALARIA_TRY(begin_body(record));
  }
  if (!bytes.empty()) {
    auto added = add_body(record, bytes);
    if (!added)
      return tl::unexpected(added.error().within("record at byte " + std::to_string(record.offset)));
  }
  return piece.kind == RawPiece::Kind::long_end ? end_long() : Result<void>{};
}

// The line end of the header goes into a span without residues. The layouts of all other spans begin
// with the same line end, since every layout does; rendering leaves it out.
Result<void> ReleaseBuilder::begin_body(LongRecord& record) {
  auto raw = split_record(record.header_line);
  TALARIA_TRY_ASSIGN(record.header, interner_->intern_header(
                                        raw.header, accession_key(unversioned(accession(raw.header)))));
  uint32_t no_hint = 0;
  TALARIA_TRY_ASSIGN(auto line_end,
                     read_body("", raw.header_ended, raw.header_crlf, no_hint, record.residues));
  record.crlf = raw.header_crlf;
  record.line_end = raw.line_end();
  TALARIA_TRY(add_span(record, line_end, ""));
  record.header_line.clear();
  record.in_body = true;
  return {};
}

Result<void> ReleaseBuilder::add_span(LongRecord& record, const ReadBody& read, std::string_view body) {
  if (!gives_back(read.layout, record.residues, record.line_end, body, rendered_))
    return failure(errc::internal, "what would be stored of the record at byte " +
                                       std::to_string(record.offset) +
                                       " doesn't give it back, so nothing was: this is a defect of "
                                       "Talaria");
  put_span(record.spans, read.residues, read.layout);
  return {};
}

Result<void> ReleaseBuilder::add_body(LongRecord& record, std::string_view body) {
  record.residues.clear();
  TALARIA_TRY_ASSIGN(auto read, read_body(body, true, record.crlf, width_hint_, record.residues));
  TALARIA_TRY(add_span(record, read, body));
  TALARIA_TRY(record.sequence.append(record.residues));
  if (record.spans.size() <= page_layout_bytes && record.layout.size() == 0) return {};
  TALARIA_TRY(record.layout.append(record.spans));
  record.spans.clear();
  return {};
}

Result<void> ReleaseBuilder::end_long() {
  auto& record = *long_;
  counts_.residues += record.sequence.size();
  TALARIA_TRY_ASSIGN(auto sequence, record.sequence.finish());
  RecordLayout layout{RecordLayout::Form::spans, std::move(record.spans), {}};
  if (record.layout.size() > 0) {
    layout.form = RecordLayout::Form::stored;
    TALARIA_TRY_ASSIGN(auto text, record.layout.finish());
    layout.text = in_file(text);
    layout.bytes.clear();
  }
  TALARIA_TRY(add_row(record.header, sequence, std::move(layout)));
  long_.reset();
  return {};
}

Result<PackInfo> ReleaseBuilder::finish(const ObjectStore& store) {
  TALARIA_TRY_ASSIGN(auto pages, pages_->finish());
  TALARIA_TRY(read_back_pages(store, pages, *pages_, counts_.records));
  return pages;
}

} // namespace talaria

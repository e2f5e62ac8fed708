#include "sequence/render.hpp"

#include "core/try.hpp"
#include "sequence/layout.hpp"
#include "sequence/span.hpp"
#include "sequence/splitter.hpp"

#include <optional>
#include <unordered_map>

namespace talaria {

namespace {

// What a layout may make of one piece of input at most.
constexpr std::size_t text_limit = 2 * FastaSplitter::piece_size;

} // namespace

Result<std::shared_ptr<const OpenPage>> open_page(const ObjectStore& store, const PageFile& file,
                                                  std::size_t place, const DigestIndex& index) {
  std::vector<uint32_t> generations;
  for (auto& id : file.generations()) {
    auto known = index.generation(id);
    if (!known)
      return failure(errc::damaged, "a release names a generation that the snapshot doesn't list");
    generations.push_back(*known);
  }
  auto open = std::make_shared<OpenPage>();
  TALARIA_TRY_ASSIGN(open->page, file.read(store, place));
  open->first_record = file.pages()[place].first_record;
  for (auto& row : open->page.rows) {
    row.header.generation = generations[row.header.generation];
    row.sequence.generation = generations[row.sequence.generation];
  }
  for (auto& layout : open->page.layouts)
    if (layout.form == RecordLayout::Form::stored)
      layout.text.generation = generations[layout.text.generation];
  return std::shared_ptr<const OpenPage>(std::move(open));
}

Result<RenderJob> plan_render(const DigestIndex& index, std::shared_ptr<const OpenPage> page,
                              std::size_t first, std::size_t most, std::size_t budget) {
  RenderJob job;
  job.page = std::move(page);
  job.first = first;
  auto& rows = job.page->page.rows;
  auto end = std::min(rows.size(), first + most);
  job.blocks.reserve(end - first);
  std::unordered_map<uint64_t, uint32_t> known;
  known.reserve(2 * (end - first));
  std::size_t bytes = 0;
  auto block_of = [&](Kind kind, const Number& number) -> Result<uint32_t> {
    TALARIA_TRY_ASSIGN(auto place, index.locate(kind, number));
    auto [at, fresh] = known.try_emplace(place.key(), static_cast<uint32_t>(job.places.size()));
    if (fresh) {
      job.places.push_back(place);
      bytes += place.info.raw;
    }
    return at->second;
  };
  for (auto i = first; i < end && (i == first || bytes < budget); ++i) {
    TALARIA_TRY_ASSIGN(auto header, block_of(Kind::header, rows[i].header));
    TALARIA_TRY_ASSIGN(auto sequence, block_of(Kind::sequence, rows[i].sequence));
    job.blocks.emplace_back(header, sequence);
  }
  job.count = job.blocks.size();
  return job;
}

Result<Rendered> render(const RenderJob& job, const std::vector<BlockPtr>& blocks) {
  Rendered out;
  auto& page = job.page->page;
  out.bytes.reserve(job.count * 600);
  for (std::size_t i = 0; i < job.count; ++i) {
    auto& row = page.rows[job.first + i];
    auto& layout = page.layouts[row.layout];
    bool long_header = false;
    bool long_sequence = false;
    TALARIA_TRY_ASSIGN(auto header,
                       content_of(blocks[job.blocks[i].first], Kind::header, row.header, long_header));
    TALARIA_TRY_ASSIGN(auto residues, content_of(blocks[job.blocks[i].second], Kind::sequence,
                                                 row.sequence, long_sequence));
    if (long_header || long_sequence || layout.form != RecordLayout::Form::plain) {
      out.gaps.push_back({out.bytes.size(), job.first + i});
      continue;
    }
    out.bytes += '>';
    out.bytes += header;
    TALARIA_TRY(write_body(layout.bytes, residues, text_limit, out.bytes));
  }
  return out;
}

namespace {

// Hands out the residues of a long record by counts.
class ResidueStream {
public:
  explicit ResidueStream(ValueReader& reader) : reader_(reader) {}

  Result<std::string_view> take(uint64_t count) {
    pending_.erase(0, used_);
    used_ = 0;
    while (pending_.size() < count) {
      TALARIA_TRY_ASSIGN(auto more, reader_.next());
      if (more.empty())
        return failure(errc::damaged, "a layout asks for more residues than the record has");
      pending_ += more;
    }
    used_ = count;
    return std::string_view(pending_).substr(0, count);
  }

  Result<void> expect_end() {
    if (used_ != pending_.size()) return failure(errc::damaged, "a layout leaves residues over");
    TALARIA_TRY_ASSIGN(auto more, reader_.next());
    if (!more.empty()) return failure(errc::damaged, "a layout leaves residues over");
    return {};
  }

private:
  ValueReader& reader_;
  std::string pending_;
  std::size_t used_ = 0;
};

} // namespace

Result<void> render_long(const DigestIndex& index, BlockSource& source, const OpenPage& page,
                         std::size_t row_place, const ByteSink& sink) {
  auto& row = page.page.rows[row_place];
  auto& layout = page.page.layouts[row.layout];
  TALARIA_TRY(sink(">"));
  ValueReader header(index, source);
  TALARIA_TRY(header.open(Kind::header, row.header));
  while (true) {
    TALARIA_TRY_ASSIGN(auto piece, header.next());
    if (piece.empty()) break;
    TALARIA_TRY(sink(piece));
  }
  ValueReader sequence(index, source);
  TALARIA_TRY(sequence.open(Kind::sequence, row.sequence));
  ResidueStream residues(sequence);
  std::string text;
  // The first span is the line end of the header, with which the layouts of the others begin too.
  std::optional<std::size_t> line_end;
  auto write = [&](uint64_t count, std::string_view encoded) -> Result<void> {
    TALARIA_TRY_ASSIGN(auto part, residues.take(count));
    text.clear();
    TALARIA_TRY(write_body(encoded, part, text_limit, text));
    auto left_out = line_end.value_or(0);
    if (text.size() < left_out)
      return failure(errc::damaged, "a span of a layout begins without a line end");
    if (!line_end) line_end = text.size();
    return sink(std::string_view(text).substr(left_out));
  };
  if (layout.form == RecordLayout::Form::plain) {
    TALARIA_TRY(write(sequence.size(), layout.bytes));
    return residues.expect_end();
  }
  SpanReader spans;
  SpanReader::Span span;
  auto write_spans = [&]() -> Result<void> {
    while (true) {
      TALARIA_TRY_ASSIGN(bool more, spans.next(span));
      if (!more) return {};
      TALARIA_TRY(write(span.residues, span.layout));
    }
  };
  if (layout.form == RecordLayout::Form::spans) {
    spans.feed(layout.bytes);
    TALARIA_TRY(write_spans());
  } else {
    ValueReader stored(index, source);
    TALARIA_TRY(stored.open(Kind::text, layout.text));
    while (true) {
      TALARIA_TRY_ASSIGN(auto piece, stored.next());
      if (piece.empty()) break;
      spans.feed(piece);
      TALARIA_TRY(write_spans());
    }
  }
  if (!spans.empty()) return failure(errc::damaged, "the layout of a record ends early");
  return residues.expect_end();
}

} // namespace talaria

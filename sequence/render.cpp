#include "sequence/render.hpp"

#include "core/try.hpp"
#include "sequence/layout.hpp"
#include "sequence/span.hpp"
#include "sequence/splitter.hpp"

#include <algorithm>
#include <numeric>
#include <optional>
#include <span>

namespace talaria {

namespace {

// What a layout may make of one piece of input at most.
constexpr std::size_t text_limit = 2 * FastaSplitter::piece_size;

// The longest value of a difference that is gathered. A longer one may be a thousand times as long as
// its difference, by which windows are planned, so its record is rendered by itself.
constexpr std::size_t gathered_value_max = std::size_t{4} << 10;

// What windows are planned with for the value of a difference, in bytes.
constexpr std::size_t usual_value = std::size_t{1} << 10;

} // namespace

WindowPlanner::WindowPlanner(DigestIndexPtr index, std::size_t jobs, std::size_t budget)
    : index_(std::move(index)), jobs_(jobs), budget_(budget) {
  window_.jobs.resize(jobs);
}

Result<void> WindowPlanner::want(Kind kind, const Number& number, std::size_t slot) {
  TALARIA_TRY_ASSIGN(auto at, index_->block_at(kind, number));
  // Headers lie in the order of the file, so most are in the block of the one before.
  auto& [last, known] = last_[index_of(kind)];
  if (!known || last != at) {
    auto [found, fresh] = known_.try_emplace(uint64_t{at.segment} << 32 | at.block);
    if (fresh) {
      TALARIA_TRY_ASSIGN(auto place, index_->place(at));
      place.chunk = number;
      auto job = static_cast<uint32_t>((place.key() * 0x9E3779B97F4A7C15u >> 32) % jobs_);
      auto& blocks = window_.jobs[job].blocks;
      found->second = {job, static_cast<uint32_t>(blocks.size()),
                       place.info.raw / std::max(place.info.count, 1u) + sizeof(ChunkContent) +
                           (place.info.differences ? usual_value : 0)};
      blocks.push_back(place);
    }
    last = at;
    known = &found->second;
  }
  window_.jobs[known->job].wanted.push_back({known->block, number, static_cast<uint32_t>(slot)});
  bytes_ += known->chunk;
  return {};
}

Result<std::size_t> WindowPlanner::add(const std::shared_ptr<const OpenPage>& page, std::size_t first) {
  auto& rows = page->page.rows;
  auto row = first;
  for (; row < rows.size() && (row == first || !full()); ++row) {
    auto slot = 2 * (window_.count + row - first);
    TALARIA_TRY(want(Kind::header, rows[row].header, slot));
    TALARIA_TRY(want(Kind::sequence, rows[row].sequence, slot + 1));
  }
  window_.rows.push_back({page, first, row - first});
  window_.count += row - first;
  return row - first;
}

Window WindowPlanner::take() {
  auto window = std::exchange(window_, {});
  for (auto& job : window.jobs) job.index = index_;
  window_.jobs.resize(jobs_);
  bytes_ = 0;
  known_.clear();
  last_ = {};
  return window;
}

namespace {

// Takes copies of byte strings in slabs, so that few allocations hold many.
class SlabWriter {
public:
  explicit SlabWriter(std::vector<std::unique_ptr<char[]>>& slabs) : slabs_(slabs) {}

  std::string_view keep(std::string_view bytes) {
    if (bytes.size() > left_) {
      left_ = std::max(slab_size, bytes.size());
      slabs_.push_back(std::make_unique_for_overwrite<char[]>(left_));
      next_ = slabs_.back().get();
    }
    std::copy(bytes.begin(), bytes.end(), next_);
    std::string_view kept(next_, bytes.size());
    next_ += bytes.size();
    left_ -= bytes.size();
    return kept;
  }

private:
  static constexpr std::size_t slab_size = std::size_t{1} << 20;
  std::vector<std::unique_ptr<char[]>>& slabs_;
  char* next_ = nullptr;
  std::size_t left_ = 0;
};

// The places of wanted chunks in their block. Most blocks are in no processor's cache, so all chunks go
// through each step together.
Result<void> find_all(const Block& block, const GatherJob& job, std::span<const uint32_t> wanted,
                      std::vector<std::size_t>& places) {
  places.clear();
  for (auto i : wanted) block.prefetch_find(job.wanted[i].number.ordinal);
  for (auto i : wanted) block.prefetch_entry(job.wanted[i].number.ordinal);
  for (auto i : wanted) {
    auto kind = job.blocks[job.wanted[i].block].info.kind;
    TALARIA_TRY_ASSIGN(auto place, place_in_block(block, kind, job.wanted[i].number));
    block.prefetch_content(place);
    places.push_back(place);
  }
  return {};
}

// The value of a difference, or nothing if it is a long one.
Result<std::optional<std::string>> short_value(DifferenceReader& differences, Kind kind,
                                               const Number& number, std::string_view content) {
  TALARIA_TRY_ASSIGN(auto difference, decode_difference_chunk(content));
  if (difference.length > gathered_value_max) return std::nullopt;
  TALARIA_TRY_ASSIGN(auto chunk, differences.decode(kind, number, content));
  return *chunk.value;
}

} // namespace

Result<Gathered> gather(const GatherJob& job, EachBlockSource& source) {
  // By block; within a block in the order of the window.
  std::vector<uint32_t> start(job.blocks.size() + 1, 0);
  for (auto& chunk : job.wanted) ++start[chunk.block + 1];
  std::partial_sum(start.begin(), start.end(), start.begin());
  std::vector<uint32_t> order(job.wanted.size());
  auto next = start;
  for (uint32_t i = 0; i < job.wanted.size(); ++i) order[next[job.wanted[i].block]++] = i;

  Gathered gathered;
  gathered.contents.resize(job.wanted.size());
  SlabWriter slabs(gathered.slabs);
  DecodedChunks decoded(0); // one at most: the blocks of references are kept
  DifferenceReader differences(*job.index, source, decoded);
  std::vector<std::size_t> places;
  for (std::size_t b = 0; b < job.blocks.size(); ++b) {
    TALARIA_TRY_ASSIGN(auto block, source.read(job.blocks[b]));
    auto wanted = std::span(order).subspan(start[b], start[b + 1] - start[b]);
    TALARIA_TRY(find_all(*block, job, wanted, places));
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      auto content = block->content(places[i]);
      auto whole = block->form(places[i]) == ChunkForm::whole;
      std::optional<std::string> value;
      if (block->form(places[i]) == ChunkForm::difference) {
        TALARIA_TRY_ASSIGN(
            value, short_value(differences, block->kind(), job.wanted[wanted[i]].number, content));
      }
      gathered.contents[wanted[i]] = {slabs.keep(value ? *value : content), whole || value};
    }
  }
  return gathered;
}

void WindowContents::add(const GatherJob& job, std::shared_ptr<const Gathered> contents) {
  for (std::size_t i = 0; i < job.wanted.size(); ++i) table[job.wanted[i].slot] = contents->contents[i];
  gathered.push_back(std::move(contents));
}

Result<Rendered> render(const RenderJob& job) {
  Rendered out;
  auto& page = job.rows.page->page;
  std::size_t residues = 0;
  for (std::size_t i = 0; i < job.rows.count; ++i) {
    auto* record = &job.contents->table[2 * (job.first + i)];
    residues += record[0].bytes.size() + record[1].bytes.size() + 2;
  }
  out.bytes.reserve(residues + residues / 32);
  for (std::size_t i = 0; i < job.rows.count; ++i) {
    auto row = job.rows.first + i;
    auto& layout = page.layouts[page.rows[row].layout];
    auto* record = &job.contents->table[2 * (job.first + i)];
    if (!record[0].whole || !record[1].whole || layout.form != RecordLayout::Form::plain) {
      out.gaps.push_back({out.bytes.size(), row});
      continue;
    }
    out.bytes += '>';
    out.bytes += record[0].bytes;
    TALARIA_TRY(write_body(layout.bytes, record[1].bytes, text_limit, out.bytes));
  }
  return out;
}

namespace {

// Hands out the residues of a long record by counts.
class ResidueStream {
public:
  explicit ResidueStream(ValueReader& reader) : reader_(&reader) {}
  explicit ResidueStream(std::string_view all) : left_(all) {}

  Result<std::string_view> take(uint64_t count) {
    if (reader_ == nullptr) {
      if (left_.size() < count) return asks_for_more();
      auto taken = left_.substr(0, count);
      left_.remove_prefix(count);
      return taken;
    }
    pending_.erase(0, used_);
    used_ = 0;
    while (pending_.size() < count) {
      TALARIA_TRY_ASSIGN(auto more, reader_->next());
      if (more.empty()) return asks_for_more();
      pending_ += more;
    }
    used_ = count;
    return std::string_view(pending_).substr(0, count);
  }

  Result<void> expect_end() {
    if (used_ != pending_.size() || !left_.empty())
      return failure(errc::damaged, "a layout leaves residues over");
    if (reader_ == nullptr) return {};
    TALARIA_TRY_ASSIGN(auto more, reader_->next());
    if (!more.empty()) return failure(errc::damaged, "a layout leaves residues over");
    return {};
  }

private:
  static tl::unexpected<Error> asks_for_more() {
    return failure(errc::damaged, "a layout asks for more residues than the record has");
  }

  ValueReader* reader_ = nullptr; // or all of them:
  std::string_view left_;
  std::string pending_;
  std::size_t used_ = 0;
};

} // namespace

Result<void> render_long(const DigestIndex& index, BlockSource& source, const OpenPage& page,
                         std::size_t row_place, const ByteSink& sink, DecodedChunks* decoded) {
  auto& row = page.page.rows[row_place];
  return render_record(index, source, {row.header, row.sequence, page.page.layouts[row.layout]}, sink,
                       decoded);
}

Result<void> render_record(const DigestIndex& index, BlockSource& source, const RecordParts& record,
                           const ByteSink& sink, DecodedChunks* decoded,
                           std::optional<std::string_view> known) {
  auto& layout = record.layout;
  TALARIA_TRY(sink(">"));
  ValueReader header(index, source);
  TALARIA_TRY(header.open(Kind::header, record.header));
  while (true) {
    TALARIA_TRY_ASSIGN(auto piece, header.next());
    if (piece.empty()) break;
    TALARIA_TRY(sink(piece));
  }
  ValueReader sequence(index, source, decoded);
  if (!known) TALARIA_TRY(sequence.open(Kind::sequence, record.sequence));
  auto residues = known ? ResidueStream(*known) : ResidueStream(sequence);
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
    TALARIA_TRY(write(known ? known->size() : sequence.size(), layout.bytes));
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

#include "repository/page_parts.hpp"

#include "core/endian.hpp"
#include "core/try.hpp"

#include <algorithm>
#include <utility>

namespace talaria {

namespace {

// The runs of `rows` numbers.
Result<std::vector<NumberRun>> read_numbers(ByteReader& in, std::size_t generations, uint32_t rows) {
  std::vector<uint32_t> next(generations, 0);
  std::vector<NumberRun> runs;
  for (uint32_t filled = 0; filled < rows;) {
    TALARIA_TRY_ASSIGN(auto generation, in.varint());
    TALARIA_TRY_ASSIGN(auto step, in.zigzag());
    TALARIA_TRY_ASSIGN(auto length, in.varint());
    if (generation >= generations || length == 0 || length > rows - filled)
      return failure(errc::damaged, "impossible run of numbers");
    auto first = static_cast<uint64_t>(next[generation]) + static_cast<uint64_t>(step);
    if (first > UINT32_MAX || first + length > UINT32_MAX)
      return failure(errc::damaged, "impossible number");
    runs.push_back({filled,
                    static_cast<uint32_t>(length),
                    {static_cast<uint32_t>(generation), static_cast<uint32_t>(first)}});
    next[generation] = static_cast<uint32_t>(first + length);
    filled += static_cast<uint32_t>(length);
  }
  return runs;
}

Result<std::vector<LayoutRun>> read_layout_runs(ByteReader& in, std::size_t layouts, uint32_t rows) {
  std::vector<LayoutRun> runs;
  for (uint32_t filled = 0; filled < rows;) {
    TALARIA_TRY_ASSIGN(auto layout, in.varint());
    TALARIA_TRY_ASSIGN(auto length, in.varint());
    if (layout >= layouts || length == 0 || length > rows - filled)
      return failure(errc::damaged, "impossible run of layouts");
    runs.push_back({filled, static_cast<uint32_t>(length), static_cast<uint32_t>(layout)});
    filled += static_cast<uint32_t>(length);
  }
  return runs;
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

// The counts of records and layouts, and the layouts.
Result<void> read_head(ByteReader& in, std::size_t generations, PageParts& parts) {
  TALARIA_TRY_ASSIGN(auto count, in.varint());
  TALARIA_TRY_ASSIGN(auto layouts, in.varint());
  if (count > page_records_max || layouts > count) return failure(errc::damaged, "impossible page");
  parts.rows = static_cast<uint32_t>(count);
  for (uint64_t i = 0; i < layouts; ++i) {
    TALARIA_TRY_ASSIGN(auto layout, read_layout(in, generations));
    parts.layouts.push_back(std::move(layout));
  }
  return {};
}

// How many rows have a header, a sequence, a layout of their own.
struct OwnCounts {
  uint32_t headers = 0;
  uint32_t sequences = 0;
  uint32_t layouts = 0;

  // Gives a run its places in the columns.
  void place(RowRun& run) {
    run.header = headers;
    run.sequence = sequences;
    run.layout = layouts;
    if ((run.own & own_header) != 0) headers += run.count;
    if ((run.own & own_sequence) != 0) sequences += run.count;
    if ((run.own & own_layout) != 0) layouts += run.count;
  }
};

Result<void> read_columns(ByteReader& in, std::size_t generations, const OwnCounts& own,
                          PageParts& parts) {
  TALARIA_TRY_ASSIGN(parts.layout_runs,
                     read_layout_runs(in, parts.known_layouts + parts.layouts.size(), own.layouts));
  TALARIA_TRY_ASSIGN(parts.headers, read_numbers(in, generations, own.headers));
  TALARIA_TRY_ASSIGN(parts.sequences, read_numbers(in, generations, own.sequences));
  if (!in.at_end()) return failure(errc::damaged, "bytes behind the end of a page");
  return {};
}

// The kinds and lengths of the runs of a difference; where they take from is read by read_sources().
Result<void> read_runs(ByteReader& in, PageParts& parts) {
  TALARIA_TRY_ASSIGN(auto count, in.varint());
  TALARIA_TRY_ASSIGN(auto kinds, in.bytes(count));
  if (count > parts.rows) return failure(errc::damaged, "impossible number of runs");
  uint32_t total = 0;
  for (auto kind : kinds) {
    TALARIA_TRY_ASSIGN(auto length, in.varint());
    if (length == 0 || length > parts.rows - total) return failure(errc::damaged, "impossible run");
    RowRun run;
    run.first = total;
    run.count = static_cast<uint32_t>(length);
    run.own = static_cast<uint8_t>(kind);
    parts.runs.push_back(run);
    total += run.count;
  }
  if (total != parts.rows) return failure(errc::damaged, "runs for another number of records");
  return {};
}

Result<void> read_sources(ByteReader& in, std::size_t source_rows, std::vector<RowRun>& runs) {
  std::size_t next = 0;
  for (auto& run : runs) {
    if (run.own >= (own_row | run_jumps)) return failure(errc::damaged, "impossible kind of run");
    if ((run.own & run_jumps) != 0) {
      TALARIA_TRY_ASSIGN(auto step, in.zigzag());
      next += static_cast<std::size_t>(step);
    }
    run.own &= own_row;
    if (run.own == own_row) continue;
    if (next > source_rows || run.count > source_rows - next)
      return failure(errc::damaged, "a run beyond the source of a page");
    run.source = static_cast<uint32_t>(next);
    next += run.count;
  }
  return {};
}

// Hands out the numbers of a column in order.
class Numbers {
public:
  explicit Numbers(const std::vector<NumberRun>& runs) : run_(runs.begin()) {}

  Number next() {
    Number number{run_->number.generation, run_->number.ordinal + taken_};
    if (++taken_ == run_->count) {
      ++run_;
      taken_ = 0;
    }
    return number;
  }

private:
  std::vector<NumberRun>::const_iterator run_;
  uint32_t taken_ = 0;
};

} // namespace

Result<PageParts> parse_page(std::string_view payload, std::size_t generations) {
  ByteReader in(payload);
  PageParts parts;
  TALARIA_TRY(read_head(in, generations, parts));
  OwnCounts own;
  if (parts.rows > 0) {
    RowRun all;
    all.count = parts.rows;
    own.place(all);
    parts.runs.push_back(all);
  }
  TALARIA_TRY(read_columns(in, generations, own, parts));
  return parts;
}

Result<PageParts> parse_delta(std::string_view payload, std::size_t generations, std::size_t source_rows,
                              std::size_t source_layouts) {
  ByteReader in(payload);
  PageParts parts;
  parts.known_layouts = static_cast<uint32_t>(source_layouts);
  TALARIA_TRY(read_head(in, generations, parts));
  TALARIA_TRY(read_runs(in, parts));
  TALARIA_TRY(read_sources(in, source_rows, parts.runs));
  OwnCounts own;
  for (auto& run : parts.runs) own.place(run);
  TALARIA_TRY(read_columns(in, generations, own, parts));
  return parts;
}

Page expand_page(PageParts&& parts, const Page* source) {
  Page page;
  if (source != nullptr) page.layouts = source->layouts;
  std::move(parts.layouts.begin(), parts.layouts.end(), std::back_inserter(page.layouts));
  page.rows.resize(parts.rows);
  Numbers headers(parts.headers);
  Numbers sequences(parts.sequences);
  auto layouts = parts.layout_runs.begin();
  uint32_t taken = 0; // of the run of layouts
  for (auto& run : parts.runs) {
    auto rows = page.rows.begin() + run.first;
    // Without a source, all runs are of rows of their own.
    if (source && run.own != own_row) std::copy_n(source->rows.begin() + run.source, run.count, rows);
    for (auto row = rows; row != rows + run.count; ++row) {
      if ((run.own & own_header) != 0) row->header = headers.next();
      if ((run.own & own_sequence) != 0) row->sequence = sequences.next();
      if ((run.own & own_layout) == 0) continue;
      row->layout = layouts->layout;
      if (++taken < layouts->count) continue;
      ++layouts;
      taken = 0;
    }
  }
  return page;
}

} // namespace talaria

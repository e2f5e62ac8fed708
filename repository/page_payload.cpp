#include "repository/page_payload.hpp"

#include "core/endian.hpp"
#include "core/try.hpp"
#include "repository/page_parts.hpp"
#include "repository/row_table.hpp"

#include <algorithm>
#include <map>
#include <optional>

namespace talaria {

namespace {

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

class LayoutColumn {
public:
  void add(uint32_t layout) {
    if (length_ > 0 && layout != layout_) end_run();
    layout_ = layout;
    ++length_;
  }
  std::string finish() {
    if (length_ > 0) end_run();
    return std::move(out_);
  }

private:
  void end_run() {
    put_varint(out_, layout_);
    put_varint(out_, length_);
    length_ = 0;
  }
  std::string out_;
  uint32_t layout_ = 0;
  uint64_t length_ = 0;
};

void put_head(const Page& page, std::size_t known_layouts, std::string& out) {
  put_varint(out, page.rows.size());
  put_varint(out, page.layouts.size() - known_layouts);
  for (auto i = known_layouts; i < page.layouts.size(); ++i) {
    auto key = layout_key(page.layouts[i]);
    put_varint(out, key.size());
    out += key;
  }
}

// Finds for each row of a page the row of the source that it has most in common with.
class RowMatcher {
public:
  explicit RowMatcher(const Page& source) : rows_(source.rows) {
    for (auto& row : rows_) {
      header_generations_ = std::max(header_generations_, row.header.generation + 1);
      sequence_generations_ = std::max(sequence_generations_, row.sequence.generation + 1);
    }
  }

  // The place of the row of the source; nothing if there is none. `expected`: the place behind the one
  // found before.
  std::optional<uint32_t> find(const Row& row, std::size_t expected) {
    // What the release brought with it is new to the source.
    if (row.header.generation >= header_generations_ && row.sequence.generation >= sequence_generations_)
      return std::nullopt;
    auto end = std::min(rows_.size(), expected + nearby);
    for (auto i = expected; i < end; ++i)
      if (rows_[i].header == row.header || rows_[i].sequence == row.sequence)
        return static_cast<uint32_t>(i);
    return find_anywhere(row);
  }

private:
  // How far a few removed records reach.
  static constexpr std::size_t nearby = 8;

  std::optional<uint32_t> find_anywhere(const Row& row) {
    if (headers_.empty()) headers_ = RowTable(rows_, &Row::header);
    if (auto place = headers_.find(row.header)) return place;
    if (sequences_.empty()) sequences_ = RowTable(rows_, &Row::sequence);
    return sequences_.find(row.sequence);
  }

  const std::vector<Row>& rows_;
  uint32_t header_generations_ = 0;
  uint32_t sequence_generations_ = 0;
  RowTable headers_; // these two once they are needed
  RowTable sequences_;
};

// The runs of a difference: what they take from the source, and from where.
class DeltaRuns {
public:
  // A row that takes all but `own` from the place in the source.
  void add(uint8_t own, std::size_t place) {
    if (length_ > 0 && own == own_ && place == next_) {
      ++length_;
    } else {
      end_run();
      own_ = own;
      step_ = static_cast<int64_t>(place) - static_cast<int64_t>(next_);
      length_ = 1;
    }
    next_ = place + 1;
  }

  // A row that takes nothing.
  void add_own() {
    if (length_ == 0 || own_ != own_row) {
      end_run();
      own_ = own_row;
      step_ = 0;
    }
    ++length_;
  }

  std::size_t next() const { return next_; }

  // The kinds of all runs, then their lengths, then their jumps: each is like its neighbours.
  void put(std::string& out) {
    end_run();
    put_varint(out, kinds_.size());
    out += kinds_;
    out += lengths_;
    out += jumps_;
  }

private:
  void end_run() {
    if (length_ == 0) return;
    kinds_ += static_cast<char>(own_ | (step_ != 0 ? run_jumps : 0));
    put_varint(lengths_, length_);
    if (step_ != 0) put_zigzag(jumps_, step_);
    length_ = 0;
  }

  std::string kinds_;
  std::string lengths_;
  std::string jumps_;
  uint8_t own_ = 0;
  int64_t step_ = 0;
  uint64_t length_ = 0;
  std::size_t next_ = 0;
};

} // namespace

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

std::string encode_page(const Page& page) {
  LayoutColumn layouts;
  RunColumn headers;
  RunColumn sequences;
  for (auto& row : page.rows) {
    layouts.add(row.layout);
    headers.add(row.header);
    sequences.add(row.sequence);
  }
  std::string out;
  put_head(page, 0, out);
  out += layouts.finish();
  out += headers.finish();
  out += sequences.finish();
  return out;
}

Result<Page> decode_page(std::string_view payload, std::size_t generations) {
  TALARIA_TRY_ASSIGN(auto parts, parse_page(payload, generations));
  return expand_page(std::move(parts), nullptr);
}

std::string encode_delta(const Page& page, const Page& source) {
  DeltaRuns runs;
  LayoutColumn layouts;
  RunColumn headers;
  RunColumn sequences;
  RowMatcher matcher(source);
  for (auto& row : page.rows) {
    uint8_t own = own_row;
    auto place = matcher.find(row, runs.next());
    if (place) {
      auto& from = source.rows[*place];
      own = static_cast<uint8_t>((from.header == row.header ? 0 : own_header) |
                                 (from.sequence == row.sequence ? 0 : own_sequence) |
                                 (from.layout == row.layout ? 0 : own_layout));
      runs.add(own, *place);
    } else {
      runs.add_own();
    }
    if ((own & own_header) != 0) headers.add(row.header);
    if ((own & own_sequence) != 0) sequences.add(row.sequence);
    if ((own & own_layout) != 0) layouts.add(row.layout);
  }
  std::string out;
  put_head(page, source.layouts.size(), out);
  runs.put(out);
  out += layouts.finish();
  out += headers.finish();
  out += sequences.finish();
  return out;
}

Result<Page> decode_delta(std::string_view payload, const Page& source, std::size_t generations) {
  TALARIA_TRY_ASSIGN(auto parts,
                     parse_delta(payload, generations, source.rows.size(), source.layouts.size()));
  return expand_page(std::move(parts), &source);
}

} // namespace talaria

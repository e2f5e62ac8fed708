#include "repository/run_page.hpp"

#include "core/try.hpp"

#include <algorithm>

namespace talaria {

namespace {

// The run that covers a place; runs begin at the member `first`.
template <class Run>
const Run& covering(const std::vector<Run>& runs, uint32_t place) {
  return *std::prev(std::upper_bound(runs.begin(), runs.end(), place,
                                     [](uint32_t at, const Run& run) { return at < run.first; }));
}

} // namespace

const RunPage::Column RunPage::headers{own_header, &RowRun::header, &PageParts::headers};
const RunPage::Column RunPage::sequences{own_sequence, &RowRun::sequence, &PageParts::sequences};

Result<RunPagePtr> RunPage::decode(std::string_view payload, std::size_t generations,
                                   RunPagePtr source) {
  auto page = std::make_shared<RunPage>();
  if (source) {
    TALARIA_TRY_ASSIGN(page->parts_,
                       parse_delta(payload, generations, source->rows(), source->layouts()));
  } else {
    TALARIA_TRY_ASSIGN(page->parts_, parse_page(payload, generations));
  }
  page->source_ = std::move(source);
  page->sort_headers();
  page->sort_rows();
  page->weigh();
  return RunPagePtr(std::move(page));
}

void RunPage::sort_headers() {
  auto& sorted = sorted_headers_;
  sorted.reserve(parts_.headers.size());
  for (auto& run : parts_.headers) sorted.push_back({run, run.number.ordinal + run.count});
  std::sort(sorted.begin(), sorted.end(),
            [](const SortedHeaders& a, const SortedHeaders& b) { return a.run.number < b.run.number; });
  for (std::size_t i = 1; i < sorted.size(); ++i)
    if (sorted[i].run.number.generation == sorted[i - 1].run.number.generation)
      sorted[i].reach = std::max(sorted[i].reach, sorted[i - 1].reach);
}

void RunPage::sort_rows() {
  for (uint32_t i = 0; i < parts_.runs.size(); ++i) {
    auto& run = parts_.runs[i];
    if (run.own != own_row) sorted_rows_.push_back({run.source, run.source + run.count, i});
  }
  std::stable_sort(sorted_rows_.begin(), sorted_rows_.end(),
                   [](const SortedRows& a, const SortedRows& b) { return a.source < b.source; });
  for (std::size_t i = 1; i < sorted_rows_.size(); ++i)
    sorted_rows_[i].reach = std::max(sorted_rows_[i].reach, sorted_rows_[i - 1].reach);
}

void RunPage::weigh() {
  weight_ = sizeof *this + parts_.runs.size() * sizeof(RowRun) +
            parts_.layout_runs.size() * sizeof(LayoutRun) +
            (parts_.headers.size() + parts_.sequences.size()) * sizeof(NumberRun) +
            sorted_headers_.size() * sizeof(SortedHeaders) + sorted_rows_.size() * sizeof(SortedRows);
  for (auto& layout : parts_.layouts) weight_ += sizeof layout + layout.bytes.size();
  if (source_) weight_ += source_->weight();
}

const RowRun& RunPage::run_of(std::size_t row) const {
  return covering(parts_.runs, static_cast<uint32_t>(row));
}

Row RunPage::row(std::size_t place) const {
  return {number_at(headers, place), number_at(sequences, place), layout_at(place)};
}

Number RunPage::number_at(const Column& column, std::size_t row) const {
  const auto& run = run_of(row);
  const auto offset = static_cast<uint32_t>(row) - run.first;
  if ((run.own & column.own) == 0) return source_->number_at(column, run.source + offset);
  const auto place = run.*column.place + offset;
  const auto& numbers = covering(parts_.*column.numbers, place);
  return {numbers.number.generation, numbers.number.ordinal + (place - numbers.first)};
}

uint32_t RunPage::layout_at(std::size_t row) const {
  const auto& run = run_of(row);
  const auto offset = static_cast<uint32_t>(row) - run.first;
  if ((run.own & own_layout) == 0) return source_->layout_at(run.source + offset);
  return covering(parts_.layout_runs, run.layout + offset).layout;
}

const RecordLayout& RunPage::layout(uint32_t place) const {
  return place < parts_.known_layouts ? source_->layout(place)
                                      : parts_.layouts[place - parts_.known_layouts];
}

void RunPage::find_header(const Number& header, std::vector<uint32_t>& places) const {
  find_own_header(header, places);
  if (!source_) return;
  std::vector<uint32_t> rows;
  source_->find_header(header, rows);
  add_taken(headers, rows, places);
}

void RunPage::find_sequence(const Number& sequence, std::vector<uint32_t>& places) const {
  find_own_sequence(sequence, places);
  if (!source_) return;
  std::vector<uint32_t> rows;
  source_->find_sequence(sequence, rows);
  add_taken(sequences, rows, places);
}

void RunPage::find_own_header(const Number& header, std::vector<uint32_t>& places) const {
  auto at = std::upper_bound(sorted_headers_.begin(), sorted_headers_.end(), header,
                             [](const Number& n, const SortedHeaders& s) { return n < s.run.number; });
  while (at != sorted_headers_.begin()) {
    auto& [run, reach] = *--at;
    if (run.number.generation != header.generation || reach <= header.ordinal) return;
    const auto offset = header.ordinal - run.number.ordinal;
    if (offset < run.count) places.push_back(row_of(headers, run.first + offset));
  }
}

void RunPage::find_own_sequence(const Number& sequence, std::vector<uint32_t>& places) const {
  for (auto& run : parts_.sequences) {
    const auto offset = sequence.ordinal - run.number.ordinal;
    if (run.number.generation == sequence.generation && offset < run.count)
      places.push_back(row_of(sequences, run.first + offset));
  }
}

// The row that has a place in a column.
uint32_t RunPage::row_of(const Column& column, uint32_t place) const {
  // The last run that doesn't begin behind it and has numbers of its own: one without begins where the
  // next one does.
  auto run = std::upper_bound(parts_.runs.begin(), parts_.runs.end(), place,
                              [&](uint32_t at, const RowRun& r) { return at < r.*column.place; });
  do --run;
  while ((run->own & column.own) == 0);
  return run->first + (place - (*run).*column.place);
}

// The rows that take a column from rows of the source.
void RunPage::add_taken(const Column& column, std::vector<uint32_t>& source_rows,
                        std::vector<uint32_t>& places) const {
  constexpr std::size_t few = 16;
  if (source_rows.size() > few) return add_many_taken(column, source_rows, places);
  for (auto row : source_rows) {
    auto at = std::upper_bound(sorted_rows_.begin(), sorted_rows_.end(), row,
                               [](uint32_t r, const SortedRows& s) { return r < s.source; });
    while (at != sorted_rows_.begin() && (--at)->reach > row) {
      auto& run = parts_.runs[at->run];
      if ((run.own & column.own) == 0 && row - run.source < run.count)
        places.push_back(run.first + (row - run.source));
    }
  }
}

// The same in time that depends less on how the runs overlap.
void RunPage::add_many_taken(const Column& column, std::vector<uint32_t>& source_rows,
                             std::vector<uint32_t>& places) const {
  std::sort(source_rows.begin(), source_rows.end());
  for (auto& run : parts_.runs) {
    if ((run.own & column.own) != 0) continue;
    for (auto row = std::lower_bound(source_rows.begin(), source_rows.end(), run.source);
         row != source_rows.end() && *row - run.source < run.count; ++row)
      places.push_back(run.first + (*row - run.source));
  }
}

} // namespace talaria

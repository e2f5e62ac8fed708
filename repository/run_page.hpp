// A page kept by its runs, with the pages that it goes back to: rows are found and made one by one. What
// looks for single records takes a small part of the time and memory of all rows.
#pragma once

#include "repository/page_parts.hpp"
#include "talaria/error.hpp"

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

namespace talaria {

class RunPage;
using RunPagePtr = std::shared_ptr<const RunPage>;

// Immutable. Numbers are in the terms of its page file.
class RunPage {
public:
  // The page of a payload, whole or as the difference from `source`.
  static Result<RunPagePtr> decode(std::string_view payload, std::size_t generations, RunPagePtr source);

  std::size_t rows() const noexcept { return parts_.rows; }
  Row row(std::size_t place) const;
  const RecordLayout& layout(uint32_t place) const; // of the table of layouts

  // Appends the places of all rows with this header, or this sequence; headers are found quicker.
  void find_header(const Number& header, std::vector<uint32_t>& places) const;
  void find_sequence(const Number& sequence, std::vector<uint32_t>& places) const;

  // Bytes of memory that it takes, with the pages that it goes back to.
  std::size_t weight() const noexcept { return weight_; }

private:
  // One of the two columns of numbers.
  struct Column {
    uint8_t own;
    uint32_t RowRun::*place;
    std::vector<NumberRun> PageParts::*numbers;
  };
  static const Column headers;
  static const Column sequences;

  // Runs in the order of where they begin in something else, and how far each and those before it reach
  // there: all runs that hold a place lie together before the first that begins behind it.
  struct SortedHeaders {
    NumberRun run;
    uint32_t reach = 0; // behind the last ordinal, in the same generation
  };
  struct SortedRows {
    uint32_t source = 0;
    uint32_t reach = 0; // behind the last row of the source
    uint32_t run = 0;   // place in parts_.runs
  };

  const RowRun& run_of(std::size_t row) const;
  Number number_at(const Column& column, std::size_t row) const;
  uint32_t layout_at(std::size_t row) const;
  std::size_t layouts() const noexcept { return parts_.known_layouts + parts_.layouts.size(); }
  void find_own_header(const Number& number, std::vector<uint32_t>& places) const;
  void find_own_sequence(const Number& number, std::vector<uint32_t>& places) const;
  uint32_t row_of(const Column& column, uint32_t place) const;
  void add_taken(const Column& column, std::vector<uint32_t>& source_rows,
                 std::vector<uint32_t>& places) const;
  void add_many_taken(const Column& column, std::vector<uint32_t>& source_rows,
                      std::vector<uint32_t>& places) const;
  void sort_headers();
  void sort_rows();
  void weigh();

  PageParts parts_;
  std::vector<SortedHeaders> sorted_headers_;
  std::vector<SortedRows> sorted_rows_; // without those that take nothing
  RunPagePtr source_;
  std::size_t weight_ = 0;
};

} // namespace talaria

// Spans: the layout of a record that is read and written in pieces. Each span has a number of residues
// and a layout of its own; put together they are the record's. The first span has no residues: it is the
// line end of the header. The layouts of the others begin with that line end again, which is left out
// when they are put together. docs/format.md, "Spans".
#pragma once

#include "talaria/error.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace talaria {

// Appends a span.
void put_span(std::string& spans, uint64_t residues, std::string_view layout);

// Takes spans one by one from bytes that arrive in pieces. Used by one thread at a time.
class SpanReader {
public:
  struct Span {
    uint64_t residues = 0;
    std::string_view layout; // until the next call
  };

  // Adds bytes.
  void feed(std::string_view bytes);

  // The next span, or false if its bytes have not all come. errc::damaged for impossible ones.
  Result<bool> next(Span& span);

  // Whether all bytes fed have been taken.
  bool empty() const noexcept { return at_ == pending_.size(); }

private:
  std::string pending_;
  std::size_t at_ = 0;
};

} // namespace talaria

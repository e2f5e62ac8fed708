// Layout: how the residues of a record were written in the file. Residues and layout together give
// back the record's text byte for byte.
//
// Any text has a layout. The common one (lines of equal width) takes two or three bytes and is shared by
// nearly all records of a file. The encoding is specified in docs/format.md, "Layout".
#pragma once

#include "talaria/error.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace talaria {

// What reading the body of a record (all after its header line) yields.
struct ReadBody {
  std::string layout;         // encoded
  std::uint64_t residues = 0; // letters appended to the output
};

// Splits `body` into residues, appended to `residues` as upper-case letters A-Z, and its layout.
// `header_crlf`: the header line ended in CRLF. `header_ended`: the header line had a line end at all
// (false only for a file that ends within a header; then body is empty).
// `width_hint`: the line width of the records before, in characters, or 0. A body of one line no longer
// than the hint gets the hint's layout, so that short and long sequences share one. Updated by bodies
// of several lines. NUL bytes and other control characters (below 0x20 but for tab, CR, LF, VT, FF) are
// errc::unsupported_input: the file is binary; the message has the offset within `body`.
Result<ReadBody> read_body(std::string_view body, bool header_ended, bool header_crlf,
                           std::uint32_t& width_hint, std::string& residues);

// Writes a body back: appends the header's line end and the body to `out`, given all `residues` of it.
// errc::damaged if `layout` is malformed or doesn't fit the residues (never more than `limit` bytes are
// appended).
Result<void> write_body(std::string_view layout, std::string_view residues, std::size_t limit,
                        std::string& out);

// Whether write_body() makes `line_end` (the header's) and `body` of a layout and residues: the check
// that what is stored of a record gives its text back. `scratch` is overwritten.
bool gives_back(std::string_view layout, std::string_view residues, std::string_view line_end,
                std::string_view body, std::string& scratch);

// `count` equal bytes that are no letters, `gap` residues behind those before.
struct OtherRun {
  std::uint64_t gap = 0;
  std::uint64_t count = 0;
  char byte = 0;
};

// What a layout says of the characters of a body, beside how they are spread over lines.
struct Characters {
  std::vector<OtherRun> others;
  std::vector<std::uint64_t> cases; // lengths of runs of upper- and lower-case letters, upper first; the
                                    // last one, which isn't there, has the rest
};

// errc::damaged as for write_body().
Result<Characters> read_characters(std::string_view layout, std::uint64_t residues);

// Whether there may be others: cheaper than to read them.
bool has_others(std::string_view layout) noexcept;

} // namespace talaria

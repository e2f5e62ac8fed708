// One record of FASTA text: where it ends, its header line and its body.
#pragma once

#include <cstddef>
#include <string_view>

namespace talaria {

// Where the next record begins in `bytes`, looking from `from` (at least 1) on: at a '>' that follows a
// line feed. bytes.size() if there is none. Runs at the speed of memchr.
inline std::size_t next_record(std::string_view bytes, std::size_t from) noexcept {
  for (std::size_t at = bytes.find('>', from); at != std::string_view::npos;
       at = bytes.find('>', at + 1))
    if (bytes[at - 1] == '\n') return at;
  return bytes.size();
}

// The parts of a record, views of its bytes: '>', header, the header's line end, body.
struct RawRecord {
  std::string_view header;   // without '>' and line end
  std::string_view body;     // what read_body takes
  bool header_ended = false; // the header line has an end
  bool header_crlf = false;  // and it is CRLF

  std::string_view line_end() const noexcept { return !header_ended ? "" : header_crlf ? "\r\n" : "\n"; }
};

// `record` begins with '>' and ends where the next one begins.
inline RawRecord split_record(std::string_view record) noexcept {
  RawRecord parts;
  record.remove_prefix(1);
  const std::size_t end = record.find('\n');
  parts.header = record.substr(0, end);
  if (end == std::string_view::npos) return parts;
  parts.header_ended = true;
  parts.body = record.substr(end + 1);
  if (!parts.header.empty() && parts.header.back() == '\r') {
    parts.header_crlf = true;
    parts.header.remove_suffix(1);
  }
  return parts;
}

} // namespace talaria

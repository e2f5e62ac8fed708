// What a page holds, and its bytes before compression: whole, or as the difference from another page.
// docs/format.md, "Page files".
#pragma once

#include "repository/number.hpp"
#include "talaria/error.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace talaria {

// How the text of a record was laid out in the file.
struct RecordLayout {
  enum class Form : uint8_t {
    plain = 0,  // `bytes` is a layout as sequence/layout.hpp encodes it
    spans = 1,  // `bytes` are spans (sequence/span.hpp)
    stored = 2, // the spans are the chunk `text`, for they are long
  };
  Form form = Form::plain;
  std::string bytes;
  Number text;

  friend bool operator==(const RecordLayout&, const RecordLayout&) = default;
};

// The bytes of a layout in a page: equal layouts, and no others, have equal ones.
std::string layout_key(const RecordLayout& layout);

// A record of a release. Generations are places in the table of the page file.
struct Row {
  Number header;
  Number sequence;
  uint32_t layout = 0; // place in the page's table of layouts

  friend bool operator==(const Row&, const Row&) = default;
};

struct Page {
  std::vector<RecordLayout> layouts;
  std::vector<Row> rows;

  friend bool operator==(const Page&, const Page&) = default;
};

// No page holds more records. A page that is stored whole is closed at half as many, so that it can grow
// in the releases that are stored as differences from it.
inline constexpr std::size_t page_records_max = 32768;

// The payload of a page stored whole, and back. errc::damaged for bytes that no writer makes.
std::string encode_page(const Page& page);
Result<Page> decode_page(std::string_view payload, std::size_t generations);

// The payload of a page as the difference from `source`, and back. The layouts of the page begin with
// those of the source, and generations mean the same in both.
std::string encode_delta(const Page& page, const Page& source);
Result<Page> decode_delta(std::string_view payload, const Page& source, std::size_t generations);

} // namespace talaria

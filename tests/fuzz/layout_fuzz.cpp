// Any bytes, taken for a layout, are refused or make text within the limit; what they make can be read,
// and then comes back, and any part of it is what a cut would be. The first two bytes of the test input
// are the number of residues and the limit.
#include "sequence/body_characters.hpp"
#include "sequence/layout.hpp"

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

using namespace talaria;

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

// Reads the text, without the header's line end, and writes it again.
void check_text(std::string_view text) {
  const bool crlf = text.substr(0, 1) == "\r";
  const std::string_view body = text.substr(crlf ? 2 : 1);
  std::string residues;
  std::uint32_t hint = 0;
  auto again = read_body(body, true, crlf, hint, residues);
  require(again.has_value());
  std::string out;
  require(write_body(again->layout, residues, text.size(), out).has_value());
  require(out == text);
}

// The characters of the text, all and the middle half, are made from the residues among them.
void check_characters(std::string_view layout, std::string_view residues, std::string_view text) {
  std::string visible;
  for (char c : text)
    if (c > ' ' && c < '\x7F') visible += c;
  auto body = BodyCharacters::open(layout, residues.size());
  require(body.has_value() && body->count() == visible.size());
  for (auto cut : {visible.size() * 0, visible.size() / 4}) {
    const auto end = visible.size() - cut;
    const auto needed = body->residues_of(cut, end);
    std::string out;
    body->append(cut, end, residues.substr(needed.first, needed.count), out);
    require(out == std::string_view(visible).substr(cut, end - cut));
  }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string residues(data[0], 'A');
  const std::size_t limit = std::size_t{data[1]} * 16;
  const std::string_view layout(reinterpret_cast<const char*>(data) + 2, size - 2);
  std::string out = "kept";
  const auto written = write_body(layout, residues, limit, out);
  require(out.size() <= 4 + limit && out.substr(0, 4) == "kept");
  if (!written) {
    require(written.error().code() == errc::damaged && out.size() == 4);
    // Without a limit, a layout may be sound.
    (void)BodyCharacters::open(layout, residues.size());
    return 0;
  }
  check_characters(layout, residues, std::string_view(out).substr(4));
  if (out.size() > 4) check_text(std::string_view(out).substr(4));
  return 0;
}

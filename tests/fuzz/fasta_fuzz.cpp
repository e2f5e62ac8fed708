// Any bytes, read as FASTA, come back byte for byte or are refused; how the input returns them, in short
// reads or long ones, makes no difference. The first byte of the test input sets the size of reads and
// how often its text is repeated, so that records longer than a piece occur.
#include "sequence/header.hpp"
#include "sequence/layout.hpp"
#include "sequence/record.hpp"
#include "sequence/splitter.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

using namespace talaria;

namespace {

class ShortReads final : public Input {
public:
  ShortReads(std::string_view bytes, std::size_t most) : bytes_(bytes), most_(most) {}

  Result<std::size_t> read(char* out, std::size_t size) override {
    const std::size_t got = bytes_.copy(out, std::min(size, most_));
    bytes_.remove_prefix(got);
    return got;
  }
  std::string format() const override { return "plain"; }
  std::string name() const override { return "fuzz"; }

private:
  std::string_view bytes_;
  std::size_t most_;
};

void require(bool condition) {
  if (!condition) std::abort();
}

// The pieces, or none if the input is refused.
std::vector<RawPiece> split(std::string_view text, std::size_t read_size) {
  ShortReads input(text, read_size);
  FastaSplitter splitter(input);
  std::vector<RawPiece> pieces;
  for (;;) {
    auto piece = splitter.next();
    if (!piece) {
      require(piece.error().code() == errc::unsupported_input && pieces.empty());
      return {};
    }
    if (!*piece) return pieces;
    pieces.push_back(std::move(**piece));
  }
}

void check_record(std::string_view record, std::uint32_t& hint) {
  const RawRecord parts = split_record(record);
  const std::string_view found = accession(parts.header);
  accession_key(found);
  require(found.empty() || (found.data() >= parts.header.data() &&
                            found.data() + found.size() <= parts.header.data() + parts.header.size()));

  std::string residues;
  auto body = read_body(parts.body, parts.header_ended, parts.header_crlf, hint, residues);
  if (!body) return require(body.error().code() == errc::unsupported_input && residues.empty());
  require(body->residues == residues.size());
  const std::size_t header_end = parts.header_ended ? (parts.header_crlf ? 2 : 1) : 0;
  std::string text = ">" + std::string(parts.header);
  require(write_body(body->layout, residues, parts.body.size() + header_end, text).has_value());
  require(text == record);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t control = data[0];
  const std::string_view given(reinterpret_cast<const char*>(data) + 1, size - 1);
  std::string text(given);
  if (control == 255 && !given.empty())
    while (text.size() < 2 * FastaSplitter::piece_size) text += given;

  const std::vector<RawPiece> pieces = split(text, text.size() + 1);
  const std::vector<RawPiece> again =
      split(text, text.size() > 100000 ? 7919 * (control % 8 + 1) : control % 8 + 1);
  require(pieces.size() == again.size());
  std::string joined;
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    require(pieces[i].kind == again[i].kind && pieces[i].bytes == again[i].bytes);
    require(pieces[i].offset == joined.size() && !pieces[i].bytes.empty());
    require(pieces[i].bytes.size() <= FastaSplitter::piece_size);
    joined += pieces[i].bytes.view();
  }
  if (pieces.empty()) return 0;
  require(joined == text);

  std::uint32_t hint = 0;
  std::string_view rest = text;
  if (pieces[0].kind == RawPiece::Kind::text) rest.remove_prefix(pieces[0].bytes.size());
  // Repeated text has the same records over and over.
  for (int records = 0; !rest.empty() && records < 1000; ++records) {
    const std::size_t end = next_record(rest, 1);
    check_record(rest.substr(0, end), hint);
    rest.remove_prefix(end);
  }
  return 0;
}

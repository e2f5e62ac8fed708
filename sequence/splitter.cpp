#include "sequence/splitter.hpp"

#include "core/try.hpp"
#include "sequence/content.hpp"
#include "sequence/record.hpp"

#include <algorithm>
#include <cstring>
#include <string>

namespace talaria {
namespace {

// One byte beyond a piece is looked at, to see whether a record begins right after it.
constexpr std::size_t window_size = FastaSplitter::piece_size + 1;

bool is_blank(std::string_view line) {
  return line.find_first_not_of(" \t\r\v\f") == std::string_view::npos;
}

tl::unexpected<Error> unsupported(const Input& input, std::uint64_t offset, const std::string& what) {
  return failure(errc::unsupported_input,
                 input.name() + ": at offset " + std::to_string(offset) + ": this is " + what);
}

} // namespace

FastaSplitter::FastaSplitter(Input& input)
    : input_(input), window_(std::make_shared_for_overwrite<char[]>(window_size)) {}

Result<void> FastaSplitter::fill() {
  while (!ended_ && filled_ < window_size) {
    TALARIA_TRY_ASSIGN(const std::size_t got,
                       input_.read(window_.get() + filled_, window_size - filled_));
    filled_ += got;
    ended_ = got == 0;
  }
  return {};
}

// Looks at what stands before the first record, and whether there is one.
Result<void> FastaSplitter::begin() {
  const std::string_view bytes = view();
  if (auto what = binary_content(bytes)) return unsupported(input_, 0, *what);

  std::size_t at = 0;
  while (at < bytes.size() && bytes[at] != '>') {
    const std::size_t end = std::min(bytes.find('\n', at), bytes.size());
    const std::string_view line = bytes.substr(at, end - at);
    if (bytes[at] != ';' && !is_blank(line))
      return unsupported(input_, at, text_content(bytes.substr(at)));
    at = std::min(end + 1, bytes.size());
  }
  if (at == bytes.size() || at > piece_size) {
    if (ended_)
      return failure(errc::unsupported_input, input_.name() + ": the file holds no sequence record");
    return unsupported(input_, 0, "text without a sequence record in its first MiB");
  }
  const std::size_t cr = bytes.find('\r', at);
  if (cr < bytes.size() - 1 && bytes.find('\n', at) == std::string_view::npos)
    return unsupported(input_, cr,
                       "text whose lines end with CR alone; convert it with 'tr \"\\r\" \"\\n\"'");
  text_ = at;
  return {};
}

// Where the last record in the window begins, if that is not at its beginning: else 0.
std::size_t FastaSplitter::last_cut() const {
  const std::string_view bytes = view();
  for (std::size_t at = bytes.rfind('>', piece_size); at != std::string_view::npos && at > 0;
       at = bytes.rfind('>', at - 1))
    if (bytes[at - 1] == '\n') return at;
  return 0;
}

// Where to cut a full window that lies within one record.
std::size_t FastaSplitter::long_cut() const {
  const std::string_view bytes = view();
  const std::size_t line_end = bytes.rfind('\n', piece_size - 1);
  if (line_end != std::string_view::npos && line_end >= piece_size / 2) return line_end + 1;
  const bool in_crlf = bytes[piece_size - 1] == '\r' && bytes[piece_size] == '\n';
  return in_crlf ? piece_size - 1 : piece_size;
}

// Gives out the first `size` bytes of the window; what is behind them becomes the next window.
RawPiece FastaSplitter::take(RawPiece::Kind kind, std::size_t size) {
  RawPiece piece{kind, offset_, {}};
  const std::string_view bytes = view();
  if (size < piece_size / 2) {
    // A small piece that keeps a whole window alive would be dear.
    piece.bytes = Buffer::copy_of(bytes.substr(0, size));
    std::memmove(window_.get(), bytes.data() + size, bytes.size() - size);
  } else {
    auto next = std::make_shared_for_overwrite<char[]>(window_size);
    std::memcpy(next.get(), bytes.data() + size, bytes.size() - size);
    piece.bytes = Buffer(window_, bytes.substr(0, size));
    window_ = std::move(next);
  }
  filled_ -= size;
  offset_ += size;
  return piece;
}

Result<std::optional<RawPiece>> FastaSplitter::next() {
  using Kind = RawPiece::Kind;
  TALARIA_TRY(fill());
  if (!started_) {
    TALARIA_TRY(begin());
    started_ = true;
    if (text_ > 0) return take(Kind::text, text_);
  }
  if (filled_ == 0) return std::nullopt;

  const bool rest = ended_ && filled_ <= piece_size;
  if (in_long_) {
    // That the window itself begins with '>' means nothing: it begins within the record.
    const std::size_t end = next_record(view(), 1);
    in_long_ = !rest && end > piece_size;
    if (in_long_) return take(Kind::long_more, long_cut());
    return take(Kind::long_end, end);
  }
  if (rest) return take(Kind::records, filled_);
  if (const std::size_t cut = last_cut(); cut > 0) return take(Kind::records, cut);
  in_long_ = true;
  return take(Kind::long_begin, long_cut());
}

} // namespace talaria

// Cuts a FASTA stream into pieces that can be prepared in parallel.
#pragma once

#include "sequence/input.hpp"
#include "talaria/buffer.hpp"
#include "talaria/error.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

namespace talaria {

// A piece of the input, never empty. The pieces of a file, put together, are the file.
struct RawPiece {
  enum class Kind : std::uint8_t {
    text,       // what stands before the first record (blank lines, ';' comments); at most one piece
    records,    // whole records, each beginning with '>'
    long_begin, // the first part of a record too long for one piece, beginning with '>'
    long_more,  // the next part of it
    long_end,   // the last part of it
  };
  Kind kind = Kind::records;
  std::uint64_t offset = 0; // of the first byte, in the decompressed stream
  Buffer bytes;
};

// How the pieces are cut depends on the bytes alone, never on how reads happened to return them, so
// that equal files give equal pieces. A record begins at a '>' that is the first byte of a line; a line
// ends with LF. A long record is cut after a line end where there is one in the second half of the
// piece, else within a line, but never between CR and LF. Memory: two pieces. Used by one thread at a
// time.
class FastaSplitter {
public:
  static constexpr std::size_t piece_size = std::size_t{1} << 20; // bytes, at most

  explicit FastaSplitter(Input& input);

  // The next piece, or nothing at the end. What isn't FASTA is errc::unsupported_input, named (FASTQ,
  // BLAST database volume, SAM, GenBank, XML, binary ...) with the offset where that was seen.
  // An input without any record is errc::unsupported_input too, and so is text whose lines end with CR
  // alone. After an error or the end, don't call it again. `input` must outlive the splitter.
  Result<std::optional<RawPiece>> next();

private:
  Result<void> fill();
  Result<void> begin();
  std::size_t last_cut() const;
  std::size_t long_cut() const;
  RawPiece take(RawPiece::Kind kind, std::size_t size);
  std::string_view view() const { return {window_.get(), filled_}; }

  Input& input_;
  std::shared_ptr<char[]> window_; // the bytes not yet given out, up to one more than a piece has
  std::size_t filled_ = 0;
  std::uint64_t offset_ = 0; // of the window, in the stream
  std::size_t text_ = 0;     // bytes of text that stand at the beginning of the window
  bool started_ = false;
  bool ended_ = false;   // the input has no more bytes
  bool in_long_ = false; // the window begins within a record
};

} // namespace talaria

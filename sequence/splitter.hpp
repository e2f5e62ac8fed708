// Cuts a FASTA stream into pieces that can be prepared in parallel.
#pragma once

#include "sequence/input.hpp"
#include "talaria/buffer.hpp"
#include "talaria/error.hpp"

#include <cstdint>
#include <optional>

namespace talaria {

// A piece of the input. The pieces of a file, put together, are the file.
struct RawPiece {
  enum class Kind : std::uint8_t {
    text,       // what stands before the first record (blank lines, ';' comments); at most one piece
    records,    // whole records, each beginning with '>'
    long_begin, // the first part of a record too long for one piece, beginning with '>'
    long_more,  // the next part of it
    long_end,   // the last part of it; may be empty
  };
  Kind kind = Kind::records;
  std::uint64_t offset = 0; // of the first byte, in the decompressed stream
  Buffer bytes;
};

// How the pieces are cut depends on the bytes alone, never on how reads happened to return them, so
// that equal files give equal pieces. Memory: two pieces. Used by one thread at a time.
class FastaSplitter {
public:
  static constexpr std::size_t piece_size = std::size_t{1} << 20; // bytes, at most

  explicit FastaSplitter(Input& input);

  // The next piece, or nothing at the end. What isn't FASTA is errc::unsupported_input, named (FASTQ,
  // BLAST database volume, SAM, GenBank, XML, binary ...) with the offset where that was seen.
  // An input without any record is errc::unsupported_input too.
  Result<std::optional<RawPiece>> next();

private:
  Input& input_;
  // implementer's members
};

} // namespace talaria

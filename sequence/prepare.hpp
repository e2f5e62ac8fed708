// Preparing records: what can be done with a piece of input without knowing any other, so that many
// threads can do it.
#pragma once

#include "repository/number.hpp"
#include "sequence/splitter.hpp"
#include "talaria/error.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace talaria {

struct PreparedRecord {
  std::string_view header; // in the piece
  uint64_t accession_key = 0;
  std::size_t residues_at = 0; // in PreparedPiece::residues
  std::size_t residues = 0;
  Digest digest;       // of the residues
  uint32_t layout = 0; // in PreparedPiece::layouts
};

struct PreparedPiece {
  RawPiece piece;       // keeps the headers alive
  std::string residues; // of all records, canonical
  std::vector<PreparedRecord> records;
  std::vector<std::string> layouts;
};

// Takes a piece of kind `records` apart, and renders each record again from its parts: errc::internal if
// that gives another text. Errors have the offset in the input.
Result<PreparedPiece> prepare(RawPiece piece);

} // namespace talaria

// Differences between short sequences: a sequence as copies from one that resembles it, and the residues
// between them. docs/similarity.md, "New sequences", has the measurements; docs/format.md the bytes.
//
// Nothing in it is entropy-coded: the scripts of many sequences lie in a block, whose columns
// (repository/difference_columns.hpp) are compressed together. A sequence alone is too short to learn
// from.
#pragma once

#include "talaria/error.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace talaria {

// What is used of a reference, from its beginning, in bytes.
inline constexpr std::size_t script_reference_max = 65'535;

// What a script is made of.
struct ScriptCounts {
  std::size_t events = 0;   // copies with the residues behind them
  std::size_t residues = 0; // that come from no copy
  bool nucleotides = false; // what the target was taken for
};

// Makes scripts. For one thread at a time; keeps working memory between calls.
class ScriptEncoder {
public:
  // Appends to `out` what decode_script() needs to make `target` of `reference`. Residues in upper case
  // work well, any bytes are exact. Of a longer reference, the first script_reference_max bytes are
  // used. Takes time in proportion to both, whatever repeats they have.
  ScriptCounts encode(std::string_view target, std::string_view reference, std::string& out);

private:
  std::vector<uint16_t> first_; // by hash: the first position of a seed in the reference
  std::vector<uint16_t> next_;  // by position: the next one with the same hash
};

// Makes the target of `size` bytes at `out`. errc::damaged if the bytes are no script of that size for
// this reference, which may be of any length. Takes time in proportion to `size` and the script, and no
// memory. Thread-safe.
Result<void> decode_script(std::string_view script, std::string_view reference, char* out,
                           std::size_t size);

} // namespace talaria

// Sequences that resemble each other, and their edit scripts: for the tests of those.
#pragma once

#include "repository/similar_sequences.hpp"
#include "support.hpp"

#include <random>
#include <string>
#include <vector>

namespace talaria {

// A sequence that differs from another in so many substitutions at most, of letters that both have.
inline std::string relative_of(std::string sequence, std::size_t substitutions, unsigned seed) {
  std::mt19937 random(seed);
  for (; substitutions > 0; --substitutions)
    sequence[random() % sequence.size()] = sequence[random() % sequence.size()];
  return sequence;
}

// Contents of differences by edit script, from the sequences 0, 3, 6 ... of a generation.
inline std::vector<std::string> script_chunks(std::size_t count, unsigned seed) {
  std::vector<std::string> contents;
  ScriptChunkEncoder encoder;
  for (unsigned i = 0; i < count; ++i) {
    auto reference = protein(100 + 3 * i, 100 * seed + i);
    auto content =
        must(encoder.encode(relative_of(reference, 2 + i % 5, i), reference, generation_id(9), 3 * i));
    if (!content) throw std::runtime_error("a relative is stored whole");
    contents.push_back(*content);
  }
  return contents;
}

} // namespace talaria

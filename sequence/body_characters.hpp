// The characters of a record as `samtools faidx` counts and shows them: letters in the case of the file,
// and other signs such as '*' and '-', without line ends, blanks and bytes that are not ASCII.
#pragma once

#include "sequence/layout.hpp"
#include "talaria/error.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace talaria {

// Of a record, or of a span of one. A part of them is made from the residues in that part alone.
class BodyCharacters {
public:
  static Result<BodyCharacters> open(std::string_view layout, uint64_t residues);

  uint64_t count() const noexcept { return count_; }

  // The residues among the characters begin .. end, begin <= end <= count().
  struct Residues {
    uint64_t first = 0;
    uint64_t count = 0;
  };
  Residues residues_of(uint64_t begin, uint64_t end) const;

  // Appends these characters, given those residues.
  void append(uint64_t begin, uint64_t end, std::string_view residues, std::string& out) const;

private:
  template <class OnResidues, class OnOthers>
  void walk(uint64_t begin, uint64_t end, OnResidues on_residues, OnOthers on_others) const;

  Characters characters_; // of the others those that count
  uint64_t residues_ = 0;
  uint64_t count_ = 0;
};

} // namespace talaria

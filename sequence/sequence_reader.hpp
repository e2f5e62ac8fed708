// Reading parts of a sequence without the rest.
#pragma once

#include "repository/value_reader.hpp"
#include "sequence/render.hpp"
#include "talaria/error.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace talaria {

// Used by one thread at a time. `decoded` outlives it.
class SequenceReader {
public:
  SequenceReader(const DigestIndex& index, BlockSource& source, DecodedChunks& decoded)
      : index_(index), source_(source), residues_(index, source, &decoded) {}

  // Begins with a record, which outlives the reading; or with the residues of a sequence alone.
  Result<void> open(const RecordParts& record);
  Result<void> open(const Number& sequence);

  // Appends the characters begin .. end as sequence/body_characters.hpp counts them (of a sequence
  // alone, its residues), clipped at the end, and answers where it ended. errc::invalid_argument if none
  // is there; errc::limit_exceeded for more than `limit` bytes.
  Result<uint64_t> read(uint64_t begin, uint64_t end, std::size_t limit, std::string& out);

private:
  // What is read, and how far the spans before have come.
  struct Progress {
    uint64_t begin;
    uint64_t end;
    std::size_t limit;
    std::string& out;
    uint64_t characters = 0;
    uint64_t residues = 0;
  };
  Result<void> read_spans(Progress& at);
  Result<void> read_span(Progress& at, uint64_t residues, std::string_view layout);

  const DigestIndex& index_;
  BlockSource& source_;
  ValueReader residues_;
  const RecordLayout* layout_ = nullptr; // none of a sequence alone
};

} // namespace talaria

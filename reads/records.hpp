// Reads of records: whole, and parts of their sequences.
#pragma once

#include "reads/read_context.hpp"
#include "talaria/store.hpp"

namespace talaria {

// The record with an accession, the sequence with a digest, or a region of either
// (sequence/region.hpp).
Result<Record> find_record(ReadContext& context, const std::string& id, const std::string& release);

// Parts of sequences, in the order asked. What several need is decoded once, as long as it is kept.
std::vector<Result<SequenceRange>> get_ranges(ReadContext& context, std::span<const RangeRequest> ranges,
                                              const std::string& release);

} // namespace talaria

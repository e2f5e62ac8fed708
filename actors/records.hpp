// Reads of records: whole, and parts of their sequences.
#pragma once

#include "actors/operation.hpp"

namespace talaria::actors {

// The record with an accession, the sequence with a digest, or a region of either
// (sequence/region.hpp).
Result<Record> find_record(Operation& op, const std::string& id, const std::string& release);

// Parts of sequences, in the order asked. What several need is decoded once, as long as it is kept.
std::vector<Result<SequenceRange>> get_ranges(Operation& op, std::span<const RangeRequest> ranges,
                                              const std::string& release);

// A part of a chunk or sequence, clipped at its end.
Result<Buffer> get_chunk_range(Operation& op, const Digest& digest, uint64_t offset, uint64_t length);

} // namespace talaria::actors

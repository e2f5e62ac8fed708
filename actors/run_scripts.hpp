// Which new sequences of a run are stored as differences from one stored sequence each.
// docs/similarity.md, "New sequences".
#pragma once

#include "actors/operation.hpp"

namespace talaria::actors {

// What stored sequences are to be compared with: the sequences of the run. Without long ones: lists, and
// nucleotides that RunDifferences stores as differences.
std::shared_ptr<const SoughtSequences> seek(const Operation& op, const Run& run);

// Has the sequences of a run stored as differences from those that were found to be similar, where that
// pays. `index`: that the numbers belong to.
Result<void> make_scripts(Operation& op, const std::shared_ptr<Run>& run, SimilarSequences similar,
                          const DigestIndexPtr& index);

} // namespace talaria::actors

// Which chunks of a run are stored as differences, and from what.
#pragma once

#include "actors/operation.hpp"

#include <optional>

namespace talaria::actors {

// Used for all runs of a commit, by its operation.
class RunDifferences {
public:
  RunDifferences(Operation& op, std::shared_ptr<Commit> commit)
      : op_(op), commit_(std::move(commit)), source_(op) {}

  // Has the long nucleotide chunks of a run stored as differences. A run without any costs nothing.
  Result<void> make(const std::shared_ptr<Run>& run);

private:
  struct NewChunk {
    Kind kind = Kind::part;
    uint32_t place = 0;
    ReferenceSketch sketch;
  };
  Result<std::vector<NewChunk>> sketch(const std::shared_ptr<const Run>& run);
  Result<void> know_stored(const DigestIndexPtr& index);
  Result<void> encode(const std::shared_ptr<Run>& run, std::vector<NewChunk>& chunks,
                      DigestIndexPtr index);

  Operation& op_;
  std::shared_ptr<Commit> commit_;
  OwnBlockSource source_;
  std::optional<ReferenceChunks> references_; // once there are long chunks
};

} // namespace talaria::actors

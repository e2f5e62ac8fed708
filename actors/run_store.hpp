// Storing runs: the way of new chunks from memory to packs, used by ingests and by the chunk interface.
#pragma once

#include "actors/operation.hpp"
#include "actors/pack_writer.hpp"
#include "actors/run_differences.hpp"

namespace talaria::actors {

// Plans, compresses and writes the runs of a commit with the help of the workers.
class RunStore {
public:
  // `differences`: whether long nucleotide chunks become differences from what they resemble.
  RunStore(Operation& op, std::shared_ptr<Commit> commit, bool differences = true)
      : op_(op),
        commit_(std::move(commit)),
        make_differences_(differences),
        differences_(op, commit_),
        writer_(spawn_pack_writer(op.self->system(), commit_)) {}
  ~RunStore();
  RunStore(const RunStore&) = delete;
  RunStore& operator=(const RunStore&) = delete;

  // Writes a run; when it returns, its segment is part of the commit.
  Result<void> store(std::shared_ptr<Run> run);

private:
  using PlansPtr = std::shared_ptr<const Plans>;
  Result<void> encode(const std::shared_ptr<const Run>& run, const PlansPtr& plans);
  Result<void> check_differences();

  Operation& op_;
  std::shared_ptr<Commit> commit_;
  bool make_differences_;
  RunDifferences differences_;
  pack_writer_actor writer_;
  uint64_t done_ = 0; // bytes of chunks of the current run that are on their way to the disk
};

} // namespace talaria::actors

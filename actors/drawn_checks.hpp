// Checking what a release draws on: chunks that were stored before it.
#pragma once

#include "actors/operation.hpp"
#include "repository/interner.hpp"

#include <deque>
#include <map>
#include <set>

namespace talaria::actors {

// Reads and checks what is stored already and drawn on by the release: each block once, whatever the
// order in which the records need it.
class DrawnChecks {
public:
  // `index`: that of the snapshot.
  DrawnChecks(Operation& op, const Snapshot& snapshot, DigestIndexPtr index);

  // Checks what is drawn on and wasn't checked before. What is read for that is compared with `sought`,
  // if that is given: the sequences found are the answer.
  Result<SimilarSequences> run(const Interner::Drawn& drawn,
                               const std::shared_ptr<const SoughtSequences>& sought = nullptr);

private:
  using CheckRequest = decltype(std::declval<caf::blocking_actor*>()->request(
      std::declval<verifier_actor>(), caf::infinite, check_file_atom_v,
      std::declval<Local<FileCheck>>()));

  Result<void> add(const DigestIndex::BlockAt& at);
  Result<void> check_blocks();
  Result<void> check_referred();
  bool mark(const DigestIndex::BlockAt& at);
  template <class Atom, class Job>
  Result<void> send(Atom atom, Job job);
  Result<void> take();

  Operation& op_;
  DigestIndexPtr index_;
  std::map<uint32_t, GenerationId> generations_; // by pack
  std::vector<std::vector<bool>> checked_;       // by segment and block
  std::set<std::pair<Kind, Number>> checked_lists_;
  Places places_; // of the next check
  std::deque<CheckRequest> checks_;
  std::size_t next_verifier_ = 0;
  uint64_t done_ = 0;
  std::set<DigestIndex::BlockAt> referred_; // by differences of what was checked
  std::shared_ptr<const SoughtSequences> sought_;
  SimilarSequences similar_;
};

} // namespace talaria::actors

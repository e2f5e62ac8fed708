#include "actors/drawn_checks.hpp"

namespace talaria::actors {

namespace {

constexpr std::size_t blocks_per_check = 32;

} // namespace

DrawnChecks::DrawnChecks(Operation& op, const Snapshot& snapshot, DigestIndexPtr index)
    : op_(op), index_(std::move(index)) {
  for (auto& pack : snapshot.packs)
    generations_[index_->registry()->id(pack.digest)] = snapshot.generations[pack.generation];
}

Result<SimilarSequences> DrawnChecks::run(const Interner::Drawn& drawn,
                                          const std::shared_ptr<const SoughtSequences>& sought) {
  sought_ = sought;
  for (uint32_t segment = 0; segment < drawn.blocks.size(); ++segment) {
    auto& blocks = drawn.blocks[segment];
    for (uint32_t i = 0; i < blocks.size(); ++i)
      if (blocks[i] && mark({segment, i})) TALARIA_TRY(add({segment, i}));
  }
  TALARIA_TRY(check_blocks());
  for (auto& [kind, number] : drawn.lists)
    if (checked_lists_.emplace(kind, number).second)
      TALARIA_TRY(send(check_values_atom_v, ValueCheck{index_, kind, {number}, op_.core->blocks}));
  while (!checks_.empty()) TALARIA_TRY(take());
  TALARIA_TRY(check_referred());
  sought_ = nullptr;
  return std::exchange(similar_, {});
}

// What differences refer to may be differences in turn.
Result<void> DrawnChecks::check_referred() {
  while (!referred_.empty()) {
    for (auto& at : std::exchange(referred_, {}))
      if (mark(at)) TALARIA_TRY(add(at));
    TALARIA_TRY(check_blocks());
    while (!checks_.empty()) TALARIA_TRY(take());
  }
  return {};
}

// Whether a block wasn't checked before.
bool DrawnChecks::mark(const DigestIndex::BlockAt& at) {
  if (checked_.size() <= at.segment) checked_.resize(at.segment + std::size_t{1});
  auto& blocks = checked_[at.segment];
  if (blocks.size() <= at.block) blocks.resize(at.block + std::size_t{1});
  if (blocks[at.block]) return false;
  blocks[at.block] = true;
  return true;
}

// A check is of blocks of one pack.
Result<void> DrawnChecks::add(const DigestIndex::BlockAt& at) {
  TALARIA_TRY_ASSIGN(auto place, index_->place(at));
  if (!places_.empty() && (places_.size() == blocks_per_check || places_[0].pack != place.pack))
    TALARIA_TRY(check_blocks());
  places_.push_back(place);
  return {};
}

Result<void> DrawnChecks::check_blocks() {
  if (places_.empty()) return {};
  auto& generation = generations_[places_[0].pack];
  return send(check_drawn_atom_v, DrawnCheck{index_, generation, std::exchange(places_, {}), sought_});
}

template <class Atom, class Job>
Result<void> DrawnChecks::send(Atom atom, Job job) {
  TALARIA_TRY(op_.check_cancelled());
  if (checks_.size() >= 2 * op_.window()) TALARIA_TRY(take());
  auto& pool = op_.services->verifiers;
  checks_.push_back(op_.self->request(pool[next_verifier_++ % pool.size()], caf::infinite, atom,
                                      local(std::move(job))));
  return {};
}

Result<void> DrawnChecks::take() {
  TALARIA_TRY_ASSIGN(auto report, await<CheckReport>(checks_.front()));
  checks_.pop_front();
  done_ += report->bytes;
  op_.report("checking", done_, 0);
  referred_.merge(report->referred);
  if (sought_) sought_->merge(std::move(report->similar), similar_);
  if (report->findings.empty()) return {};
  return tl::unexpected(report->findings[0].error.within(
      "the release draws on stored data that `talaria verify` would complain of"));
}

} // namespace talaria::actors

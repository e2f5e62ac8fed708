#include "repository/collection.hpp"

#include "actors/operation.hpp"

namespace talaria::actors {

namespace {

using MarkRequest = decltype(std::declval<caf::blocking_actor*>()->request(
    std::declval<verifier_actor>(), caf::infinite, mark_pages_atom_v,
    std::declval<Local<PagesToMark>>()));

constexpr std::size_t pages_per_job = 8;
constexpr std::size_t blocks_per_job = 32;

class GarbageCollection {
public:
  GarbageCollection(Operation& op, const GcOptions& options) : op_(op), options_(options) {}

  Result<GcReport> run();

private:
  Repository& repository() const { return *op_.core->repository; }
  Result<void> decide();
  Result<void> mark_releases();
  Result<void> follow();
  Result<void> follow(std::size_t segment);
  Result<void> collect();
  void tell(const PackUses& uses);

  template <class Atom, class Job>
  Result<void> send(Atom atom, Job job) {
    TALARIA_TRY(op_.check_cancelled());
    while (marking_.size() >= op_.window()) TALARIA_TRY(take());
    auto& pool = op_.services->verifiers;
    marking_.push_back(op_.self->request(pool[next_verifier_++ % pool.size()], caf::infinite, atom,
                                         local(std::move(job))));
    return {};
  }
  Result<void> take() {
    auto request = std::move(marking_.front());
    marking_.pop_front();
    return await_done(request);
  }
  Result<void> take_all() {
    while (!marking_.empty()) TALARIA_TRY(take());
    return {};
  }

  Operation& op_;
  const GcOptions& options_;
  std::unique_ptr<ObjectLock> lock_;
  ViewPtr view_;
  std::shared_ptr<Marks> marks_;
  std::optional<PackUses> uses_;
  std::deque<MarkRequest> marking_;
  std::size_t next_verifier_ = 0;
  GcReport report_;
};

Result<GcReport> GarbageCollection::run() {
  if (!(options_.dead_percent >= 0 && options_.dead_percent <= 100))
    return failure(errc::invalid_argument, "a share of what isn't needed is a percentage from 0 to 100");
  if (!options_.dry_run) {
    TALARIA_TRY_ASSIGN(lock_, repository().lock_for_writing(op_.core->settings.lock_wait));
  }
  TALARIA_TRY_ASSIGN(report_.bytes_before, repository_bytes(*op_.core));
  auto decided = decide();
  // Without the lock, others may take away what is being read.
  while (!decided && options_.dry_run && view_ && may_have_gone(*op_.core, *view_, decided.error())) {
    while (!marking_.empty()) (void)take();
    decided = decide();
  }
  if (!decided) {
    auto& error = decided.error();
    if (error.code() != errc::damaged) return tl::unexpected(error);
    return failure(errc::damaged,
                   "what can't be read can't be judged, so nothing was freed: " + error.message() +
                       "; `talaria verify` says which releases it hits");
  }
  tell(*uses_);
  if (options_.dry_run) return report_;
  TALARIA_TRY(collect());
  TALARIA_TRY(repository().remove_unnamed());
  TALARIA_TRY_ASSIGN(report_.bytes_after, repository_bytes(*op_.core));
  return report_;
}

// A pack that stays needs what all its chunks refer to, so that deciding goes on until nothing changes.
Result<void> GarbageCollection::decide() {
  TALARIA_TRY_ASSIGN(view_, repository().view());
  TALARIA_TRY_ASSIGN(auto index, view_->index());
  TALARIA_TRY_ASSIGN(marks_, Marks::create(std::move(index)));
  TALARIA_TRY(mark_releases());
  TALARIA_TRY(marks_->need_bytes(view_->snapshot().removed));
  TALARIA_TRY(follow());
  uses_.emplace(view_->snapshot(), *repository().registry(), options_.dead_percent / 100);
  while (true) {
    TALARIA_TRY(op_.check_cancelled());
    TALARIA_TRY_ASSIGN(bool more, uses_->decide(*marks_));
    if (!more) return {};
    TALARIA_TRY(follow());
  }
}

Result<void> GarbageCollection::mark_releases() {
  uint64_t done = 0;
  uint64_t total = 0;
  std::unordered_set<std::string> seen; // releases of the same content share a page file
  for (auto& release : view_->snapshot().releases) total += release.bytes;
  for (auto& release : view_->snapshot().releases) {
    done += release.bytes;
    if (!seen.insert(pages_name(release.pages)).second) continue;
    TALARIA_TRY_ASSIGN(auto pages, view_->pages(release));
    for (std::size_t at = 0; at < pages->pages().size(); at += pages_per_job)
      TALARIA_TRY(
          send(mark_pages_atom_v,
               PagesToMark{marks_, pages, at, std::min(pages_per_job, pages->pages().size() - at)}));
    op_.report("marking", done, total);
  }
  return take_all();
}

// References lead on from what they mark: segments are gone through until no block has needed chunks
// that nobody has followed.
Result<void> GarbageCollection::follow() {
  for (bool changed = true; changed;) {
    changed = false;
    for (std::size_t i = 0; i < marks_->index().segments().size(); ++i) {
      if (!marks_->take_changed(i)) continue;
      changed = true;
      TALARIA_TRY(follow(i));
    }
    TALARIA_TRY(take_all());
  }
  return {};
}

Result<void> GarbageCollection::follow(std::size_t segment) {
  BlocksToMark job{marks_, {}};
  auto visit = [&](const BlockPlace& place) -> Result<void> {
    job.places.push_back(place);
    if (job.places.size() < blocks_per_job) return {};
    return send(mark_blocks_atom_v, std::exchange(job, {marks_, {}}));
  };
  TALARIA_TRY(marks_->each_to_follow(segment, visit));
  return job.places.empty() ? Result<void>() : send(mark_blocks_atom_v, std::move(job));
}

void GarbageCollection::tell(const PackUses& uses) {
  report_.bytes_after = report_.bytes_before;
  auto& packs = view_->snapshot().packs;
  for (std::size_t i = 0; i < packs.size(); ++i) {
    auto& use = uses.uses()[i];
    if (use.fate == PackFate::stays) {
      ++report_.packs_kept;
      continue;
    }
    report_.chunks += use.chunks - use.needed_chunks;
    ++(use.fate == PackFate::dropped ? report_.packs_dropped : report_.packs_rewritten);
    report_.bytes_after -= use.fate == PackFate::dropped ? packs[i].size : use.stored - use.needed;
  }
}

Result<void> GarbageCollection::collect() {
  auto& settings = op_.core->settings;
  Collector collector(repository(), view_, marks_, *uses_,
                      {op_.core->codec, settings.level, static_cast<std::size_t>(settings.block_size),
                       settings.pack_size});
  while (true) {
    TALARIA_TRY(op_.check_cancelled());
    TALARIA_TRY_ASSIGN(bool more, collector.step([this] { return op_.check_cancelled(); }));
    op_.report("collecting", collector.done(), collector.total());
    if (!more) return {};
  }
}

} // namespace

Result<GcReport> collect_garbage(Operation& op, const GcOptions& options) {
  return GarbageCollection(op, options).run();
}

} // namespace talaria::actors

#include "actors/run_store.hpp"
#include "repository/delta_scan.hpp"
#include "repository/interner.hpp"

namespace talaria::actors {

Result<std::vector<Digest>> put_chunks(Operation& op, std::span<const std::string_view> values) {
  TALARIA_TRY_ASSIGN(auto lock, op.core->repository->lock_for_writing(op.core->settings.lock_wait));
  TALARIA_TRY_ASSIGN(auto view, op.core->repository->view());
  auto commit = std::make_shared<Commit>(*op.core->repository, view, op.core->settings.pack_size);
  RunStore runs(op, commit);
  TALARIA_TRY_ASSIGN(auto index, commit->index());
  auto own = static_cast<uint32_t>(index->generations().size() - 1);
  auto new_run = [&](const std::array<uint32_t, kind_count>& next) {
    return std::make_unique<Run>(commit->generation(), next, op.core->run_limits());
  };
  OwnBlockSource headers(op);
  Interner interner(headers, std::move(index), own, new_run({}));
  auto store_run = [&]() -> Result<void> {
    if (interner.run().empty()) return {};
    auto next = interner.run().next();
    TALARIA_TRY(runs.store(interner.take_run()));
    TALARIA_TRY_ASSIGN(auto extended, commit->index());
    interner.next_run(std::move(extended), new_run(next));
    return {};
  };
  std::vector<Digest> digests;
  Hasher hasher;
  for (auto value : values) {
    digests.push_back(hasher.of(value));
    TALARIA_TRY(interner.intern_value(Kind::bytes, digests.back(), value));
    if (interner.run().full()) TALARIA_TRY(store_run());
  }
  TALARIA_TRY(store_run());
  if (commit->added_files())
    TALARIA_TRY(commit->publish(std::nullopt, [](const View&) -> Result<void> { return {}; }));
  return digests;
}

namespace {

Result<void> check_unneeded(const View& view, BlockSource& source, const Digest& digest) {
  TALARIA_TRY_ASSIGN(auto scan, DeltaScan::read(view, source, true));
  auto needed_by = scan.dependents(digest).size();
  if (needed_by == 0) return {};
  return failure(errc::in_use, digest.hex() + " is needed by " + std::to_string(needed_by) +
                                   (needed_by == 1 ? " chunk that is" : " chunks that are") +
                                   " stored as the difference from it: `talaria chunk info --deltas` "
                                   "lists them, `talaria chunk rebase` makes them whole");
}

} // namespace

Result<void> remove_chunk(Operation& op, const Digest& digest) {
  TALARIA_TRY_ASSIGN(auto lock, op.core->repository->lock_for_writing(op.core->settings.lock_wait));
  while (true) {
    TALARIA_TRY_ASSIGN(auto view, op.core->repository->view());
    TALARIA_TRY_ASSIGN(auto index, view->index());
    TALARIA_TRY_ASSIGN(auto number, index->find(Kind::bytes, Key128::of(digest)));
    if (!number) {
      TALARIA_TRY_ASSIGN(auto sequence, index->find(Kind::sequence, Key128::of(digest)));
      if (sequence)
        return failure(errc::in_use,
                       digest.hex() + " is a sequence of a release: only removing the release frees it");
      return failure(errc::not_found, "no chunk has the digest " + digest.hex());
    }
    DirectBlockSource source(*op.core->objects, op.core->repository->registry());
    TALARIA_TRY(check_unneeded(*view, source, digest));
    auto next = view->snapshot();
    ++next.removals;
    ValueReader value(*index, source);
    // A damaged chunk can be removed too; only its size isn't known then.
    next.remove(*number, value.open(Kind::bytes, *number) ? value.size() : 0);
    auto done = op.core->repository->commit(*view, std::move(next));
    if (done) return {};
    if (done.error().code() != errc::conflict) return tl::unexpected(done.error());
  }
}

Result<StoreStats> count(const Core& core) {
  TALARIA_TRY_ASSIGN(auto view, core.repository->view());
  auto& snapshot = view->snapshot();
  StoreStats stats;
  for (auto& release : snapshot.releases) {
    stats.raw_bytes += release.bytes;
    stats.records += release.records;
  }
  for (auto& file : snapshot.page_files()) stats.page_bytes += file.size;
  auto totals = [&](Kind kind) { return snapshot.totals[index_of(kind)]; };
  stats.releases = snapshot.releases.size();
  stats.sequences = totals(Kind::sequence).count;
  stats.residues = totals(Kind::sequence).bytes;
  stats.headers = totals(Kind::header).count;
  stats.application_chunks = totals(Kind::bytes).count;
  for (auto& kind : snapshot.totals) stats.chunks += kind.count;
  stats.packs = snapshot.packs.size();
  for (auto& pack : snapshot.packs) stats.pack_bytes += pack.size;
  stats.index_segments = snapshot.segments.size();
  for (auto& segment : snapshot.segments) stats.index_bytes += segment.size;
  TALARIA_TRY(core.objects->list("", [&](const ObjectInfo& object) {
    stats.repository_bytes += object.size;
    return true;
  }));
  return stats;
}

} // namespace talaria::actors

#include "actors/operation.hpp"
#include "reads/chunk.hpp"
#include "repository/delta_scan.hpp"

namespace talaria::actors {

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
      return tl::unexpected(no_chunk(digest));
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

} // namespace talaria::actors

#include "repository/locator.hpp"

#include "core/try.hpp"

#include <algorithm>

namespace talaria {

namespace {

Result<LocatedChunks> locate_in(DigestIndexPtr index, std::span<const Digest> digests) {
  LocatedChunks located{std::move(index), std::vector<LocatedChunk>(digests.size())};
  for (std::size_t i = 0; i < digests.size(); ++i) {
    for (auto kind : {Kind::sequence, Kind::bytes}) {
      TALARIA_TRY_ASSIGN(auto number, located.index->find(kind, Key128::of(digests[i])));
      if (!number) continue;
      located.chunks[i] = {true, kind, *number, {}};
      TALARIA_TRY_ASSIGN(located.chunks[i].place, located.index->locate(kind, *number));
      break;
    }
  }
  return located;
}

} // namespace

Result<LocatedChunks> Locator::locate(std::span<const Digest> digests) {
  ViewPtr last;
  {
    std::lock_guard lock(mutex_);
    last = view_;
  }
  if (last && last == repository_.last_view()) {
    TALARIA_TRY_ASSIGN(auto index, last->index());
    TALARIA_TRY_ASSIGN(auto located, locate_in(std::move(index), digests));
    bool all = std::all_of(located.chunks.begin(), located.chunks.end(),
                           [](const LocatedChunk& c) { return c.found && c.kind != Kind::bytes; });
    if (all) return located;
  }
  TALARIA_TRY_ASSIGN(auto view, repository_.view());
  TALARIA_TRY_ASSIGN(auto index, view->index());
  {
    std::lock_guard lock(mutex_);
    view_ = view;
  }
  return locate_in(std::move(index), digests);
}

} // namespace talaria

#include "actors/operation.hpp"

namespace talaria::actors {

namespace {

// A version is asked for, for what would be taken by "the latest" changes with each release.
Result<ReleaseName> parse_exact(const std::string& text) {
  TALARIA_TRY_ASSIGN(auto name, parse_release(text));
  if (!name.version.empty()) return name;
  return failure(errc::invalid_argument, "'" + text +
                                             "' names no version: what is removed is named "
                                             "NAME@VERSION, as `talaria releases " +
                                             name.name + "` lists it");
}

} // namespace

Result<std::vector<ReleaseInfo>> remove_releases(Operation& op, const std::vector<std::string>& names) {
  std::vector<ReleaseName> wanted;
  for (auto& text : names) {
    TALARIA_TRY_ASSIGN(auto name, parse_exact(text));
    wanted.push_back(std::move(name));
  }
  auto& repository = *op.core->repository;
  TALARIA_TRY_ASSIGN(auto lock, repository.lock_for_writing(op.core->settings.lock_wait));
  while (true) {
    TALARIA_TRY_ASSIGN(auto view, repository.view());
    std::vector<ReleaseInfo> removed;
    auto next = view->snapshot();
    for (auto& name : wanted) {
      TALARIA_TRY_ASSIGN(auto* entry, view->release(name.name, name.version));
      auto is_it = [&](const ReleaseEntry& release) {
        return release.name == name.name && release.version == name.version;
      };
      if (std::erase_if(next.releases, is_it) > 0) removed.push_back(to_info(*entry));
    }
    if (removed.empty()) return removed;
    next.drop_unused_deltas();
    ++next.removals;
    auto done = repository.commit(*view, std::move(next));
    if (!done && done.error().code() == errc::conflict) continue;
    if (!done) return tl::unexpected(done.error());
    // What is left over now goes with the next writer, if not here.
    (void)repository.remove_unnamed();
    return removed;
  }
}

} // namespace talaria::actors

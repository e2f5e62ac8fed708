#include "reads/releases.hpp"

namespace talaria {

namespace {

constexpr std::size_t longest_name = 200;

bool plain(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '_' || c == '-';
}

bool is_version(std::string_view text) {
  return !text.empty() && text.size() <= longest_name && text.front() != '-' &&
         std::all_of(text.begin(), text.end(), plain);
}

bool is_name(std::string_view text) {
  if (text.size() > longest_name) return false;
  while (true) {
    auto slash = text.find('/');
    if (!is_version(text.substr(0, slash))) return false;
    if (slash == std::string_view::npos) return true;
    text.remove_prefix(slash + 1);
  }
}

} // namespace

Result<void> check_release(const std::string& name, const std::string& version) {
  if (!is_name(name))
    return failure(errc::invalid_argument,
                   "'" + name +
                       "' is no name of a database: use letters, digits and ._- , "
                       "with / only between them, as in uniprot/sprot");
  if (!is_version(version))
    return failure(errc::invalid_argument,
                   "'" + version + "' is no version: use letters, digits and ._- , as in 2026_04");
  return {};
}

Result<ReleaseName> parse_release(std::string_view text) {
  auto at = text.find('@');
  ReleaseName release{std::string(text.substr(0, at)), {}};
  if (at != std::string_view::npos) {
    release.version = text.substr(at + 1);
    TALARIA_TRY(check_release(release.name, release.version));
  } else {
    TALARIA_TRY(check_release(release.name, "1"));
  }
  return release;
}

ReleaseInfo to_info(const ReleaseEntry& entry) {
  return {entry.name,  entry.version, entry.created, entry.stream,
          entry.bytes, entry.records, entry.residues};
}

bool has_moved(const Core& core, const View& view) {
  auto now = core.repository->view();
  return now && (*now)->ref_value() != view.ref_value();
}

bool may_have_gone(const Core& core, const View& view, const Error& error) {
  return (error.code() == errc::damaged || error.code() == errc::not_found) && has_moved(core, view);
}

Error explain(const Core& core, const View& view, const ReleaseEntry& release, const Error& error) {
  if (error.code() != errc::damaged && error.code() != errc::not_found) return error;
  auto now = core.repository->view();
  if (!now || (*now)->ref_value() == view.ref_value()) return error;
  auto entry = (*now)->release(release.name, release.version);
  if (entry && (*entry)->stream == release.stream && (*entry)->created == release.created) return error;
  return {errc::not_found, release.name + "@" + release.version + " was removed meanwhile"};
}

Result<std::vector<ReleaseInfo>> list_releases(const Core& core, const std::string& name) {
  TALARIA_TRY_ASSIGN(auto view, core.repository->view());
  std::vector<ReleaseInfo> infos;
  for (auto& release : view->snapshot().releases)
    if (name.empty() || release.name == name) infos.push_back(to_info(release));
  if (infos.empty() && !name.empty())
    return failure(errc::not_found, "no database is called " + name + ": `talaria releases` lists them");
  return infos;
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
  TALARIA_TRY_ASSIGN(stats.repository_bytes, repository_bytes(core));
  return stats;
}

Result<uint64_t> repository_bytes(const Core& core) {
  uint64_t bytes = 0;
  TALARIA_TRY(core.objects->list("", [&](const ObjectInfo& object) {
    bytes += object.size;
    return true;
  }));
  return bytes;
}

} // namespace talaria

#include "repository/recovery.hpp"

#include "core/try.hpp"
#include "repository/magic.hpp"
#include "repository/page.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <unordered_set>

namespace talaria {

namespace {

std::string label(const ReleaseEntry& release) {
  return release.name + "@" + release.version;
}

class Search {
public:
  explicit Search(const ObjectStore& store) : store_(store) {}

  Result<Recovery> run() {
    TALARIA_TRY_ASSIGN(auto newest, newest_snapshot(store_));
    if (newest) {
      auto& s = found_.snapshot;
      s = std::move(newest->snapshot);
      found_.serial = s.serial++;
      s.parent = newest->digest;
    }
    found_.known_packs = found_.snapshot.packs.size();
    TALARIA_TRY(find_releases());
    TALARIA_TRY(find_pages());
    TALARIA_TRY(find_packs());
    return std::move(found_);
  }

private:
  void found(const std::string& object, const Error& error) {
    found_.findings.push_back({object, error, {}, {}});
  }
  // What no snapshot will name, for it can't be read.
  void found_loose(const std::string& object, const Error& error) {
    found(object, {error.code(), error.message() + "; the next writer removes it"});
  }

  Result<void> find_releases() {
    auto& releases = found_.snapshot.releases;
    std::unordered_set<std::string> labels;
    std::unordered_set<std::string> objects;
    for (auto& release : releases) {
      labels.insert(label(release));
      objects.insert(release_name(digest_of(encode_release(release))));
    }
    std::vector<ReleaseEntry> others;
    TALARIA_TRY_ASSIGN(auto files, files_in(store_, "releases/"));
    for (auto& file : files) {
      auto name = release_name(file.digest);
      if (objects.contains(name)) continue;
      auto release = read_release(file);
      if (release)
        others.push_back(*std::move(release));
      else
        found_loose(name, release.error());
    }
    std::sort(others.begin(), others.end(), [](const ReleaseEntry& a, const ReleaseEntry& b) {
      return std::tie(a.created, a.name, a.version) < std::tie(b.created, b.name, b.version);
    });
    for (auto& release : others) {
      if (labels.insert(label(release)).second)
        releases.push_back(std::move(release));
      else
        take_rewritten(release);
    }
    return {};
  }

  bool is_missing(const ReleaseEntry& release) const {
    auto file = store_.stat(pages_name(release.pages));
    return !file && file.error().code() == errc::not_found;
  }

  // What a release object says of a release of the snapshot. Another page file took the place of one
  // that is gone if the snapshot is older than a `talaria rebase`.
  void take_rewritten(const ReleaseEntry& release) {
    for (auto& known : found_.snapshot.releases) {
      auto same = known;
      same.pages = release.pages;
      same.pages_size = release.pages_size;
      if (encode_release(same) == encode_release(release) && is_missing(known) && !is_missing(release))
        known = release;
    }
  }

  Result<ReleaseEntry> read_release(const PackInfo& file) {
    TALARIA_TRY_ASSIGN(auto bytes, store_.get(release_name(file.digest)));
    if (digest_of(bytes.view()) != file.digest)
      return failure(errc::damaged, "its content doesn't have the digest that its name says");
    return decode_release(bytes.view());
  }

  // Also the order of the generations, as releases use them, and which page files are differences.
  Result<void> find_pages() {
    std::unordered_set<std::string> used;
    for (auto& release : found_.snapshot.releases) follow({release.pages, release.pages_size}, used);
    TALARIA_TRY_ASSIGN(auto files, files_in(store_, "pages/"));
    for (auto& file : files)
      if (!used.contains(pages_name(file.digest))) found_.loose_pages.push_back(file);
    for (auto& file : found_.loose_pages) follow(file, used);
    return {};
  }

  // A page file and those that it is a difference from.
  void follow(PackInfo pages, std::unordered_set<std::string>& used) {
    auto& deltas = found_.snapshot.deltas;
    while (used.insert(pages_name(pages.digest)).second) {
      auto file = PageFile::open(store_, pages.digest, pages.size);
      if (!file) {
        found(pages_name(pages.digest),
              file.error().code() == errc::not_found
                  ? Error{errc::damaged, "is missing: " + std::string(restore_advice)}
                  : file.error());
        return;
      }
      order_.insert(order_.end(), (*file)->generations().begin(), (*file)->generations().end());
      auto& reference = (*file)->reference_info();
      if (!reference) return;
      if (std::ranges::find(deltas, pages.digest, &PageDelta::pages) == deltas.end())
        deltas.push_back({pages.digest, *reference});
      pages = *reference;
    }
  }

  Result<void> find_packs() {
    auto& s = found_.snapshot;
    std::unordered_set<Digest, DigestHash> known;
    for (auto& pack : s.packs) known.insert(pack.digest);
    std::map<GenerationId, std::vector<PackInfo>> others;
    TALARIA_TRY_ASSIGN(auto files, files_in(store_, "packs/"));
    for (auto& file : files) {
      if (known.contains(file.digest)) continue;
      auto footer = read_pack_footer(store_, pack_name(file.digest), file.size);
      if (footer)
        others[footer->generation].push_back(file);
      else
        found_loose(pack_name(file.digest), footer.error());
    }
    for (auto& [generation, packs] : others) order_.push_back(generation);
    // Page files go on naming generations of which nothing is needed any more.
    for (auto& generation : order_) {
      auto place = s.generation(generation);
      if (!place) {
        place = static_cast<uint32_t>(s.generations.size());
        s.generations.push_back(generation);
      }
      auto at = others.find(generation);
      if (at == others.end()) continue;
      for (auto& pack : at->second) s.packs.push_back({pack, *place});
      others.erase(at);
    }
    return {};
  }

  const ObjectStore& store_;
  Recovery found_;
  std::vector<GenerationId> order_;
};

} // namespace

Result<std::vector<PackInfo>> files_in(const ObjectStore& store, const std::string& folder) {
  std::vector<PackInfo> files;
  TALARIA_TRY(store.list(folder, [&](const ObjectInfo& object) {
    auto digest = Digest::from_hex(std::string_view(object.name).substr(folder.size()));
    if (digest && folder + digest->hex() == object.name) files.push_back({*digest, object.size});
    return true;
  }));
  std::sort(files.begin(), files.end(),
            [](const PackInfo& a, const PackInfo& b) { return a.digest < b.digest; });
  return files;
}

Result<std::optional<FoundSnapshot>> newest_snapshot(const ObjectStore& store) {
  TALARIA_TRY_ASSIGN(auto files, files_in(store, "snapshots/"));
  std::optional<FoundSnapshot> newest;
  for (auto& file : files) {
    auto bytes = store.get(snapshot_name(file.digest));
    if (!bytes || digest_of(bytes->view()) != file.digest) continue;
    auto snapshot = Snapshot::decode(bytes->view());
    if (!snapshot) continue;
    if (!newest || std::tie(snapshot->serial, snapshot->created) >
                       std::tie(newest->snapshot.serial, newest->snapshot.created))
      newest = FoundSnapshot{file.digest, *std::move(snapshot)};
  }
  return newest;
}

Result<Recovery> recover(const ObjectStore& store) {
  return Search(store).run();
}

} // namespace talaria

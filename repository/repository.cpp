#include "repository/repository.hpp"

#include "core/try.hpp"
#include "repository/magic.hpp"

#include <algorithm>
#include <unordered_set>

namespace talaria {

namespace {

const std::string marker_name = "repository";
constexpr std::string_view marker_prefix = "talaria-repository ";
constexpr std::string_view marker = "talaria-repository 1\n";
const std::string main_ref = "main";
const std::string writer_lock = "writer";
constexpr const char* packs_folder = "packs/";
constexpr const char* index_folder = "index/";
constexpr std::string_view ref_prefix = "talaria-ref 1\n";

std::string ref_value_of(const Digest& snapshot) {
  return std::string(ref_prefix) + snapshot.hex() + "\n";
}

Result<Digest> digest_in_ref(std::string_view value) {
  // Compared with what a writer makes of the digest, so that no other spelling passes for it.
  if (value.size() == ref_prefix.size() + 2 * Digest::size + 1)
    if (auto digest = Digest::from_hex(value.substr(ref_prefix.size(), 2 * Digest::size));
        digest && ref_value_of(*digest) == value)
      return *digest;
  return failure(errc::damaged, "the ref 'main' is malformed: " + std::string(rebuild_advice));
}

bool is_marker_of_other_version(std::string_view bytes) {
  if (!bytes.starts_with(marker_prefix) || !bytes.ends_with('\n')) return false;
  bytes.remove_prefix(marker_prefix.size());
  bytes.remove_suffix(1);
  return !bytes.empty() &&
         std::all_of(bytes.begin(), bytes.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// What a snapshot names must be there: that it isn't is damage.
Error missing_is(errc code, const Error& error, const std::string& name, std::string_view advice) {
  if (error.code() != errc::not_found) return error;
  return {code, name + " is missing: " + std::string(advice)};
}

Result<Snapshot> read_snapshot(const ObjectStore& store, const Digest& digest) {
  auto name = snapshot_name(digest);
  TALARIA_TRY_ASSIGN(auto bytes, store.get(name));
  if (digest_of(bytes.view()) != digest)
    return failure(errc::damaged, name + " fails its checksum: " + std::string(rebuild_advice));
  auto snapshot = Snapshot::decode(bytes.view());
  if (!snapshot) return tl::unexpected(snapshot.error().within(name));
  return snapshot;
}

// The view that the ref points to now: `known`, if that is it.
Result<ViewPtr> current_view(const ObjectStore& store, const std::shared_ptr<PackRegistry>& registry,
                             const ViewPtr& known) {
  // A snapshot may be replaced and removed between reading the ref and reading the snapshot.
  for (std::string missing;;) {
    TALARIA_TRY_ASSIGN(auto value, store.read_ref(main_ref));
    if (!value)
      return failure(errc::damaged, "the ref 'main' of the repository at " + store.location() +
                                        " is missing: " + std::string(rebuild_advice));
    if (known && known->ref_value() == *value) return known;
    TALARIA_TRY_ASSIGN(auto digest, digest_in_ref(*value));
    auto snapshot = read_snapshot(store, digest);
    if (snapshot)
      return std::make_shared<const View>(store, registry, digest, *std::move(snapshot),
                                          *std::move(value), known);
    if (snapshot.error().code() != errc::not_found) return tl::unexpected(snapshot.error());
    if (missing == *value)
      return failure(errc::damaged, "the snapshot that the ref 'main' names is missing, " +
                                        snapshot.error().message() + ": " + std::string(rebuild_advice));
    missing = *value;
  }
}

} // namespace

uint64_t now_seconds() {
  return static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::seconds>(
                                   std::chrono::system_clock::now().time_since_epoch())
                                   .count());
}

View::View(const ObjectStore& store, std::shared_ptr<PackRegistry> registry, Digest digest,
           Snapshot snapshot, std::string ref_value, std::shared_ptr<const View> previous)
    : store_(store),
      registry_(std::move(registry)),
      digest_(digest),
      snapshot_(std::move(snapshot)),
      ref_value_(std::move(ref_value)) {
  // A view whose index was never opened has nothing to share: no chain of them is kept alive.
  if (!previous) return;
  std::lock_guard lock(previous->mutex_);
  previous_ = previous->index_ ? std::move(previous) : previous->previous_;
}

Result<DigestIndexPtr> View::index() const {
  std::lock_guard lock(mutex_);
  if (index_) return index_;
  auto index = open_index();
  if (!index && index.error().code() == errc::not_found) index = newer_index(index.error());
  if (!index) return index;
  index_ = *std::move(index);
  previous_.reset();
  return index_;
}

Result<DigestIndexPtr> View::open_index() const {
  std::unordered_map<std::string, SegmentPtr> open;
  if (previous_) {
    std::lock_guard previous_lock(previous_->mutex_);
    if (previous_->index_)
      for (auto& segment : previous_->index_->segments()) open.emplace(segment->name(), segment);
  }
  std::vector<SegmentPtr> segments;
  for (auto& info : snapshot_.segments) {
    auto name = segment_name(info.digest);
    auto known = open.find(name);
    if (known != open.end()) {
      segments.push_back(known->second);
      continue;
    }
    auto segment = Segment::open(store_, name);
    if (!segment)
      return tl::unexpected(missing_is(errc::not_found, segment.error(), name, rebuild_advice));
    segments.push_back(*std::move(segment));
  }
  return DigestIndex::open(snapshot_.generations, std::move(segments), snapshot_.removed, registry_);
}

// A segment goes with the commit that does without it. Generations keep their places in later
// snapshots and chunks their numbers, so the index of a later view answers for this one too.
Result<DigestIndexPtr> View::newer_index(const Error& missing) const {
  TALARIA_TRY_ASSIGN(auto newer, current_view(store_, registry_, previous_));
  if (newer->ref_value() != ref_value_) return newer->index();
  return failure(errc::damaged, missing.message());
}

Result<const ReleaseEntry*> View::release(const std::string& name, const std::string& version) const {
  bool name_known = false;
  for (auto i = snapshot_.releases.size(); i-- > 0;) {
    auto& release = snapshot_.releases[i];
    if (release.name != name) continue;
    name_known = true;
    if (version.empty() || release.version == version) return &release;
  }
  return failure(errc::not_found,
                 name_known ? "database " + name + " has no release " + version +
                                  ": `talaria releases " + name + "` lists them"
                            : "no database is called " + name + ": `talaria releases` lists them");
}

Result<PageFilePtr> View::pages(const ReleaseEntry& release) const {
  auto file = PageFile::open(store_, release.pages, release.pages_size);
  if (!file)
    return tl::unexpected(
        missing_is(errc::damaged, file.error(), pages_name(release.pages), restore_advice));
  return file;
}

Repository::Repository(ObjectStore& store) : store_(store), registry_(std::make_shared<PackRegistry>()) {
  registry_->set_locate([this](Kind kind, const Number& number) { return locate_now(kind, number); });
}

Repository::~Repository() {
  registry_->set_locate({});
}

// Generations keep their places in later snapshots, so a number is what it was.
Result<BlockPlace> Repository::locate_now(Kind kind, const Number& number) {
  TALARIA_TRY_ASSIGN(auto newest, view());
  TALARIA_TRY_ASSIGN(auto index, newest->index());
  if (index->contains(kind, number)) return index->locate(kind, number);
  return failure(errc::not_found, std::string(to_string(kind)) + " " + std::to_string(number.ordinal) +
                                      " of generation " + std::to_string(number.generation) +
                                      " was removed meanwhile");
}

ViewPtr Repository::last_view() const {
  std::lock_guard lock(mutex_);
  return current_;
}

Result<void> Repository::create(ObjectStore& store) {
  auto there = store.stat(marker_name);
  if (there) return failure(errc::exists, "there is a repository at " + store.location() + " already");
  if (there.error().code() != errc::not_found) return tl::unexpected(there.error());
  Snapshot empty;
  empty.created = now_seconds();
  auto bytes = empty.encode();
  auto digest = digest_of(bytes);
  TALARIA_TRY(store.put(snapshot_name(digest), bytes));
  TALARIA_TRY_ASSIGN(auto swapped, store.compare_and_swap(main_ref, std::nullopt, ref_value_of(digest)));
  // Another process may have been making it at the same time, or died before the marker was there.
  if (!swapped) {
    TALARIA_TRY_ASSIGN(auto value, store.read_ref(main_ref));
    if (value) TALARIA_TRY(digest_in_ref(*value));
  }
  TALARIA_TRY_ASSIGN(auto first, store.put_if_absent(marker_name, marker));
  if (!first) return failure(errc::exists, "there is a repository at " + store.location() + " already");
  return {};
}

Result<std::unique_ptr<Repository>> Repository::open(ObjectStore& store) {
  auto found = store.get(marker_name);
  if (!found) {
    if (found.error().code() == errc::not_found)
      return failure(errc::no_repository,
                     "there is no repository at " + store.location() + ": `talaria init` makes one");
    return tl::unexpected(found.error());
  }
  if (found->view() == marker) return std::unique_ptr<Repository>(new Repository(store));
  if (is_marker_of_other_version(found->view()))
    return failure(errc::unsupported_input, "the repository at " + store.location() +
                                                " has a newer format than this program reads");
  return failure(errc::damaged, "the file 'repository' at " + store.location() +
                                    " is damaged: it should read '" +
                                    std::string(marker.substr(0, marker.size() - 1)) + "'");
}

Result<ViewPtr> Repository::view() {
  std::lock_guard lock(mutex_);
  TALARIA_TRY_ASSIGN(current_, current_view(store_, registry_, current_));
  return current_;
}

Result<ViewPtr> Repository::commit(const View& base, Snapshot next) {
  next.serial = base.snapshot().serial + 1;
  next.parent = base.digest();
  TALARIA_TRY(put_releases(base.snapshot(), next));
  return publish(base.ref_value(), std::move(next));
}

Result<ViewPtr> Repository::publish(std::optional<std::string_view> expected, Snapshot next) {
  next.created = now_seconds();
  auto bytes = next.encode();
  auto digest = digest_of(bytes);
  TALARIA_TRY(store_.put(snapshot_name(digest), bytes));
  auto value = ref_value_of(digest);
  TALARIA_TRY_ASSIGN(auto swapped, store_.compare_and_swap(main_ref, expected, value));
  if (!swapped) return failure(errc::conflict, "another writer committed first");
  std::lock_guard lock(mutex_);
  current_ = std::make_shared<const View>(store_, registry_, digest, std::move(next), std::move(value),
                                          current_);
  return current_;
}

Result<void> Repository::put_releases(const Snapshot& base, const Snapshot& next) {
  std::unordered_set<std::string> known;
  for (auto& release : base.releases) known.insert(encode_release(release));
  for (auto& release : next.releases) {
    auto bytes = encode_release(release);
    if (!known.contains(bytes)) TALARIA_TRY(store_.put(release_name(digest_of(bytes)), bytes));
  }
  return {};
}

Result<std::optional<std::string>> Repository::ref_value() const {
  return store_.read_ref(main_ref);
}

Result<std::unique_ptr<ObjectLock>> Repository::lock_for_rebuilding(std::chrono::milliseconds patience) {
  return store_.lock(writer_lock, patience);
}

Result<std::unique_ptr<ObjectLock>> Repository::lock_for_writing(std::chrono::milliseconds patience) {
  TALARIA_TRY_ASSIGN(auto lock, store_.lock(writer_lock, patience));
  TALARIA_TRY(store_.remove_unfinished());
  TALARIA_TRY(sweep(true));
  return lock;
}

void Repository::remove_replaced(const Snapshot& before, const Snapshot& now) {
  auto named = now.file_names();
  for (auto& name : before.file_names()) {
    if (named.contains(name)) continue;
    bool only_here = name.starts_with(packs_folder) || name.starts_with(index_folder);
    if (only_here || store_.capabilities().lock) (void)store_.remove(name);
  }
}

Result<void> Repository::remove_unnamed() {
  return sweep(false);
}

// Under the writer's lock nothing is being added, so what neither the snapshot nor its parent names is
// left over. What the parent names goes with the commit that does without it; if that was cut short, it
// is kept until another one is durable, since the swap of the ref may not have been.
Result<void> Repository::sweep(bool keep_parent) {
  if (!store_.capabilities().lock) return {};
  TALARIA_TRY_ASSIGN(auto current, view());
  auto& snapshot = current->snapshot();
  std::unordered_set<std::string> alive{snapshot_name(current->digest())};
  alive.merge(snapshot.file_names());
  if (keep_parent) {
    alive.insert(snapshot_name(snapshot.parent));
    if (auto parent = read_snapshot(store_, snapshot.parent)) alive.merge(parent->file_names());
  }
  std::vector<std::string> dead;
  for (auto* folder : {packs_folder, index_folder, "pages/", "releases/", "snapshots/"})
    TALARIA_TRY(store_.list(folder, [&](const ObjectInfo& object) {
      if (!alive.contains(object.name)) dead.push_back(object.name);
      return true;
    }));
  for (auto& name : dead)
    if (auto removed = store_.remove(name); !removed && removed.error().code() != errc::not_found)
      return removed;
  return {};
}

} // namespace talaria

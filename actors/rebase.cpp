#include "actors/operation.hpp"
#include "repository/page_reference.hpp"
#include "repository/page_rewrite.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <unordered_set>

namespace talaria::actors {

namespace {

uint64_t page_bytes(const Snapshot& snapshot) {
  uint64_t bytes = 0;
  for (auto& file : snapshot.page_files()) bytes += file.size;
  return bytes;
}

// The releases of a snapshot, in the order of their commits, each written anew if it has to be.
class Rebasing {
public:
  Rebasing(Operation& op, const RebaseOptions& options) : op_(op), options_(options) {}
  ~Rebasing();
  Rebasing(const Rebasing&) = delete;
  Rebasing& operator=(const Rebasing&) = delete;

  Result<RebaseReport> run() {
    if (!options_.dry_run) {
      TALARIA_TRY_ASSIGN(lock_, op_.core->repository->lock_for_writing(op_.core->settings.lock_wait));
    }
    TALARIA_TRY_ASSIGN(view_, op_.core->repository->view());
    next_ = view_->snapshot();
    report_.releases = next_.releases.size();
    report_.page_bytes_before = page_bytes(next_);
    total_ = report_.page_bytes_before;
    TALARIA_TRY(choose_named());
    for (std::size_t i = 0; i < next_.releases.size(); ++i) TALARIA_TRY(take(i));
    next_.drop_unused_deltas();
    if (!written_.empty()) TALARIA_TRY(publish());
    report_.page_bytes_after = options_.dry_run ? 0 : page_bytes(next_);
    return std::move(report_);
  }

  // Whether a dry run, which holds no lock, missed what others took away meanwhile.
  bool must_look_again(const Error& error) const {
    return options_.dry_run && view_ && may_have_gone(*op_.core, *view_, error);
  }

private:
  using Names = std::unordered_set<std::string>;

  ObjectStore& objects() const { return *op_.core->objects; }
  unsigned bound() const { return op_.core->settings.page_chain; }

  Result<void> choose_named() {
    for (auto& text : options_.releases) {
      TALARIA_TRY_ASSIGN(auto name, parse_release(text));
      TALARIA_TRY_ASSIGN(auto* release, view_->release(name.name, name.version));
      named_.insert(release->pages);
    }
    return {};
  }

  // Whether a page file must be written anew: its chain is too long, or goes back to one that was.
  bool must(const PageFile& file) const {
    auto chosen = named_.empty() || named_.contains(file.info().digest);
    if (chosen && file.depth() > bound()) return true;
    auto chain = view_->snapshot().references(file.info().digest);
    return std::ranges::any_of(
        chain, [&](const PackInfo& reference) { return replaced_.contains(reference.digest); });
  }

  Result<void> take(std::size_t place) {
    TALARIA_TRY(op_.check_cancelled());
    auto& release = next_.releases[place];
    // Releases of equal content share a page file.
    if (auto known = replaced_.find(release.pages); known != replaced_.end()) {
      release.pages = known->second.digest;
      release.pages_size = known->second.size;
      return {};
    }
    TALARIA_TRY_ASSIGN(auto file, view_->pages(release));
    bool needed = must(*file);
    if (!needed && !named_.contains(release.pages)) return {};
    RebasedRelease rebased{release.name + "@" + release.version, file->depth(), 0, release.pages_size,
                           0};
    if (options_.dry_run) {
      replaced_.emplace(release.pages, file->info());
      report_.rebased.push_back(std::move(rebased));
      return {};
    }
    TALARIA_TRY_ASSIGN(auto made, write(place, *file));
    // One that was asked for without need is kept if it isn't smaller so.
    if (made.file.digest == release.pages || (!needed && made.file.size >= release.pages_size))
      return {};
    rebased.chain_after = made.depth;
    rebased.bytes_after = made.file.size;
    report_.rebased.push_back(std::move(rebased));
    put_in_place(release, made);
    return {};
  }

  // As an ingest would after the releases before it.
  Result<RewrittenPages> write(std::size_t place, const PageFile& file) {
    Snapshot before;
    before.releases.assign(next_.releases.begin(),
                           next_.releases.begin() + static_cast<std::ptrdiff_t>(place));
    auto candidates = reference_candidates(objects(), before, next_.releases[place].name, bound());
    std::erase_if(candidates, [&](auto& candidate) { return candidate->info() == file.info(); });
    auto size = file.info().size;
    auto step = [&](double share) -> Result<void> {
      TALARIA_TRY(op_.check_cancelled());
      op_.report("rebasing", done_ + static_cast<uint64_t>(share * static_cast<double>(size)), total_);
      return {};
    };
    auto made = rewrite_pages(objects(), file, std::move(candidates), step);
    if (!made)
      return tl::unexpected(
          made.error().within(next_.releases[place].name + "@" + next_.releases[place].version));
    done_ += size;
    written_.push_back(made->file);
    return made;
  }

  void put_in_place(ReleaseEntry& release, const RewrittenPages& made) {
    replaced_.emplace(release.pages, made.file);
    release.pages = made.file.digest;
    release.pages_size = made.file.size;
    if (made.reference &&
        std::ranges::find(next_.deltas, made.file.digest, &PageDelta::pages) == next_.deltas.end())
      next_.deltas.push_back({made.file.digest, *made.reference});
  }

  Result<void> publish() {
    if (replaced_.empty()) return {};
    auto done = op_.core->repository->commit(*view_, next_);
    if (!done) {
      // The swap may have happened all the same: then nothing of it may go.
      auto now = op_.core->repository->view();
      uncertain_ = !now || (*now)->ref_value() != view_->ref_value();
      return tl::unexpected(done.error());
    }
    published_ = true;
    op_.core->repository->remove_replaced(view_->snapshot(), next_);
    return {};
  }

  void remove(const Names& names, const Names& keeping) const {
    if (!objects().capabilities().lock) return;
    for (auto& name : names)
      if (!keeping.contains(name)) (void)objects().remove(name);
  }

  Operation& op_;
  const RebaseOptions& options_;
  std::unique_ptr<ObjectLock> lock_;
  ViewPtr view_;
  Snapshot next_;
  std::set<Digest> named_;              // page files of the releases that were asked for
  std::map<Digest, PackInfo> replaced_; // old page files, and what took their places
  std::vector<PackInfo> written_;
  RebaseReport report_;
  uint64_t done_ = 0;
  uint64_t total_ = 0;
  bool published_ = false;
  bool uncertain_ = false;
};

// What no snapshot names goes.
Rebasing::~Rebasing() {
  if (written_.empty() || uncertain_) return;
  Names names;
  for (auto& file : written_) names.insert(pages_name(file.digest));
  remove(names, (published_ ? next_ : view_->snapshot()).file_names());
}

} // namespace

Result<RebaseReport> rebase(Operation& op, const RebaseOptions& options) {
  while (true) {
    Rebasing rebasing(op, options);
    auto report = rebasing.run();
    if (report || !rebasing.must_look_again(report.error())) return report;
  }
}

} // namespace talaria::actors

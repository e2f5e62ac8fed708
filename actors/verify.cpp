#include "actors/operation.hpp"
#include "repository/open_page.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace talaria::actors {

namespace {

// All checks answer the same, so their requests wait in one line.
using CheckRequest = decltype(std::declval<caf::blocking_actor*>()->request(
    std::declval<verifier_actor>(), caf::infinite, check_file_atom_v, std::declval<Local<FileCheck>>()));

constexpr std::size_t blocks_per_job = 32;
constexpr std::size_t values_per_job = 16;

// What it costs to check a record of a release or an entry of the index, what a difference refers to,
// and a long value, in bytes of blocks that would take as long.
constexpr uint64_t record_weight = 16;
constexpr uint64_t reference_weight = uint64_t{16} << 10;
constexpr uint64_t value_weight = uint64_t{1} << 20;

class Verification {
public:
  Verification(Operation& op, const VerifyOptions& options)
      : op_(op),
        options_(options),
        load_(op.services->verifiers.size()),
        references_(std::make_shared<BlockCache>(op.core->settings.resolved_cache())) {}

  Result<VerifyReport> run();

private:
  struct OpenFinding {
    Finding finding;
    std::set<std::string> releases;
    bool all_releases = false;
  };
  struct Check { // under way
    CheckRequest request;
    std::size_t verifier = 0;
    uint64_t weight = 0;
  };

  std::string label(const ReleaseEntry& release) const { return release.name + "@" + release.version; }
  void found(std::string object, const Error& error, bool all_releases = false) {
    found_.push_back({{std::move(object), error, {}, {}}, {}, all_releases});
  }
  void merge(const CheckReport& report);

  Result<void> check_files();
  Result<void> open_index();
  Result<void> check_pages();
  Result<void> check_packs();
  Result<void> check_pack(const Snapshot::Pack& pack);
  void check_footer(const Snapshot::Pack& pack, const PackFooter& footer);
  bool sampled();
  Result<void> check_values();

  // Gives a job to the verifier that has least to do, after waiting for the oldest job if too many are
  // under way. `weight`: what it costs, in bytes of blocks that would take as long.
  template <class Atom, class Job>
  Result<void> send(Atom atom, Job job, uint64_t weight) {
    TALARIA_TRY(op_.check_cancelled());
    if (checks_.size() >= 2 * op_.window()) TALARIA_TRY(take());
    auto verifier = static_cast<std::size_t>(std::ranges::min_element(load_) - load_.begin());
    load_[verifier] += weight;
    checks_.push_back({op_.self->request(op_.services->verifiers[verifier], caf::infinite, atom,
                                         local(std::move(job))),
                       verifier, weight});
    return {};
  }
  Result<void> take();
  Result<void> take_all();
  void drop_what_went();
  void attribute_records();
  std::vector<std::set<std::string>> page_files_of_releases() const;
  void attribute_references();
  void attribute();
  std::map<uint64_t, std::vector<std::size_t>> damaged_packs() const;

  Operation& op_;
  const VerifyOptions& options_;
  ViewPtr view_;
  DigestIndexPtr index_;
  std::map<std::size_t, PageFilePtr> pages_; // by place of the release; those that open
  std::vector<OpenFinding> found_;
  std::deque<Check> checks_;
  std::vector<uint64_t> load_; // of each verifier: the weights of its jobs under way
  // Of this verification alone: what an older read has kept says nothing about the files.
  std::shared_ptr<BlockCache> references_;
  std::vector<std::pair<Kind, Number>> lists_;
  VerifyReport report_;
  uint64_t stored_done_ = 0;
  uint64_t stored_total_ = 0;
  double sample_owed_ = 1; // so that the first block is always read
};

Result<VerifyReport> Verification::run() {
  if (!(options_.sample_percent > 0 && options_.sample_percent <= 100))
    return failure(errc::invalid_argument, "a sample is a percentage above 0 and up to 100");
  auto view = op_.core->repository->view();
  if (!view && view.error().code() != errc::damaged) return tl::unexpected(view.error());
  report_.data_read = !options_.quick;
  ++report_.files;
  if (!view) {
    // Without a snapshot there is nothing to check against, and no release can be named.
    report_.damages.push_back({"refs/main", view.error().message(), {}, true});
    report_.data_read = false;
    return report_;
  }
  view_ = *view;
  // An index that was opened after a collection would lack what this view names.
  while (view_->index() && has_moved(*op_.core, *view_)) {
    TALARIA_TRY_ASSIGN(view_, op_.core->repository->view());
  }
  report_.releases = view_->snapshot().releases.size();
  TALARIA_TRY(open_index());
  TALARIA_TRY(check_files());
  TALARIA_TRY(check_pages());
  TALARIA_TRY(check_packs());
  TALARIA_TRY(take_all());
  TALARIA_TRY(check_values());
  drop_what_went();
  attribute_records();
  attribute_references();
  attribute();
  return report_;
}

void Verification::merge(const CheckReport& report) {
  for (auto& finding : report.findings) found_.push_back({finding, {}, false});
  lists_.insert(lists_.end(), report.lists.begin(), report.lists.end());
  report_.blocks += report.blocks;
  report_.chunks += report.chunks;
  report_.bytes += report.bytes;
}

// The content of each immutable file must have the digest that is its name. Packs are large: quick and
// sampled verifications leave them to their checksums.
Result<void> Verification::check_files() {
  auto& snapshot = view_->snapshot();
  std::vector<FileCheck> checks;
  // Open segments are checked as they are open: their files may be merged and removed meanwhile.
  if (!index_)
    for (auto& segment : snapshot.segments)
      checks.push_back({segment_name(segment.digest), segment.digest, segment.size});
  auto page_files = snapshot.page_files();
  for (auto& file : page_files) checks.push_back({pages_name(file.digest), file.digest, file.size});
  for (auto& release : snapshot.releases) {
    auto bytes = encode_release(release);
    auto digest = digest_of(bytes);
    checks.push_back({release_name(digest), digest, bytes.size()});
  }
  if (!options_.quick && options_.sample_percent >= 100)
    for (auto& pack : snapshot.packs) checks.push_back({pack_name(pack.digest), pack.digest, pack.size});
  report_.files +=
      snapshot.segments.size() + page_files.size() + snapshot.releases.size() + snapshot.packs.size();
  for (auto& check : checks) {
    auto weight = check.size / 3;
    TALARIA_TRY(send(check_file_atom_v, std::move(check), weight));
  }
  return {};
}

Result<void> Verification::take() {
  auto check = std::move(checks_.front());
  checks_.pop_front();
  TALARIA_TRY_ASSIGN(auto report, await<CheckReport>(check.request));
  load_[check.verifier] -= check.weight;
  merge(*report);
  return {};
}

Result<void> Verification::take_all() {
  while (!checks_.empty()) TALARIA_TRY(take());
  return {};
}

Result<void> Verification::open_index() {
  auto index = view_->index();
  if (!index) {
    found("index", index.error(), true);
    return {};
  }
  index_ = *index;
  for (auto& segment : index_->segments())
    TALARIA_TRY(send(check_segment_atom_v, SegmentCheck{segment}, segment->slots() * record_weight));
  return {};
}

Result<void> Verification::check_pages() {
  auto& releases = view_->snapshot().releases;
  for (std::size_t i = 0; i < releases.size(); ++i) {
    auto name = pages_name(releases[i].pages);
    auto file = view_->pages(releases[i]);
    if (!file) {
      found(name, file.error());
      continue;
    }
    pages_[i] = *file;
    if (index_)
      TALARIA_TRY(send(check_pages_atom_v, PagesCheck{index_, *file, name, releases[i].records},
                       releases[i].records * record_weight));
  }
  return {};
}

Result<void> Verification::check_packs() {
  for (auto& pack : view_->snapshot().packs) stored_total_ += pack.size;
  for (auto& pack : view_->snapshot().packs) TALARIA_TRY(check_pack(pack));
  return {};
}

Result<void> Verification::check_pack(const Snapshot::Pack& pack) {
  auto name = pack_name(pack.digest);
  auto footer = read_pack_footer(*op_.core->objects, name, pack.size);
  if (!footer) {
    found(name, footer.error());
    return {};
  }
  check_footer(pack, *footer);
  if (options_.quick) return {};
  BlockCheck job{index_, footer->generation, {}, references_};
  uint64_t bytes = 0;
  auto& registry = op_.core->repository->registry();
  for (auto& block : footer->blocks) {
    stored_done_ += block.stored;
    if (!sampled()) continue;
    if (block.differences) {
      BlockCheck alone{index_, footer->generation, {{registry->id(pack.digest), block}}, references_};
      TALARIA_TRY(
          send(check_blocks_atom_v, std::move(alone), block.raw + block.count * reference_weight));
      continue;
    }
    job.places.push_back({registry->id(pack.digest), block});
    bytes += block.raw;
    if (job.places.size() < blocks_per_job) continue;
    TALARIA_TRY(send(check_blocks_atom_v, job, bytes));
    job.places.clear();
    bytes = 0;
  }
  if (!job.places.empty()) TALARIA_TRY(send(check_blocks_atom_v, std::move(job), bytes));
  op_.report("verifying", stored_done_, stored_total_);
  return {};
}

void Verification::check_footer(const Snapshot::Pack& pack, const PackFooter& footer) {
  if (footer.generation != view_->snapshot().generations[pack.generation])
    found(pack_name(pack.digest),
          {errc::damaged, "belongs to another generation than the snapshot says"});
}

// Every so many blocks, evenly over the repository; another part at each run would need memory of the
// last.
bool Verification::sampled() {
  sample_owed_ += options_.sample_percent / 100;
  if (sample_owed_ < 1 - 1e-9) return false;
  sample_owed_ -= 1;
  return true;
}

Result<void> Verification::check_values() {
  if (!index_) return {};
  std::sort(lists_.begin(), lists_.end());
  for (std::size_t at = 0; at < lists_.size();) {
    ValueCheck job{index_, lists_[at].first, {}, references_};
    for (; at < lists_.size() && lists_[at].first == job.kind && job.numbers.size() < values_per_job;
         ++at)
      job.numbers.push_back(lists_[at].second);
    auto weight = job.numbers.size() * value_weight;
    TALARIA_TRY(send(check_values_atom_v, std::move(job), weight));
  }
  return take_all();
}

// What was removed or rewritten meanwhile is missed here, but not by the repository: files that the
// newest snapshot doesn't name, and chunks that it doesn't have.
void Verification::drop_what_went() {
  if (found_.empty()) return;
  auto now = op_.core->repository->view();
  if (!now || (*now)->ref_value() == view_->ref_value()) return;
  auto named = (*now)->snapshot().file_names();
  auto index = (*now)->index();
  std::erase_if(found_, [&](OpenFinding& open) {
    auto& finding = open.finding;
    if (finding.object.empty() && index)
      std::erase_if(finding.values,
                    [&](const auto& value) { return !(*index)->contains(value.first, value.second); });
    return finding.object.empty()
               ? finding.values.empty()
               : finding.object.find('/') != std::string::npos && !named.contains(finding.object);
  });
}

// The records of a release lie in damaged blocks, packs and values, or they don't: found out only if
// there are any. What can't be read here was reported when the pages were checked.
void Verification::attribute_records() {
  if (!index_) return;
  std::map<uint64_t, std::vector<std::size_t>> by_block;
  auto by_pack = damaged_packs();
  std::map<std::pair<Kind, Number>, std::vector<std::size_t>> by_value;
  for (std::size_t i = 0; i < found_.size(); ++i) {
    for (auto block : found_[i].finding.blocks) by_block[block].push_back(i);
    for (auto& value : found_[i].finding.values) by_value[value].push_back(i);
  }
  if (by_block.empty() && by_pack.empty() && by_value.empty()) return;
  for (auto& [release, file] : pages_) {
    auto hit = [&](const std::vector<std::size_t>& findings) {
      for (auto i : findings) found_[i].releases.insert(label(view_->snapshot().releases[release]));
    };
    auto look = [&](Kind kind, const Number& number) {
      if (auto at = by_value.find({kind, number}); at != by_value.end()) hit(at->second);
      auto place = index_->locate(kind, number);
      if (!place) return;
      if (auto at = by_block.find(place->key()); at != by_block.end()) hit(at->second);
      if (auto at = by_pack.find(place->pack); at != by_pack.end()) hit(at->second);
    };
    for (std::size_t i = 0; i < file->pages().size(); ++i) {
      auto page = open_page(*op_.core->objects, *file, i, *index_);
      if (!page) continue;
      for (auto& row : (*page)->page.rows) {
        look(Kind::header, row.header);
        look(Kind::sequence, row.sequence);
      }
      for (auto& layout : (*page)->page.layouts)
        if (layout.form == RecordLayout::Form::stored) look(Kind::text, layout.text);
    }
  }
}

// Packs in which something is wrong, but not in a block that is known: then all of the pack is in doubt.
std::map<uint64_t, std::vector<std::size_t>> Verification::damaged_packs() const {
  std::set<std::string> known;
  for (auto& open : found_)
    if (!open.finding.blocks.empty()) known.insert(open.finding.object);
  std::map<uint64_t, std::vector<std::size_t>> packs;
  for (auto& pack : view_->snapshot().packs) {
    auto name = pack_name(pack.digest);
    if (known.contains(name)) continue;
    for (std::size_t i = 0; i < found_.size(); ++i)
      if (found_[i].finding.object == name)
        packs[op_.core->repository->registry()->id(pack.digest)].push_back(i);
  }
  return packs;
}

// The page files that each release needs: its own, and those that it goes back to.
std::vector<std::set<std::string>> Verification::page_files_of_releases() const {
  std::vector<std::set<std::string>> files;
  for (auto& release : view_->snapshot().releases) {
    auto& own = files.emplace_back();
    own.insert(pages_name(release.pages));
    for (auto& reference : view_->snapshot().references(release.pages))
      own.insert(pages_name(reference.digest));
  }
  return files;
}

// A page that can't be read for a file that it goes back to is that file's damage.
void Verification::attribute_references() {
  auto& snapshot = view_->snapshot();
  for (auto& release : snapshot.releases)
    for (auto& reference : snapshot.references(release.pages)) {
      auto name = pages_name(reference.digest);
      for (auto& open : found_)
        if (open.finding.object == pages_name(release.pages) &&
            open.finding.error.message().find(name) != std::string::npos)
          open.finding.object = name;
    }
}

// One damage a file: what was found in it, and all releases that it hits.
void Verification::attribute() {
  auto& releases = view_->snapshot().releases;
  auto page_files = page_files_of_releases();
  std::map<std::string, std::size_t> places;
  for (auto& open : found_) {
    auto& f = open.finding;
    for (std::size_t i = 0; i < releases.size(); ++i)
      if (open.all_releases || page_files[i].contains(f.object) || f.object.starts_with("index/"))
        open.releases.insert(label(releases[i]));
    // A value lies in a pack that has a finding of its own.
    if (f.object.empty()) f.object = "packs";
    auto [at, fresh] = places.try_emplace(f.object, report_.damages.size());
    bool derived = f.object.starts_with("index") || f.object.starts_with("releases/");
    if (fresh) report_.damages.push_back({f.object, {}, {}, derived});
    auto& damage = report_.damages[at->second];
    auto& message = f.error.message();
    if (damage.message.find(message) == std::string::npos)
      damage.message += (damage.message.empty() ? "" : "; ") + message;
    std::set<std::string> hit(damage.releases.begin(), damage.releases.end());
    hit.insert(open.releases.begin(), open.releases.end());
    damage.releases.assign(hit.begin(), hit.end());
  }
}

} // namespace

Result<VerifyReport> verify(Operation& op, const VerifyOptions& options) {
  return Verification(op, options).run();
}

} // namespace talaria::actors

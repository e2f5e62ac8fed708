#include "actors/operation.hpp"

#include <map>
#include <set>

namespace talaria::actors {

namespace {

// All checks answer the same, so their requests wait in one line.
using CheckRequest = decltype(std::declval<caf::blocking_actor*>()->request(
    std::declval<verifier_actor>(), caf::infinite, check_file_atom_v, std::declval<Local<FileCheck>>()));

constexpr std::size_t blocks_per_job = 32;
constexpr std::size_t values_per_job = 16;

class Verification {
public:
  Verification(Operation& op, const VerifyOptions& options) : op_(op), options_(options) {}

  Result<VerifyReport> run();

private:
  struct OpenFinding {
    Finding finding;
    std::set<std::string> releases;
    bool all_releases = false;
  };

  std::string label(const ReleaseEntry& release) const { return release.name + "@" + release.version; }
  void found(std::string object, const Error& error, bool all_releases = false) {
    found_.push_back({{std::move(object), error.message(), {}, {}}, {}, all_releases});
  }
  void merge(const CheckReport& report);

  Result<void> check_files();
  Result<void> open_index();
  void open_pages();
  Result<void> check_packs();
  Result<void> check_pack(const Snapshot::Pack& pack);
  void check_footer(const Snapshot::Pack& pack, const PackFooter& footer);
  bool sampled();
  Result<void> check_values();

  // Gives a job to a verifier, after waiting for the oldest if too many are under way.
  template <class Atom, class Job>
  Result<void> send(Atom atom, Job job) {
    TALARIA_TRY(op_.check_cancelled());
    if (checks_.size() >= 2 * op_.window()) TALARIA_TRY(take());
    checks_.push_back(op_.self->request(verifier(), caf::infinite, atom, local(std::move(job))));
    return {};
  }
  Result<void> take();
  Result<void> take_all();
  void check_rows();
  void attribute();
  std::map<uint64_t, std::vector<std::size_t>> damaged_packs() const;

  const verifier_actor& verifier() {
    auto& pool = op_.services->verifiers;
    return pool[next_verifier_++ % pool.size()];
  }

  Operation& op_;
  const VerifyOptions& options_;
  ViewPtr view_;
  DigestIndexPtr index_;
  std::map<std::size_t, PageFilePtr> pages_; // by place of the release; those that open
  std::vector<OpenFinding> found_;
  std::deque<CheckRequest> checks_;
  std::vector<std::pair<Kind, Number>> lists_;
  VerifyReport report_;
  uint64_t stored_done_ = 0;
  uint64_t stored_total_ = 0;
  double sample_owed_ = 1; // so that the first block is always read
  std::size_t next_verifier_ = 0;
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
  report_.releases = view_->snapshot().releases.size();
  TALARIA_TRY(open_index());
  open_pages();
  TALARIA_TRY(check_files());
  TALARIA_TRY(check_packs());
  TALARIA_TRY(take_all());
  TALARIA_TRY(check_values());
  check_rows();
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
  for (auto& segment : snapshot.segments)
    checks.push_back({segment_name(segment.digest), segment.digest, segment.size});
  for (auto& release : snapshot.releases)
    checks.push_back({pages_name(release.pages), release.pages, release.pages_size});
  for (auto& release : snapshot.releases) {
    auto bytes = encode_release(release);
    auto digest = digest_of(bytes);
    checks.push_back({release_name(digest), digest, bytes.size()});
  }
  if (!options_.quick && options_.sample_percent >= 100)
    for (auto& pack : snapshot.packs) checks.push_back({pack_name(pack.digest), pack.digest, pack.size});
  report_.files += snapshot.segments.size() + 2 * snapshot.releases.size() + snapshot.packs.size();
  for (auto& check : checks) TALARIA_TRY(send(check_file_atom_v, std::move(check)));
  return {};
}

Result<void> Verification::take() {
  TALARIA_TRY_ASSIGN(auto report, await<CheckReport>(checks_.front()));
  checks_.pop_front();
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
    TALARIA_TRY(send(check_segment_atom_v, SegmentCheck{segment}));
  return {};
}

void Verification::open_pages() {
  auto& releases = view_->snapshot().releases;
  for (std::size_t i = 0; i < releases.size(); ++i) {
    auto file = view_->pages(releases[i]);
    if (file) {
      pages_[i] = *file;
      continue;
    }
    found(pages_name(releases[i].pages), file.error());
    found_.back().releases.insert(label(releases[i]));
  }
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
  BlockCheck job{index_, footer->generation, {}};
  auto& registry = op_.core->repository->registry();
  for (auto& block : footer->blocks) {
    stored_done_ += block.stored;
    if (!sampled()) continue;
    job.places.push_back({registry->id(pack.digest), block});
    if (job.places.size() < blocks_per_job) continue;
    TALARIA_TRY(send(check_blocks_atom_v, job));
    job.places.clear();
  }
  if (!job.places.empty()) TALARIA_TRY(send(check_blocks_atom_v, std::move(job)));
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
    ValueCheck job{index_, lists_[at].first, {}};
    for (; at < lists_.size() && lists_[at].first == job.kind && job.numbers.size() < values_per_job;
         ++at)
      job.numbers.push_back(lists_[at].second);
    TALARIA_TRY(send(check_values_atom_v, std::move(job)));
  }
  return take_all();
}

// Every record must name chunks that exist; and what lies in damaged blocks hits the release.
void Verification::check_rows() {
  if (!index_) return;
  std::map<uint64_t, std::vector<std::size_t>> by_block;
  auto by_pack = damaged_packs();
  std::map<std::pair<Kind, Number>, std::vector<std::size_t>> by_value;
  for (std::size_t i = 0; i < found_.size(); ++i) {
    for (auto block : found_[i].finding.blocks) by_block[block].push_back(i);
    for (auto& value : found_[i].finding.values) by_value[value].push_back(i);
  }
  bool anything = !by_block.empty() || !by_pack.empty() || !by_value.empty();
  auto& releases = view_->snapshot().releases;
  for (auto& opened : pages_) {
    auto place = opened.first;
    auto& file = opened.second;
    auto name = label(releases[place]);
    auto hit = [&](const std::vector<std::size_t>& findings) {
      for (auto i : findings) found_[i].releases.insert(name);
    };
    auto check = [&](Kind kind, const Number& number) -> Result<void> {
      // Where a chunk lies only matters when something is damaged; that it exists is known without
      // reading.
      if (!anything) {
        if (!index_->contains(kind, number)) return index_->locate(kind, number).map([](const auto&) {});
        return {};
      }
      if (auto at = by_value.find({kind, number}); at != by_value.end()) hit(at->second);
      TALARIA_TRY_ASSIGN(auto at, index_->locate(kind, number));
      if (auto b = by_block.find(at.key()); b != by_block.end()) hit(b->second);
      if (auto p = by_pack.find(at.pack); p != by_pack.end()) hit(p->second);
      return {};
    };
    auto check_all = [&]() -> Result<uint64_t> {
      uint64_t records = 0;
      for (std::size_t i = 0; i < file->pages().size(); ++i) {
        TALARIA_TRY_ASSIGN(auto page, open_page(*op_.core->objects, *file, i, *index_));
        for (auto& row : page->page.rows) {
          TALARIA_TRY(check(Kind::header, row.header));
          TALARIA_TRY(check(Kind::sequence, row.sequence));
        }
        for (auto& layout : page->page.layouts)
          if (layout.form == RecordLayout::Form::stored) TALARIA_TRY(check(Kind::text, layout.text));
        records += page->page.rows.size();
      }
      return records;
    };
    auto records = check_all();
    if (records && *records == releases[place].records) continue;
    found(pages_name(releases[place].pages),
          records ? Error{errc::damaged, "holds another number of records than the snapshot says"}
                  : records.error());
    found_.back().releases.insert(name);
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

// One damage a file: what was found in it, and all releases that it hits.
void Verification::attribute() {
  auto& releases = view_->snapshot().releases;
  std::map<std::string, std::size_t> places;
  for (auto& open : found_) {
    auto& f = open.finding;
    for (auto& release : releases) {
      bool own_file = f.object == pages_name(release.pages);
      if (open.all_releases || own_file || f.object.starts_with("index/"))
        open.releases.insert(label(release));
    }
    // A value lies in a pack that has a finding of its own.
    if (f.object.empty()) f.object = "packs";
    auto [at, fresh] = places.try_emplace(f.object, report_.damages.size());
    bool derived = f.object.starts_with("index") || f.object.starts_with("releases/");
    if (fresh) report_.damages.push_back({f.object, {}, {}, derived});
    auto& damage = report_.damages[at->second];
    if (damage.message.find(f.message) == std::string::npos)
      damage.message += (damage.message.empty() ? "" : "; ") + f.message;
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

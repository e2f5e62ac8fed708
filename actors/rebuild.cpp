#include "actors/operation.hpp"
#include "repository/magic.hpp"
#include "repository/read_back.hpp"
#include "repository/recovery.hpp"

#include <functional>
#include <map>
#include <set>
#include <unordered_map>

namespace talaria::actors {

namespace {

using ScanRequest = decltype(std::declval<caf::blocking_actor*>()->request(
    std::declval<verifier_actor>(), caf::infinite, scan_blocks_atom_v,
    std::declval<Local<BlockScan>>()));

constexpr std::size_t blocks_per_job = 32;

// What an entry takes while its segment is being built, counted as a run counts its chunks.
constexpr uint64_t bytes_per_chunk = 128;

// Which of the kinds a step is about.
using Kinds = std::array<bool, kind_count>;

Kinds parts_alone() {
  Kinds kinds{};
  kinds[index_of(Kind::part)] = true;
  return kinds;
}

Kinds all_but_parts() {
  Kinds kinds;
  kinds.fill(true);
  kinds[index_of(Kind::part)] = false;
  return kinds;
}

// What a pack holds by its footer, and how many of its chunks the sound segments have.
struct PackState {
  bool readable = false;
  std::array<uint64_t, kind_count> chunks{};
  std::array<uint64_t, kind_count> indexed{};
  std::array<uint64_t, kind_count> stored{}; // bytes of blocks
  std::array<uint64_t, kind_count> raw{};

  bool lacks(std::size_t kind) const { return readable && indexed[kind] < chunks[kind]; }
  bool lacks_any(const Kinds& kinds) const {
    for (std::size_t kind = 0; kind < kind_count; ++kind)
      if (kinds[kind] && lacks(kind)) return true;
    return false;
  }
};

// Counts the residues in the text of a release.
class ResidueCounter {
public:
  explicit ResidueCounter(std::size_t preamble) : skip_(preamble) {}

  void take(std::string_view text) {
    auto skipped = std::min(skip_, text.size());
    skip_ -= skipped;
    for (char c : text.substr(skipped)) {
      if (line_begins_) in_header_ = c == '>';
      line_begins_ = c == '\n';
      auto letter = static_cast<char>(c | 0x20);
      if (!in_header_ && letter >= 'a' && letter <= 'z') ++count_;
    }
  }
  uint64_t count() const noexcept { return count_; }

private:
  std::size_t skip_;
  bool line_begins_ = true;
  bool in_header_ = false;
  uint64_t count_ = 0;
};

// What is wrong with a file, without the advice to rebuild it.
std::string reason(const Error& error) {
  if (error.code() == errc::not_found) return "is missing";
  auto message = error.message();
  auto advice = ": " + std::string(rebuild_advice);
  if (message.ends_with(advice)) message.resize(message.size() - advice.size());
  return message;
}

class Rebuilding {
public:
  Rebuilding(Operation& op, const RebuildOptions& options)
      : op_(op),
        options_(options),
        references_(std::make_shared<BlockCache>(op.core->settings.resolved_cache())) {}
  ~Rebuilding();
  Rebuilding(const Rebuilding&) = delete;
  Rebuilding& operator=(const Rebuilding&) = delete;

  Result<RebuildReport> run();

  // Whether a dry run, which holds no lock, may have missed what others took away meanwhile.
  bool must_look_again(const Result<RebuildReport>& report) const {
    auto nothing = report && report->rebuilt.empty() && report->damages.empty();
    return options_.dry_run && !nothing && view_ && has_moved(*op_.core, *view_);
  }

private:
  using WantBlock = std::function<bool(std::size_t pack, const BlockInfo&)>;
  using TakeBlock = std::function<void(std::size_t pack, const BlockInfo&, const ScannedBlock&)>;

  Repository& repository() const { return *op_.core->repository; }
  ObjectStore& objects() const { return *op_.core->objects; }
  bool lost() const { return !view_; } // the snapshot or the ref
  void found(const Finding& finding);
  void rebuilt(std::string object, std::string why) {
    report_.rebuilt.push_back({std::move(object), std::move(why)});
  }

  Result<void> open_base();
  Result<void> recover_base(const Error& error);
  Result<void> check_snapshot_file();
  Result<void> check_releases();
  Result<void> check_segments();
  Result<std::vector<bool>> check_each(const std::vector<PackInfo>& files,
                                       std::vector<std::string>& reasons);
  Result<bool> fits_packs(const PackInfo& file) const;
  Result<void> keep(const PackInfo& file);
  Result<void> keep_others();
  Result<void> read_footers();
  Result<void> count_indexed(const Segment& segment);
  Result<void> locate_references();
  Result<void> locate(uint32_t generation, Kind kind, bool differences);
  Result<void> index(const Kinds& kinds);
  Result<std::vector<std::vector<std::size_t>>> divide(const std::vector<std::size_t>& packs,
                                                       const Kinds& kinds);
  Result<void> build(const std::vector<std::size_t>& packs, const Kinds& kinds);
  Result<void> scan(const std::vector<std::size_t>& packs, const WantBlock& wanted, bool keys,
                    const TakeBlock& take);
  Result<void> count_added();
  Result<void> name_loose_pages();
  Result<ReleaseEntry> render(const PackInfo& pages);
  Result<DigestIndexPtr> open_index(const std::vector<SegmentPtr>& more = {}) const;
  Result<void> write_releases();
  Result<void> publish();
  std::vector<PackInfo> segments() const;

  const verifier_actor& verifier() {
    auto& pool = op_.services->verifiers;
    return pool[next_verifier_++ % pool.size()];
  }

  Operation& op_;
  const RebuildOptions& options_;
  std::unique_ptr<ObjectLock> lock_;
  ViewPtr view_;                   // null if it is lost
  std::optional<std::string> ref_; // as it is, if the view is lost
  Recovery base_;                  // what is there; the segments are those of the snapshot
  bool snapshot_missing_ = false;  // although it is in memory
  std::vector<PackInfo> kept_;     // sound segments
  std::vector<SegmentPtr> kept_open_;
  std::vector<PackInfo> made_;
  std::vector<PackState> packs_; // as base_.snapshot.packs
  std::unordered_map<Digest, std::size_t, DigestHash> pack_places_;
  std::vector<ReleaseEntry> releases_to_write_;
  DigestIndexPtr index_;
  std::shared_ptr<BlockCache> references_; // of this rebuild alone
  DigestIndexPtr locations_; // of what differences refer to, and of parts once they are indexed
  bool locating_ = false;
  std::vector<SegmentPtr> located_parts_;
  std::vector<SegmentPtr> located_others_;             // of kind sequence and bytes
  std::set<std::pair<GenerationId, Kind>> referenced_; // by differences
  RebuildReport report_;
  uint64_t done_ = 0;
  uint64_t total_ = 0;
  std::size_t next_verifier_ = 0;
  bool publishing_ = false;
};

// What a rebuild that failed has written goes; but a ref that may have moved is left with what it names.
Rebuilding::~Rebuilding() {
  if (publishing_ || made_.empty() || !objects().capabilities().lock) return;
  auto& named = base_.snapshot.segments;
  for (auto& segment : made_)
    if (std::find(named.begin(), named.end(), segment) == named.end())
      (void)objects().remove(segment_name(segment.digest));
}

Result<RebuildReport> Rebuilding::run() {
  if (!options_.dry_run) {
    TALARIA_TRY_ASSIGN(lock_, repository().lock_for_rebuilding(op_.core->settings.lock_wait));
  }
  TALARIA_TRY(open_base());
  TALARIA_TRY(check_releases());
  TALARIA_TRY(check_segments());
  TALARIA_TRY(read_footers());
  if (!options_.dry_run) {
    TALARIA_TRY(locate_references());
    TALARIA_TRY(index(parts_alone()));
    TALARIA_TRY_ASSIGN(locations_, open_index(located_others_));
    TALARIA_TRY(index(all_but_parts()));
    if (lost()) {
      TALARIA_TRY(count_added());
      TALARIA_TRY(name_loose_pages());
    }
    TALARIA_TRY(op_.check_cancelled());
    TALARIA_TRY(write_releases());
    TALARIA_TRY(publish());
  }
  report_.releases = base_.snapshot.releases.size();
  return std::move(report_);
}

// One damage a file, as a verification reports them.
void Rebuilding::found(const Finding& finding) {
  auto& damages = report_.damages;
  auto at = std::find_if(damages.begin(), damages.end(),
                         [&](const Damage& damage) { return damage.object == finding.object; });
  if (at == damages.end()) {
    at = damages.insert(at, {finding.object, finding.error.message(), {}, false});
    for (auto& release : base_.snapshot.releases)
      if (finding.object == pages_name(release.pages))
        at->releases.push_back(release.name + "@" + release.version);
  } else if (at->message.find(finding.error.message()) == std::string::npos) {
    at->message += "; " + finding.error.message();
  }
}

Result<void> Rebuilding::open_base() {
  auto view = repository().view();
  if (!view && view.error().code() != errc::damaged) return tl::unexpected(view.error());
  if (view) {
    view_ = *view;
    base_.snapshot = view_->snapshot();
    base_.known_packs = base_.snapshot.packs.size();
    TALARIA_TRY(check_snapshot_file());
  } else {
    TALARIA_TRY(recover_base(view.error()));
  }
  auto& packs = base_.snapshot.packs;
  for (std::size_t i = 0; i < packs.size(); ++i) pack_places_.emplace(packs[i].digest, i);
  packs_.resize(packs.size());
  return {};
}

Result<void> Rebuilding::recover_base(const Error& error) {
  TALARIA_TRY_ASSIGN(ref_, repository().ref_value());
  TALARIA_TRY_ASSIGN(base_, recover(objects()));
  rebuilt("refs/main", reason(error));
  for (auto& finding : base_.findings) found(finding);
  report_.notes.push_back(
      base_.serial ? "the newest sound snapshot has the number " + std::to_string(*base_.serial) +
                         ": chunks that were removed after it are there again"
                   : "no snapshot is sound: chunks that were removed are there again");
  return {};
}

// A view that was opened a while ago is good even if its file isn't there any more.
Result<void> Rebuilding::check_snapshot_file() {
  auto name = snapshot_name(view_->digest());
  auto bytes = objects().get(name);
  if (bytes && digest_of(bytes->view()) == view_->digest()) return {};
  snapshot_missing_ = true;
  rebuilt(name, bytes ? "fails its checksum" : reason(bytes.error()));
  return {};
}

Result<void> Rebuilding::check_releases() {
  for (auto& release : base_.snapshot.releases) {
    auto wanted = encode_release(release);
    auto name = release_name(digest_of(wanted));
    auto bytes = objects().get(name);
    if (bytes && bytes->view() == wanted) continue;
    rebuilt(name,
            bytes ? "its content doesn't have the digest that its name says" : reason(bytes.error()));
    releases_to_write_.push_back(release);
  }
  return {};
}

Result<void> Rebuilding::check_segments() {
  auto& named = base_.snapshot.segments;
  std::vector<std::string> reasons;
  TALARIA_TRY_ASSIGN(auto sound, check_each(named, reasons));
  for (std::size_t i = 0; i < named.size(); ++i)
    if (!sound[i]) rebuilt(segment_name(named[i].digest), reasons[i]);
  for (std::size_t i = 0; i < named.size(); ++i) {
    if (!sound[i]) continue;
    TALARIA_TRY_ASSIGN(auto fits, fits_packs(named[i]));
    if (fits)
      TALARIA_TRY(keep(named[i]));
    else
      rebuilt(segment_name(named[i].digest), "is older than the packs");
  }
  if (auto index = open_index(); !index) {
    rebuilt("index", reason(index.error()));
    kept_.clear();
    kept_open_.clear();
  }
  return lost() ? keep_others() : Result<void>();
}

// Which of the segments are what their names say, and what is wrong with the others.
Result<std::vector<bool>> Rebuilding::check_each(const std::vector<PackInfo>& files,
                                                 std::vector<std::string>& reasons) {
  using Request = decltype(op_.self->request(verifier(), caf::infinite, check_segment_atom_v,
                                             std::declval<Local<SegmentCheck>>()));
  std::vector<bool> sound(files.size(), true);
  reasons.assign(files.size(), {});
  Requests<Request, std::size_t> checks;
  auto take = [&]() -> Result<void> {
    auto [request, place] = std::move(checks.front());
    checks.pop_front();
    TALARIA_TRY_ASSIGN(auto report, await<CheckReport>(request));
    if (report->findings.empty()) return {};
    sound[place] = false;
    reasons[place] = reason(report->findings[0].error);
    return {};
  };
  for (std::size_t i = 0; i < files.size(); ++i) {
    TALARIA_TRY(op_.check_cancelled());
    while (checks.size() >= op_.window()) TALARIA_TRY(take());
    auto segment = Segment::open(objects(), segment_name(files[i].digest));
    if (!segment) {
      sound[i] = false;
      reasons[i] = reason(segment.error());
      continue;
    }
    checks.emplace_back(op_.self->request(verifier(), caf::infinite, check_segment_atom_v,
                                          local(SegmentCheck{*segment})),
                        i);
  }
  while (!checks.empty()) TALARIA_TRY(take());
  return sound;
}

// Without the snapshot, a collection that was cut short can't be told from one that is done: packs of
// before and after it may be there, and segments that go together with neither.
Result<bool> Rebuilding::fits_packs(const PackInfo& file) const {
  if (!lost()) return true;
  TALARIA_TRY_ASSIGN(auto segment, Segment::open(objects(), segment_name(file.digest)));
  for (auto& pack : segment->packs())
    if (!pack_places_.contains(pack.digest) || !objects().stat(pack_name(pack.digest))) return false;
  return std::none_of(all_kinds.begin(), all_kinds.end(),
                      [&](Kind kind) { return segment->has_gone(kind); });
}

Result<void> Rebuilding::keep(const PackInfo& file) {
  TALARIA_TRY_ASSIGN(auto segment, Segment::open(objects(), segment_name(file.digest)));
  kept_.push_back(file);
  kept_open_.push_back(std::move(segment));
  return {};
}

// Segments that only the lost snapshot named are as good as any, if they go together with the others.
Result<void> Rebuilding::keep_others() {
  TALARIA_TRY_ASSIGN(auto files, files_in(objects(), "index/"));
  auto& named = base_.snapshot.segments;
  std::erase_if(files, [&](const PackInfo& file) {
    return std::find(named.begin(), named.end(), file) != named.end();
  });
  // A large one may have been merged of smaller ones that are still there.
  std::stable_sort(files.begin(), files.end(),
                   [](const PackInfo& a, const PackInfo& b) { return a.size > b.size; });
  std::vector<std::string> reasons;
  TALARIA_TRY_ASSIGN(auto sound, check_each(files, reasons));
  for (std::size_t i = 0; i < files.size(); ++i) {
    if (!sound[i]) continue;
    TALARIA_TRY_ASSIGN(auto fits, fits_packs(files[i]));
    if (!fits) continue;
    TALARIA_TRY(keep(files[i]));
    if (open_index()) continue;
    kept_.pop_back();
    kept_open_.pop_back();
  }
  return {};
}

Result<void> Rebuilding::read_footers() {
  auto& snapshot = base_.snapshot;
  for (auto& segment : kept_open_) TALARIA_TRY(count_indexed(*segment));
  for (std::size_t i = 0; i < packs_.size(); ++i) {
    TALARIA_TRY(op_.check_cancelled());
    auto name = pack_name(snapshot.packs[i].digest);
    auto footer = read_pack_footer(objects(), name, snapshot.packs[i].size);
    if (footer && footer->generation != snapshot.generations[snapshot.packs[i].generation])
      footer = failure(errc::damaged, name + " belongs to another generation than the snapshot says");
    if (!footer) {
      found({name, footer.error(), {}, {}});
      continue;
    }
    auto& state = packs_[i];
    state.readable = true;
    for (auto& block : footer->blocks) {
      auto kind = index_of(block.kind);
      state.chunks[kind] += block.count;
      state.stored[kind] += block.stored;
      state.raw[kind] += block.raw;
    }
    for (std::size_t kind = 0; kind < kind_count; ++kind) {
      if (!state.lacks(kind)) continue;
      total_ += state.stored[kind];
      if (options_.dry_run) report_.chunks += state.chunks[kind] - state.indexed[kind];
    }
  }
  return {};
}

Result<void> Rebuilding::count_indexed(const Segment& segment) {
  std::vector<uint32_t> slots(segment.block_count());
  for (auto kind : all_kinds)
    for (uint32_t slot = 0; slot < segment.count(kind); ++slot) {
      TALARIA_TRY_ASSIGN(auto block, segment.block_of(kind, slot));
      if (block != no_block) ++slots[block]; // those that a collection took have a slot, but no block
    }
  for (uint32_t i = 0; i < slots.size(); ++i) {
    TALARIA_TRY_ASSIGN(auto block, segment.block(i));
    auto place = pack_places_.find(segment.packs()[block.pack].digest);
    if (place != pack_places_.end()) packs_[place->second].indexed[index_of(block.kind)] += slots[i];
  }
  return {};
}

Result<DigestIndexPtr> Rebuilding::open_index(const std::vector<SegmentPtr>& more) const {
  auto segments = kept_open_;
  segments.insert(segments.end(), more.begin(), more.end());
  for (auto& made : made_) {
    TALARIA_TRY_ASSIGN(auto segment, Segment::open(objects(), segment_name(made.digest)));
    segments.push_back(std::move(segment));
  }
  return DigestIndex::open(base_.snapshot.generations, std::move(segments), {}, repository().registry());
}

// The value of a difference, and so its digest, is known when all chunks can be found that it may refer
// to: others that are stored as differences, of whatever generation, and what is stored whole, of the
// generations that are referred to. So these get segments without keys first, which nobody else sees.
Result<void> Rebuilding::locate_references() {
  auto& snapshot = base_.snapshot;
  TALARIA_TRY_ASSIGN(index_, open_index());
  locating_ = true;
  for (uint32_t generation = 0; generation < snapshot.generations.size(); ++generation)
    for (auto kind : all_kinds)
      if (may_be_difference(kind)) TALARIA_TRY(locate(generation, kind, true));
  for (auto& [id, kind] : referenced_)
    if (auto generation = snapshot.generation(id)) TALARIA_TRY(locate(*generation, kind, false));
  locating_ = false;
  auto located = located_parts_;
  located.insert(located.end(), located_others_.begin(), located_others_.end());
  TALARIA_TRY_ASSIGN(locations_, open_index(located));
  return {};
}

Result<void> Rebuilding::locate(uint32_t generation, Kind kind, bool differences) {
  auto& snapshot = base_.snapshot;
  std::vector<std::size_t> packs;
  for (std::size_t i = 0; i < packs_.size(); ++i)
    if (snapshot.packs[i].generation == generation && packs_[i].lacks(index_of(kind)))
      packs.push_back(i);
  SegmentBuilder builder(snapshot.generations[generation]);
  auto wanted = [&](std::size_t, const BlockInfo& block) {
    return block.kind == kind && block.differences == differences;
  };
  TALARIA_TRY(scan(packs, wanted, true,
                   [&](std::size_t pack, const BlockInfo& block, const ScannedBlock& scanned) {
                     builder.add(snapshot.packs[pack], block, scanned);
                     referenced_.insert(scanned.references.begin(), scanned.references.end());
                   }));
  if (builder.chunks() == 0) return {};
  auto draft = builder.finish();
  auto scratch = memory_store();
  TALARIA_TRY(scratch->put("index/located", write_segment(draft)));
  TALARIA_TRY_ASSIGN(auto segment, Segment::open(*scratch, "index/located"));
  (kind == Kind::part ? located_parts_ : located_others_).push_back(std::move(segment));
  return {};
}

// Makes the segments that are missing for some kinds, generation by generation.
Result<void> Rebuilding::index(const Kinds& kinds) {
  TALARIA_TRY_ASSIGN(index_, open_index());
  std::vector<std::vector<std::size_t>> lacking(base_.snapshot.generations.size());
  for (std::size_t i = 0; i < packs_.size(); ++i)
    if (packs_[i].lacks_any(kinds)) lacking[base_.snapshot.packs[i].generation].push_back(i);
  for (auto& packs : lacking) {
    if (packs.empty()) continue;
    TALARIA_TRY_ASSIGN(auto groups, divide(packs, kinds));
    for (auto& group : groups) TALARIA_TRY(build(group, kinds));
  }
  return {};
}

// The packs of a generation as those of one segment, or of several if they are many.
Result<std::vector<std::vector<std::size_t>>> Rebuilding::divide(const std::vector<std::size_t>& packs,
                                                                 const Kinds& kinds) {
  auto most = op_.core->run_limits().bytes / bytes_per_chunk;
  std::map<std::size_t, std::size_t> places;
  std::vector<PackSpan> spans(packs.size());
  uint64_t chunks = 0;
  for (std::size_t i = 0; i < packs.size(); ++i) {
    places[packs[i]] = i;
    for (std::size_t kind = 0; kind < kind_count; ++kind)
      if (kinds[kind]) spans[i].chunks += packs_[packs[i]].chunks[kind];
    chunks += spans[i].chunks;
  }
  if (chunks <= most && packs.size() <= most_segment_packs)
    return std::vector<std::vector<std::size_t>>{packs};
  auto wanted = [&](std::size_t, const BlockInfo& block) { return kinds[index_of(block.kind)]; };
  TALARIA_TRY(scan(packs, wanted, false,
                   [&](std::size_t pack, const BlockInfo& block, const ScannedBlock& scanned) {
                     spans[places[pack]].add(block.kind, scanned);
                   }));
  auto groups = group_packs(spans, most);
  for (auto& group : groups)
    for (auto& place : group) place = packs[place];
  return groups;
}

Result<void> Rebuilding::build(const std::vector<std::size_t>& packs, const Kinds& kinds) {
  auto& snapshot = base_.snapshot;
  SegmentBuilder builder(snapshot.generations[snapshot.packs[packs[0]].generation]);
  auto wanted = [&](std::size_t pack, const BlockInfo& block) {
    auto kind = index_of(block.kind);
    return kinds[kind] && packs_[pack].lacks(kind);
  };
  TALARIA_TRY(scan(packs, wanted, true,
                   [&](std::size_t pack, const BlockInfo& block, const ScannedBlock& scanned) {
                     builder.add(snapshot.packs[pack], block, scanned);
                     if (pack >= base_.known_packs)
                       snapshot.totals[index_of(block.kind)].bytes += scanned.bytes;
                     done_ += block.stored;
                     op_.report("rebuilding", done_, total_);
                   }));
  if (builder.chunks() == 0) return {};
  report_.chunks += builder.chunks();
  ++report_.segments;
  auto draft = builder.finish();
  auto bytes = write_segment(draft);
  made_.push_back({digest_of(bytes), bytes.size()});
  auto name = segment_name(made_.back().digest);
  TALARIA_TRY(objects().put(name, bytes));
  TALARIA_TRY_ASSIGN(auto segment, Segment::open(objects(), name));
  return read_back_segment(*segment, draft);
}

// Gives the wanted blocks of some packs to `take`, in order, as the verifiers read them.
Result<void> Rebuilding::scan(const std::vector<std::size_t>& packs, const WantBlock& wanted, bool keys,
                              const TakeBlock& take) {
  Requests<ScanRequest, std::pair<std::size_t, Local<BlockScan>>> scans;
  auto take_first = [&]() -> Result<void> {
    auto [request, context] = std::move(scans.front());
    scans.pop_front();
    auto& [pack, job] = context;
    TALARIA_TRY_ASSIGN(auto report, await<ScanReport>(request));
    for (auto& finding : report->findings) found(finding);
    for (std::size_t i = 0; i < report->blocks.size(); ++i)
      take(pack, job->places[i].info, report->blocks[i]);
    return {};
  };
  auto send = [&](std::size_t pack, BlockScan&& job) -> Result<void> {
    TALARIA_TRY(op_.check_cancelled());
    if (scans.size() >= op_.window()) TALARIA_TRY(take_first());
    auto shared = local(std::move(job));
    scans.emplace_back(op_.self->request(verifier(), caf::infinite, scan_blocks_atom_v, shared),
                       std::pair(pack, shared));
    return {};
  };
  for (auto pack : packs) {
    auto& info = base_.snapshot.packs[pack];
    TALARIA_TRY_ASSIGN(auto footer, read_pack_footer(objects(), pack_name(info.digest), info.size));
    BlockScan job{index_, info.generation, {}, keys, locations_, locating_, references_};
    for (auto& block : footer.blocks) {
      if (!wanted(pack, block)) continue;
      job.places.push_back({repository().registry()->id(info.digest), block});
      if (job.places.size() < blocks_per_job) continue;
      TALARIA_TRY(send(pack, BlockScan(job)));
      job.places.clear();
    }
    if (!job.places.empty()) TALARIA_TRY(send(pack, std::move(job)));
  }
  while (!scans.empty()) TALARIA_TRY(take_first());
  return {};
}

// The totals of packs that no sound snapshot counts. Of those that were indexed anew, the bytes of the
// values have been counted; of parts, the footers say them.
Result<void> Rebuilding::count_added() {
  auto& totals = base_.snapshot.totals;
  std::vector<std::size_t> added;
  for (auto i = base_.known_packs; i < packs_.size(); ++i) {
    if (!packs_[i].readable) continue;
    added.push_back(i);
    for (std::size_t kind = 0; kind < kind_count; ++kind) totals[kind].count += packs_[i].chunks[kind];
    auto part = index_of(Kind::part);
    if (!packs_[i].lacks(part)) totals[part].bytes += packs_[i].raw[part];
  }
  auto wanted = [&](std::size_t pack, const BlockInfo& block) {
    return block.kind != Kind::part && !packs_[pack].lacks(index_of(block.kind));
  };
  return scan(added, wanted, false,
              [&](std::size_t, const BlockInfo& block, const ScannedBlock& scanned) {
                totals[index_of(block.kind)].bytes += scanned.bytes;
              });
}

// A page file without its release object would be taken for left over by the next writer.
Result<void> Rebuilding::name_loose_pages() {
  if (base_.loose_pages.empty()) return {};
  TALARIA_TRY_ASSIGN(index_, open_index());
  for (auto& pages : base_.loose_pages) {
    auto release = render(pages);
    if (!release) {
      auto code = release.error().code();
      if (code == errc::cancelled || code == errc::unavailable) return tl::unexpected(release.error());
      found({pages_name(pages.digest),
             release.error().within("its release can't be restored, and the next writer removes it"),
             {},
             {}});
      continue;
    }
    report_.notes.push_back(pages_name(pages.digest) + " is the release " + release->name + "@" +
                            release->version + ": its own name is lost");
    base_.snapshot.releases.push_back(*release);
    releases_to_write_.push_back(*std::move(release));
  }
  return {};
}

// What is said of a release, by rendering it.
Result<ReleaseEntry> Rebuilding::render(const PackInfo& pages) {
  constexpr std::size_t digits = 16;
  TALARIA_TRY_ASSIGN(auto file, PageFile::open(objects(), pages.digest, pages.size));
  ReleaseEntry release;
  release.name = "recovered";
  release.version = pages.digest.hex().substr(0, digits);
  release.created = now_seconds();
  release.pages = pages.digest;
  release.pages_size = pages.size;
  for (auto& page : file->pages()) release.records += page.records;
  ResidueCounter residues(file->preamble().size());
  Hasher hasher;
  PageCursor cursor(objects(), index_, file);
  TALARIA_TRY(
      render_release(op_, index_, cursor, 0, "rebuilding", [&](std::string_view text) -> Result<void> {
        hasher.update(text);
        residues.take(text);
        release.bytes += text.size();
        return {};
      }));
  release.stream = hasher.finish();
  release.residues = residues.count();
  return release;
}

Result<void> Rebuilding::write_releases() {
  for (auto& release : releases_to_write_) {
    auto bytes = encode_release(release);
    TALARIA_TRY(objects().put(release_name(digest_of(bytes)), bytes));
  }
  return {};
}

// Those that the snapshot named, as far as they are there again, then the others.
std::vector<PackInfo> Rebuilding::segments() const {
  auto there = kept_;
  there.insert(there.end(), made_.begin(), made_.end());
  std::vector<PackInfo> segments;
  for (auto& named : base_.snapshot.segments)
    if (std::find(there.begin(), there.end(), named) != there.end()) segments.push_back(named);
  for (auto& segment : there)
    if (std::find(segments.begin(), segments.end(), segment) == segments.end())
      segments.push_back(segment);
  return segments;
}

Result<void> Rebuilding::publish() {
  auto next = base_.snapshot;
  next.segments = segments();
  publishing_ = true;
  if (lost())
    return repository()
        .publish(ref_ ? std::optional<std::string_view>(*ref_) : std::nullopt, std::move(next))
        .map([](const auto&) {});
  if (next.segments != view_->snapshot().segments)
    return repository().commit(*view_, std::move(next)).map([](const auto&) {});
  if (snapshot_missing_)
    return objects().put(snapshot_name(view_->digest()), view_->snapshot().encode());
  return {};
}

} // namespace

Result<RebuildReport> rebuild(Operation& op, const RebuildOptions& options) {
  while (true) {
    Rebuilding rebuilding(op, options);
    auto report = rebuilding.run();
    if (!rebuilding.must_look_again(report)) return report;
  }
}

} // namespace talaria::actors

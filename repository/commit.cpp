#include "repository/commit.hpp"

#include "core/try.hpp"
#include "repository/read_back.hpp"
#include "repository/segment_merge.hpp"

#include <algorithm>

namespace talaria {

namespace {

template <class Files>
bool names(const Files& files, const PackInfo& file) {
  return std::any_of(files.begin(), files.end(), [&](const auto& f) { return f.digest == file.digest; });
}

} // namespace

Commit::Commit(Repository& repository, ViewPtr base, uint64_t pack_size)
    : repository_(repository),
      base_(std::move(base)),
      pack_size_(pack_size),
      generation_(GenerationId::random()) {}

Commit::~Commit() {
  if (published_) return;
  pack_.reset();
  auto& store = repository_.store();
  // Without a lock, another writer may have committed the same file meanwhile.
  if (!store.capabilities().lock) return;
  auto& old = base_->snapshot();
  // Failing to remove is harmless: the next writer sweeps.
  for (auto* packs : {&packs_, &run_packs_})
    for (auto& pack : *packs)
      if (!names(old.packs, pack)) (void)store.remove(pack_name(pack.digest));
  remove_segments(old);
  auto old_pages = old.page_files();
  for (auto& pages : pages_)
    if (!names(old_pages, pages)) (void)store.remove(pages_name(pages.digest));
}

Result<void> Commit::append(const EncodedBlock& block) {
  if (pack_ && pack_->size() + block.bytes.size() > pack_size_) TALARIA_TRY(close_pack());
  if (!pack_) {
    TALARIA_TRY_ASSIGN(pack_, PackWriter::create(repository_.store(), generation_));
  }
  TALARIA_TRY_ASSIGN(auto info, pack_->append(block));
  info.pack = static_cast<uint16_t>(run_packs_.size());
  run_blocks_.push_back(info);
  return {};
}

Result<void> Commit::close_pack() {
  if (!pack_) return {};
  TALARIA_TRY_ASSIGN(auto info, pack_->finish());
  pack_.reset();
  run_packs_.push_back(info);
  return {};
}

Result<void> Commit::finish_run(Run& run, const std::vector<BlockPlan>& plans,
                                Run::LookupTables tables) {
  TALARIA_TRY(close_pack());
  for (auto kind : all_kinds) {
    added_[index_of(kind)].count += run.count(kind);
    added_[index_of(kind)].bytes += run.bytes(kind);
  }
  auto draft = run.draft(plans, std::move(run_blocks_), run_packs_, std::move(tables));
  run_blocks_.clear();
  packs_.insert(packs_.end(), run_packs_.begin(), run_packs_.end());
  run_packs_.clear();
  auto bytes = write_segment(draft);
  PackInfo info{digest_of(bytes), bytes.size()};
  segments_.push_back(info);
  auto name = segment_name(info.digest);
  TALARIA_TRY(repository_.store().put(name, bytes));
  TALARIA_TRY_ASSIGN(auto segment, Segment::open(repository_.store(), name));
  TALARIA_TRY(read_back_segment(*segment, draft));
  TALARIA_TRY(read_back_packs(draft));
  open_segments_.push_back(std::move(segment));
  return {};
}

Result<void> Commit::read_back_packs(const SegmentDraft& draft) const {
  std::vector<BlockInfo> blocks;
  for (std::size_t i = 0, at = 0; i < draft.packs.size(); ++i) {
    blocks.clear();
    for (; at < draft.blocks.size() && draft.blocks[at].pack == i; ++at) {
      blocks.push_back(draft.blocks[at]);
      blocks.back().pack = 0; // as in the footer
    }
    TALARIA_TRY(read_back_pack(repository_.store(), draft.packs[i], generation_, blocks));
  }
  return {};
}

Result<DigestIndexPtr> Commit::index() const {
  TALARIA_TRY_ASSIGN(auto base, base_->index());
  auto generations = base->generations();
  generations.push_back(generation_);
  auto segments = base->segments();
  segments.insert(segments.end(), open_segments_.begin(), open_segments_.end());
  return DigestIndex::open(std::move(generations), std::move(segments), base_->snapshot().removed,
                           base->registry());
}

uint64_t Commit::stored_bytes() const noexcept {
  uint64_t bytes = 0;
  for (auto* files : {&packs_, &segments_, &pages_})
    for (auto& file : *files) bytes += file.size;
  return bytes;
}

void Commit::add_pages(const PackInfo& pages, const std::optional<PackInfo>& reference) {
  pages_.push_back(pages);
  if (!reference) return;
  deltas_.push_back({pages.digest, *reference});
  for (auto& next : base_->snapshot().references(reference->digest))
    deltas_.push_back({deltas_.back().reference.digest, next});
}

void Commit::remove(const Number& number, uint64_t bytes) {
  removed_.emplace_back(number, bytes);
}

Snapshot Commit::next_snapshot(const Snapshot& base, const std::optional<ReleaseEntry>& release) const {
  auto next = base;
  if (!packs_.empty()) {
    auto place = static_cast<uint32_t>(next.generations.size());
    next.generations.push_back(generation_);
    for (auto& pack : packs_) next.packs.push_back({pack, place});
  }
  next.segments.insert(next.segments.end(), segments_.begin(), segments_.end());
  for (std::size_t i = 0; i < kind_count; ++i) {
    next.totals[i].count += added_[i].count;
    next.totals[i].bytes += added_[i].bytes;
  }
  for (auto& [number, bytes] : removed_) next.remove(number, bytes);
  for (auto& delta : deltas_)
    if (std::ranges::find(next.deltas, delta.pages, &PageDelta::pages) == next.deltas.end())
      next.deltas.push_back(delta);
  if (release) next.releases.push_back(*release);
  next.drop_unused_deltas();
  return next;
}

// Merging only makes look-ups cheaper: where it fails, the segments stay as they are.
void Commit::merge_segments(const View& base, Snapshot& next) {
  if (segments_.empty()) return;
  auto index = base.index();
  if (!index) return;
  auto segments = (*index)->segments();
  segments.insert(segments.end(), open_segments_.begin(), open_segments_.end());
  // The index may be that of a newer view; then the ref has moved, and this commit is rebased.
  if (segments.size() != next.segments.size()) return;
  auto merge = merge_newest(repository_.store(), segments);
  if (!merge || !*merge) return;
  next.segments.resize((*merge)->first);
  next.segments.push_back((*merge)->merged);
  merged_segments_.push_back((*merge)->merged);
}

// Removes the segments of this commit that a snapshot doesn't name.
void Commit::remove_segments(const Snapshot& keeping) {
  auto& store = repository_.store();
  if (!store.capabilities().lock) return;
  for (auto* segments : {&segments_, &merged_segments_})
    for (auto& segment : *segments)
      if (!names(keeping.segments, segment)) (void)store.remove(segment_name(segment.digest));
}

Result<ViewPtr> Commit::publish(const std::optional<ReleaseEntry>& release,
                                const std::function<Result<void>(const View&)>& rebase) {
  for (auto base = base_;;) {
    auto next = next_snapshot(base->snapshot(), release);
    merge_segments(*base, next);
    auto view = repository_.commit(*base, std::move(next));
    if (view) {
      published_ = true;
      remove_segments((*view)->snapshot());
      repository_.remove_replaced(base->snapshot(), (*view)->snapshot());
      return view;
    }
    if (view.error().code() != errc::conflict) {
      // The swap may have happened all the same. Only if the ref still has its old value is it safe to
      // remove the files; else the next writer sweeps them if no snapshot names them.
      auto now = repository_.view();
      published_ = !now || (*now)->ref_value() != base->ref_value();
      return view;
    }
    TALARIA_TRY_ASSIGN(base, repository_.view());
    if (base->snapshot().removals != base_->snapshot().removals)
      return failure(errc::conflict, "another writer has just removed something that this one may draw "
                                     "on: run it again");
    TALARIA_TRY(rebase(*base));
  }
}

} // namespace talaria

#include "repository/collection.hpp"

#include "core/try.hpp"
#include "repository/segment_merge.hpp"
#include "repository/stored_chunk.hpp"

#include <algorithm>

namespace talaria {

namespace {

// How many bytes of packs are rewritten at once, in sizes of the segment that is rewritten for them: so
// that writing segments again and again stays a small part of the work.
constexpr uint64_t packs_per_segment = 4;

// Slots of a segment by block: those of chunks, and those of needed ones.
Result<std::vector<BlockUse>>
uses_of(const DigestIndex& index, uint32_t place,
        const std::function<bool(Kind, const DigestIndex::Slot&, uint32_t block)>& needed) {
  auto& segment = *index.segments()[place];
  std::vector<BlockUse> uses(segment.block_count());
  for (auto kind : all_kinds)
    for (uint32_t slot = 0; slot < segment.count(kind); ++slot) {
      TALARIA_TRY_ASSIGN(auto block, segment.block_of(kind, slot));
      if (block == no_block) continue;
      ++uses[block].indexed;
      if (needed(kind, {place, slot}, block)) ++uses[block].needed;
    }
  return uses;
}

} // namespace

PackUses::PackUses(const Snapshot& snapshot, PackRegistry& registry, double dead_share)
    : dead_share_(dead_share), uses_(snapshot.packs.size()) {
  for (std::size_t i = 0; i < snapshot.packs.size(); ++i)
    places_.emplace(registry.id(snapshot.packs[i].digest), i);
}

Result<void> PackUses::count(const Marks& marks) {
  for (auto& use : uses_) use = {use.fate, 0, 0, 0, 0};
  auto& index = marks.index();
  for (uint32_t i = 0; i < index.segments().size(); ++i) {
    TALARIA_TRY_ASSIGN(auto blocks,
                       uses_of(index, i, [&](Kind kind, const DigestIndex::Slot& slot, uint32_t) {
                         return marks.is_needed(kind, slot);
                       }));
    for (uint32_t block = 0; block < blocks.size(); ++block) {
      TALARIA_TRY_ASSIGN(auto place, index.place({i, block}));
      auto at = places_.find(place.pack);
      if (at == places_.end())
        return failure(errc::damaged, index.segments()[i]->name() +
                                          " names a pack that the snapshot doesn't list: run `talaria "
                                          "rebuild`");
      auto& use = uses_[at->second];
      use.stored += place.info.stored;
      use.chunks += blocks[block].indexed;
      use.needed_chunks += blocks[block].needed;
      if (place.info.count > 0)
        use.needed += place.info.stored * uint64_t{blocks[block].needed} / place.info.count;
    }
  }
  return {};
}

Result<bool> PackUses::decide(Marks& marks) {
  TALARIA_TRY(count(marks));
  for (auto& use : uses_) {
    if (use.fate == PackFate::stays) continue;
    auto dead = static_cast<double>(use.stored - std::min(use.needed, use.stored));
    bool few_dead =
        use.needed_chunks == use.chunks || dead <= dead_share_ * static_cast<double>(use.stored);
    use.fate = use.needed_chunks == 0 ? PackFate::dropped
               : few_dead             ? PackFate::stays
                                      : PackFate::rewritten;
  }
  return need_all(marks);
}

Result<bool> PackUses::need_all(Marks& marks) {
  bool any = false;
  auto& index = marks.index();
  for (uint32_t i = 0; i < index.segments().size(); ++i) {
    auto& segment = *index.segments()[i];
    std::vector<bool> stays(segment.block_count());
    bool none = true;
    for (uint32_t block = 0; block < segment.block_count(); ++block) {
      TALARIA_TRY_ASSIGN(auto place, index.place({i, block}));
      auto& use = uses_[places_.at(place.pack)];
      stays[block] = use.fate == PackFate::stays && use.needed_chunks < use.chunks;
      none = none && !stays[block];
    }
    if (none) continue;
    for (auto kind : all_kinds)
      for (uint32_t slot = 0; slot < segment.count(kind); ++slot) {
        TALARIA_TRY_ASSIGN(auto block, segment.block_of(kind, slot));
        if (block == no_block || !stays[block] || marks.is_needed(kind, DigestIndex::Slot{i, slot}))
          continue;
        marks.need(kind, DigestIndex::Slot{i, slot});
        any = true;
      }
  }
  return any;
}

// What a batch takes out, and what it puts in its place.
struct Collector::Batch {
  PackSet packs;
  std::vector<uint32_t> segments;       // places in the index of those that name the packs
  std::vector<std::vector<bool>> going; // by these and their blocks: whether the block is of the packs
  BlockUses uses;                       // of blocks of the packs
  PackSet made;                         // new packs
  std::vector<Number> removed;          // chunks of kind bytes that go
  FreedChunks freed{};
  std::unique_ptr<PackRewriter> rewriter;
  std::vector<std::optional<PackInfo>> rewritten; // by `segments`; nothing if no chunk is left
  bool published = false;
};

Collector::Collector(Repository& repository, ViewPtr view, std::shared_ptr<const Marks> marks,
                     const PackUses& uses, const RewriteSettings& settings)
    : repository_(repository), view_(std::move(view)), marks_(std::move(marks)), settings_(settings) {
  auto& packs = view_->snapshot().packs;
  for (std::size_t i = 0; i < packs.size(); ++i) {
    if (uses.uses()[i].fate == PackFate::stays) continue;
    pending_.emplace(packs[i].digest, uses.uses()[i]);
    generations_.emplace(packs[i].digest, packs[i].generation);
    total_ += packs[i].size;
  }
}

Result<bool> Collector::step(const GoOn& go_on) {
  if (pending_.empty()) return false;
  TALARIA_TRY_ASSIGN(index_, view_->index());
  auto packs = next_batch();
  if (packs.empty()) return failure(errc::internal, "packs are left that no batch takes");
  TALARIA_TRY(run(packs, go_on));
  return true;
}

// Packs to be dropped that are all packs of their segments, or that no segment has.
Collector::PackSet Collector::lonely_packs(const DigestIndex& index) const {
  PackSet packs;
  for (auto& [pack, use] : pending_)
    if (use.fate == PackFate::dropped) packs.insert(pack);
  for (auto& segment : index.segments()) {
    auto goes = [&](const PackInfo& pack) {
      auto at = pending_.find(pack.digest);
      return at != pending_.end() && at->second.fate == PackFate::dropped;
    };
    if (!std::ranges::all_of(segment->packs(), goes))
      for (auto& pack : segment->packs()) packs.erase(pack.digest);
  }
  return packs;
}

// First what needs least room, since the disk may be full: packs whose segments go with them, then other
// packs that are dropped; and then, segment by segment, those to be rewritten.
Collector::PackSet Collector::next_batch() const {
  auto packs = lonely_packs(*index_);
  if (!packs.empty()) return packs;
  for (auto fate : {PackFate::dropped, PackFate::rewritten})
    for (auto& segment : index_->segments()) {
      auto limit = std::max(settings_.pack_size, packs_per_segment * segment->size());
      uint64_t bytes = 0;
      for (auto& pack : segment->packs()) {
        auto at = pending_.find(pack.digest);
        if (at == pending_.end() || at->second.fate != fate) continue;
        if (fate == PackFate::rewritten && !packs.empty() && bytes + at->second.needed > limit) break;
        packs.insert(pack.digest);
        bytes += at->second.needed;
      }
      if (!packs.empty()) return packs;
    }
  return packs;
}

Result<void> Collector::run(const PackSet& packs, const GoOn& go_on) {
  Batch batch;
  batch.packs = packs;
  auto done = [&]() -> Result<void> {
    TALARIA_TRY(count_uses(batch));
    TALARIA_TRY(rewrite_packs(batch, go_on));
    TALARIA_TRY(rewrite_segments(batch));
    return publish(batch);
  }();
  if (done || batch.published) return done;
  // What was written goes, unless the ref may have moved to it, or it was there before.
  auto& store = repository_.store();
  auto there = view_->snapshot().file_names();
  auto remove = [&](const std::string& name) {
    if (!there.contains(name)) (void)store.remove(name);
  };
  if (batch.rewriter)
    for (auto& pack : batch.rewriter->packs()) remove(pack_name(pack.digest));
  for (auto& segment : batch.rewritten)
    if (segment) remove(segment_name(segment->digest));
  return done;
}

Result<void> Collector::count_uses(Batch& batch) {
  for (uint32_t i = 0; i < index_->segments().size(); ++i) {
    auto& segment = *index_->segments()[i];
    auto goes = [&](const PackInfo& pack) { return batch.packs.contains(pack.digest); };
    if (std::ranges::none_of(segment.packs(), goes)) continue;
    std::vector<bool> going(segment.block_count());
    for (uint32_t block = 0; block < segment.block_count(); ++block) {
      TALARIA_TRY_ASSIGN(auto info, segment.block(block));
      going[block] = goes(segment.packs()[info.pack]);
    }
    batch.segments.push_back(i);
    batch.going.push_back(std::move(going));
    TALARIA_TRY(count_blocks(batch, i, batch.going.back()));
    TALARIA_TRY(find_removed(batch, i, batch.going.back()));
  }
  return {};
}

Result<void> Collector::count_blocks(Batch& batch, uint32_t place, const std::vector<bool>& going) {
  auto& segment = *index_->segments()[place];
  auto needed = [&](Kind kind, const DigestIndex::Slot& slot, uint32_t block) {
    return going[block] && marks_->is_needed(kind, index_->number(kind, slot));
  };
  TALARIA_TRY_ASSIGN(auto uses, uses_of(*index_, place, needed));
  for (uint32_t block = 0; block < segment.block_count(); ++block) {
    if (!going[block]) continue;
    TALARIA_TRY_ASSIGN(auto at, index_->place({place, block}));
    auto& use = batch.uses[at.key()];
    use.indexed += uses[block].indexed;
    use.needed += uses[block].needed;
    auto& freed = batch.freed[index_of(at.info.kind)];
    freed.count += uses[block].indexed - uses[block].needed;
    TALARIA_TRY_ASSIGN(auto bytes, bytes_of(at, uses[block]));
    freed.bytes += bytes;
  }
  return {};
}

Result<void> Collector::find_removed(Batch& batch, uint32_t place, const std::vector<bool>& going) {
  auto& segment = *index_->segments()[place];
  for (uint32_t slot = 0; slot < segment.count(Kind::bytes); ++slot) {
    TALARIA_TRY_ASSIGN(auto block, segment.block_of(Kind::bytes, slot));
    if (block == no_block || !going[block]) continue;
    auto number = index_->number(Kind::bytes, DigestIndex::Slot{place, slot});
    if (!marks_->is_needed(Kind::bytes, number)) batch.removed.push_back(number);
  }
  return {};
}

// Bytes of the values of the chunks in a block that are not needed. One that can't be read can go all
// the same: then they are taken for the bytes of their contents.
Result<uint64_t> Collector::bytes_of(const BlockPlace& place, const BlockUse& use) {
  if (use.needed == use.indexed) return 0;
  if (use.needed == 0 && use.indexed == place.info.count && !may_refer(place.info, marks_->has_parts()))
    return place.info.raw;
  auto block = read_block(repository_.store(), *repository_.registry(), place, decoder_);
  if (!block) return use.needed == 0 ? uint64_t{place.info.raw} : 0;
  auto generation = generations_.at(repository_.registry()->digest(place.pack));
  uint64_t bytes = 0;
  for (std::size_t i = 0; i < (*block)->count(); ++i) {
    Number number{generation, (*block)->ordinal(i)};
    if (use.needed > 0 && marks_->is_needed((*block)->kind(), number)) continue;
    auto size = value_size((*block)->form(i), (*block)->content(i));
    if (size) bytes += *size;
  }
  return bytes;
}

Result<void> Collector::rewrite_packs(Batch& batch, const GoOn& go_on) {
  std::vector<Snapshot::Pack> packs;
  for (auto& pack : view_->snapshot().packs) {
    auto at = pending_.find(pack.digest);
    if (at != pending_.end() && at->second.fate == PackFate::rewritten &&
        batch.packs.contains(pack.digest))
      packs.push_back(pack);
  }
  std::ranges::stable_sort(packs, {}, &Snapshot::Pack::generation);
  auto needs = [this](Kind kind, const Number& number, uint64_t block) {
    if (!marks_->is_needed(kind, number)) return false;
    auto place = index_->locate(kind, number);
    return place && place->key() == block;
  };
  batch.rewriter = std::make_unique<PackRewriter>(repository_.store(), repository_.registry(), settings_,
                                                  std::move(needs));
  for (auto& pack : packs) {
    TALARIA_TRY(go_on());
    TALARIA_TRY(batch.rewriter->add(pack, view_->snapshot().generations[pack.generation], batch.uses));
  }
  return batch.rewriter->finish();
}

Result<void> Collector::rewrite_segments(Batch& batch) {
  auto& rewriter = *batch.rewriter;
  for (std::size_t i = 0; i < batch.segments.size(); ++i) {
    auto place = batch.segments[i];
    auto& segment = index_->segments()[place];
    SegmentChange change;
    change.packs.assign(rewriter.packs().begin(), rewriter.packs().end());
    change.moved.assign(segment->block_count(), SegmentChange::stays);
    std::unordered_map<uint32_t, uint32_t> own; // from the rewriter's places of blocks to the segment's
    for (uint32_t block = 0; block < segment->block_count(); ++block) {
      if (!batch.going[i][block]) continue;
      TALARIA_TRY_ASSIGN(auto old, index_->place({place, block}));
      auto moved = rewriter.moved().find(old.key());
      if (moved == rewriter.moved().end()) {
        change.moved[block] = no_block;
        continue;
      }
      auto [at, fresh] = own.try_emplace(moved->second, static_cast<uint32_t>(change.blocks.size()));
      if (fresh) change.blocks.push_back(rewriter.blocks()[moved->second]);
      change.moved[block] = at->second;
    }
    change.needed = [&](Kind kind, uint32_t slot) {
      return marks_->is_needed(kind, index_->number(kind, DigestIndex::Slot{place, slot}));
    };
    TALARIA_TRY_ASSIGN(auto rewritten, rewrite_segment(repository_.store(), segment, change));
    batch.rewritten.push_back(rewritten);
    if (!rewritten) continue;
    TALARIA_TRY_ASSIGN(auto open, Segment::open(repository_.store(), segment_name(rewritten->digest)));
    TALARIA_TRY(open->verify_entries());
  }
  return {};
}

Snapshot Collector::next_snapshot(Batch& batch) const {
  auto& old = view_->snapshot();
  auto next = old;
  ++next.removals;
  std::erase_if(next.packs, [&](const auto& pack) { return batch.packs.contains(pack.digest); });
  // A pack that is made again, after a collection that was cut short, may be there already.
  for (auto& pack : batch.rewriter->packs()) {
    std::erase_if(next.packs, [&](const auto& other) { return other.digest == pack.digest; });
    next.packs.push_back(pack);
    batch.made.insert(pack.digest);
  }
  next.segments.clear();
  for (std::size_t i = 0, touched = 0; i < old.segments.size(); ++i) {
    bool rewritten = touched < batch.segments.size() && batch.segments[touched] == i;
    auto segment = rewritten ? batch.rewritten[touched++] : std::optional(old.segments[i]);
    if (segment) next.segments.push_back(*segment);
  }
  std::ranges::sort(batch.removed);
  std::erase_if(next.removed, [&](const Number& number) {
    return std::binary_search(batch.removed.begin(), batch.removed.end(), number);
  });
  for (auto kind : all_kinds) {
    if (kind == Kind::bytes) continue; // not counted since they were removed
    auto& totals = next.totals[index_of(kind)];
    auto& freed = batch.freed[index_of(kind)];
    totals.count -= std::min(totals.count, freed.count);
    totals.bytes -= std::min(totals.bytes, freed.bytes);
  }
  return next;
}

Result<void> Collector::publish(Batch& batch) {
  auto view = repository_.commit(*view_, next_snapshot(batch));
  if (!view) {
    // The swap may have happened all the same: then nothing may go.
    auto now = repository_.view();
    batch.published = !now || (*now)->ref_value() != view_->ref_value();
    return tl::unexpected(view.error());
  }
  auto before = std::exchange(view_, *std::move(view));
  remove_old(*before);
  for (auto kind : all_kinds) {
    freed_[index_of(kind)].count += batch.freed[index_of(kind)].count;
    freed_[index_of(kind)].bytes += batch.freed[index_of(kind)].bytes;
  }
  for (auto& pack : before->snapshot().packs)
    if (batch.packs.contains(pack.digest)) done_ += pack.size;
  for (auto& pack : batch.packs) pending_.erase(pack);
  for (auto& pack : batch.made) pending_.erase(pack);
  return {};
}

// Failing to remove is harmless: the next collection, or the next writers, will.
void Collector::remove_old(const View& before) {
  (void)repository_.store().remove(snapshot_name(before.digest()));
  repository_.remove_replaced(before.snapshot(), view_->snapshot());
}

} // namespace talaria

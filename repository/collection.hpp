// Collecting garbage: which packs go, which are rewritten, and the commits by which that happens.
// docs/decisions/0009-removal.md.
#pragma once

#include "repository/marks.hpp"
#include "repository/pack_rewrite.hpp"
#include "repository/repository.hpp"
#include "talaria/error.hpp"

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace talaria {

enum class PackFate : uint8_t {
  stays,     // with all its chunks
  rewritten, // what is needed goes into new packs
  dropped,   // nothing of it is needed
};

struct PackUse {
  PackFate fate = PackFate::dropped;
  uint64_t stored = 0; // bytes of blocks
  uint64_t needed = 0; // of these, estimated by the share of chunks in each block
  uint64_t chunks = 0;
  uint64_t needed_chunks = 0;
};

// Of the packs of a snapshot, in its order, which all are for dropping at first.
class PackUses {
public:
  // `dead_share`: of a pack, above which it is rewritten; 0 to 1.
  PackUses(const Snapshot& snapshot, PackRegistry& registry, double dead_share);

  // Counts what is marked, and decides again. A pack that stays does so for good, with all its chunks:
  // those are needed from then on, and may need others. True if packs stay that didn't before and that
  // had chunks which weren't needed: then what they refer to must be marked, and decided again.
  Result<bool> decide(Marks& marks);

  const std::vector<PackUse>& uses() const noexcept { return uses_; }

private:
  Result<void> count(const Marks& marks);
  Result<bool> need_all(Marks& marks);

  double dead_share_;
  std::vector<PackUse> uses_;
  std::unordered_map<uint32_t, std::size_t> places_; // by the registry's name of the pack
};

// What collecting takes away, by kind.
using FreedChunks = std::array<KindTotals, kind_count>;

// Works in batches, each a commit of its own: what has been freed stays so, whatever happens then. Used
// by one thread at a time, under the writer's lock.
class Collector {
public:
  using GoOn = std::function<Result<void>()>;

  Collector(Repository& repository, ViewPtr view, std::shared_ptr<const Marks> marks,
            const PackUses& uses, const RewriteSettings& settings);

  // Does the next batch; false if there was none. Needs room for some packs, or for a segment; to drop
  // packs that have segments to themselves, for a snapshot only. `go_on` is asked now and then: its
  // error ends the batch, of which nothing is left then.
  Result<bool> step(const GoOn& go_on = [] { return Result<void>(); });

  // Bytes of packs that are still to be dropped or rewritten, and of all.
  uint64_t done() const noexcept { return done_; }
  uint64_t total() const noexcept { return total_; }

  const FreedChunks& freed() const noexcept { return freed_; }

private:
  struct Batch; // in the making
  using PackSet = std::unordered_set<Digest, DigestHash>;

  PackSet next_batch() const;
  PackSet lonely_packs(const DigestIndex& index) const;
  Result<void> run(const PackSet& packs, const GoOn& go_on);
  Result<void> count_uses(Batch& batch);
  Result<void> count_blocks(Batch& batch, uint32_t segment, const std::vector<bool>& going);
  Result<void> find_removed(Batch& batch, uint32_t segment, const std::vector<bool>& going);
  Result<void> rewrite_packs(Batch& batch, const GoOn& go_on);
  Result<void> rewrite_segments(Batch& batch);
  Result<uint64_t> bytes_of(const BlockPlace& place, const BlockUse& use);
  Snapshot next_snapshot(Batch& batch) const;
  Result<void> publish(Batch& batch);
  void remove_old(const View& before);

  Repository& repository_;
  ViewPtr view_;
  DigestIndexPtr index_; // of it
  std::shared_ptr<const Marks> marks_;
  RewriteSettings settings_;
  std::unordered_map<Digest, PackUse, DigestHash> pending_;      // packs that are to go
  std::unordered_map<Digest, uint32_t, DigestHash> generations_; // of these
  BlockDecoder decoder_;
  FreedChunks freed_{};
  uint64_t done_ = 0;
  uint64_t total_ = 0;
};

} // namespace talaria

// Making index segments of others: merging, so that a look-up asks few of them
// (docs/decisions/0006-segment-merging.md), and rewriting when packs are
// (docs/decisions/0009-removal.md).
#pragma once

#include "repository/segment.hpp"
#include "talaria/error.hpp"
#include "talaria/object_store.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

namespace talaria {

// No merge makes a segment of more bytes than about this, so that none takes long, and the segments it
// reads can stay in memory while their keys are looked up.
inline constexpr uint64_t largest_merge = uint64_t{1} << 30;

// What decides whether a segment is merged.
struct MergeCandidate {
  uint64_t size = 0; // bytes of the file
  std::size_t packs = 0;
};

// The place of the first of `segments`, oldest first, that is to be merged with all behind it; their
// number if none is. Segments are merged when four or more are of about one size, so that their number
// and how often an entry is written again both grow with the logarithm of what is stored.
std::size_t first_to_merge(std::span<const MergeCandidate> segments);

// Writes one segment that answers as all of `segments` do, oldest first, which together are within the
// limits of the format. Of their entries none is in memory but the one of each that comes next.
Result<PackInfo> merge_segments(ObjectStore& store, std::span<const SegmentPtr> segments);

// What becomes of a segment when packs are rewritten.
struct SegmentChange {
  // What becomes of a block that is not in `blocks`.
  static constexpr uint32_t stays = UINT32_MAX - 1;

  std::vector<PackInfo> packs;   // the new ones
  std::vector<BlockInfo> blocks; // of these, their `pack` being the place in `packs`
  // By place in the segment's table of blocks: `stays`, no_block if its chunks are gone, or the place in
  // `blocks` where those that are needed are now.
  std::vector<uint32_t> moved;
  // Whether a chunk is needed; asked of those whose block has moved.
  std::function<bool(Kind kind, uint32_t slot)> needed;
};

// Writes the segment as it is after a change; nothing if no chunk is left. Chunks that are gone leave
// holes in the ranges, or slots where the holes are small. Memory: some bytes a block and a range.
Result<std::optional<PackInfo>> rewrite_segment(ObjectStore& store, const SegmentPtr& segment,
                                                const SegmentChange& change);

struct SegmentMerge {
  std::size_t first = 0; // the place of the first segment that was merged; all behind it were
  PackInfo merged;
};

// Merges the last of `segments`, oldest first, if that is due. A damaged one is left as it is, with all
// that are older.
Result<std::optional<SegmentMerge>> merge_newest(ObjectStore& store,
                                                 std::span<const SegmentPtr> segments);

} // namespace talaria

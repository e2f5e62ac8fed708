// Which chunks of a repository are needed: by releases, by applications, and by other needed chunks.
// docs/decisions/0009-removal.md.
#pragma once

#include "repository/block_reader.hpp"
#include "repository/chunk_bits.hpp"
#include "repository/digest_index.hpp"
#include "repository/page.hpp"
#include "talaria/error.hpp"
#include "talaria/object_store.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace talaria {

// Safe to share between threads.
class Marks {
public:
  static Result<std::shared_ptr<Marks>> create(DigestIndexPtr index);

  const DigestIndex& index() const noexcept { return *index_; }

  // Whether there are chunks of kind part, without which there are no lists.
  bool has_parts() const noexcept { return parts_; }

  bool is_needed(Kind kind, const DigestIndex::Slot& slot) const noexcept {
    return needed_.get(kind, slot);
  }
  bool is_needed(Kind kind, const Number& number) const noexcept;

  // errc::damaged if there is no such chunk.
  Result<void> need(Kind kind, const Number& number);
  void need(Kind kind, const DigestIndex::Slot& slot) noexcept;

  // Needs all chunks of applications but those that were removed.
  Result<void> need_bytes(const std::vector<Number>& removed);

  // Notes that what a needed chunk refers to is being marked; false if that was noted before.
  bool follow(Kind kind, const DigestIndex::Slot& slot) noexcept { return followed_.set(kind, slot); }

  // Whether chunks of a segment have become needed since it was last asked.
  bool take_changed(std::size_t segment) noexcept { return changed_[segment].exchange(false); }

  // Calls `visit` for each block of a segment that has needed chunks which nobody has followed and which
  // may refer to others. Memory: some bits a block.
  Result<void> each_to_follow(std::size_t segment,
                              const std::function<Result<void>(const BlockPlace&)>& visit) const;

private:
  Marks(DigestIndexPtr index, ChunkBits needed, ChunkBits followed);
  Result<bool> refers(const Segment& segment) const;

  DigestIndexPtr index_;
  ChunkBits needed_;
  ChunkBits followed_;
  bool parts_ = false;
  std::unique_ptr<std::atomic<bool>[]> changed_; // by segment
};

// Pages of a release.
struct PagesToMark {
  std::shared_ptr<Marks> marks;
  PageFilePtr pages;
  std::size_t first = 0;
  std::size_t count = 0;
};

// Blocks whose needed chunks may refer to others.
struct BlocksToMark {
  std::shared_ptr<Marks> marks;
  std::vector<BlockPlace> places; // each with one of its chunks
};

// Used by one thread at a time. What can't be read is errc::damaged: then nothing may be taken for not
// needed.
class Marker {
public:
  Marker(const ObjectStore& store, std::shared_ptr<PackRegistry> registry)
      : store_(store), registry_(std::move(registry)) {}

  // Needs the chunks that the pages name.
  Result<void> mark(const PagesToMark& job);

  // Needs what the needed chunks of the blocks refer to, as far as nobody has followed it.
  Result<void> mark(const BlocksToMark& job);

private:
  Result<void> mark_block(Marks& marks, const BlockPlace& place);

  const ObjectStore& store_;
  std::shared_ptr<PackRegistry> registry_;
  BlockDecoder decoder_;
};

} // namespace talaria

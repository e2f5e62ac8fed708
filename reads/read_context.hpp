// What reads use, in whatever thread they run.
#pragma once

#include "reads/core.hpp"
#include "repository/difference_reader.hpp"
#include "repository/value_reader.hpp"

#include <memory>
#include <span>
#include <vector>

namespace talaria {

// What the reads of one thread keep for the next ones. Used by one thread at a time.
class ReadMemory {
public:
  // The chunks decoded last, as long as it is the same index.
  DecodedChunks& decoded(const DigestIndexPtr& index) {
    if (index_.lock() != index) {
      decoded_ = DecodedChunks();
      index_ = index;
    }
    return decoded_;
  }

private:
  std::weak_ptr<const DigestIndex> index_;
  DecodedChunks decoded_;
};

// Used by one thread at a time.
struct ReadContext {
  CorePtr core;
  std::shared_ptr<BlockDecoder> decoder = std::make_shared<BlockDecoder>();
  std::shared_ptr<ReadMemory> memory = std::make_shared<ReadMemory>();
  std::shared_ptr<BlockSource> many; // reads many blocks in parallel; null: nothing does
};

// Reads blocks in the calling thread, through the cache. Used by one thread at a time.
class OwnBlockSource : public DirectBlockSource {
public:
  explicit OwnBlockSource(const ReadContext& context)
      : DirectBlockSource(*context.core->objects, context.core->repository->registry(),
                          context.core->blocks, context.decoder) {}
};

// Reads few blocks in the calling thread, which costs less than to wake another one, and many in
// parallel.
class EitherBlockSource : public BlockSource {
public:
  explicit EitherBlockSource(const ReadContext& context) : own_(context), many_(context.many) {}

  Result<std::vector<BlockPtr>> read(std::span<const BlockPlace> places) override {
    constexpr std::size_t few = 8;
    return places.size() <= few || !many_ ? own_.read(places) : many_->read(places);
  }

private:
  OwnBlockSource own_;
  std::shared_ptr<BlockSource> many_;
};

} // namespace talaria

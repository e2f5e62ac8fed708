// Reading blocks from packs, and chunks from blocks.
#pragma once

#include "repository/block.hpp"
#include "repository/digest_index.hpp"
#include "talaria/error.hpp"
#include "talaria/object_store.hpp"

#include <span>
#include <vector>

namespace talaria {

// Where decoded blocks come from: a disk, a cache, an actor that has one.
class BlockSource {
public:
  virtual ~BlockSource() = default;

  // The blocks, in the order asked. The first failure fails all.
  virtual Result<std::vector<BlockPtr>> read(std::span<const BlockPlace> places) = 0;
};

// Reads one block from its pack. errc::damaged names the pack and the offset. If the pack has been
// rewritten since the index was opened, it is the block that has `place.chunk` now, and all other chunks
// of the old block that are still there; errc::not_found if that chunk was removed.
Result<BlockPtr> read_block(const ObjectStore& store, const PackRegistry& registry,
                            const BlockPlace& place, BlockDecoder& decoder);

// Reads blocks straight from the packs, and keeps the last few. Used by one thread at a time.
class DirectBlockSource : public BlockSource {
public:
  DirectBlockSource(const ObjectStore& store, std::shared_ptr<PackRegistry> registry,
                    std::size_t keep = 16);

  Result<std::vector<BlockPtr>> read(std::span<const BlockPlace> places) override;
  Result<BlockPtr> read(const BlockPlace& place);

private:
  struct Kept {
    uint64_t key = 0;
    BlockPtr block;
  };
  const ObjectStore& store_;
  std::shared_ptr<PackRegistry> registry_;
  BlockDecoder decoder_;
  std::vector<Kept> kept_; // a ring
  std::size_t next_ = 0;
};

// The place of a chunk in the block that the index says it is in; errc::damaged if it isn't there.
Result<std::size_t> place_in_block(const Block& block, Kind kind, const Number& number);

} // namespace talaria

// Reading blocks from packs, and chunks from blocks.
#pragma once

#include "repository/block.hpp"
#include "repository/digest_index.hpp"
#include "talaria/error.hpp"
#include "talaria/object_store.hpp"

#include <memory>
#include <optional>
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

// Blocks that some threads keep for each other, by BlockPlace::key(). Thread-safe.
class KeptBlocks {
public:
  virtual ~KeptBlocks() = default;
  virtual std::optional<BlockPtr> get(uint64_t key) = 0;
  virtual void put(uint64_t key, const BlockPtr& block) = 0;
};

// Reads blocks straight from the packs, and keeps the last few, or as many as `shared` does. Used by one
// thread at a time.
class DirectBlockSource : public BlockSource {
public:
  DirectBlockSource(const ObjectStore& store, std::shared_ptr<PackRegistry> registry,
                    std::size_t keep = 16, std::shared_ptr<KeptBlocks> shared = nullptr);

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
  std::shared_ptr<KeptBlocks> shared_;
  std::vector<Kept> kept_; // a ring; empty if they are shared
  std::size_t next_ = 0;
};

// The place of a chunk in the block that the index says it is in; errc::damaged if it isn't there.
Result<std::size_t> place_in_block(const Block& block, Kind kind, const Number& number);

} // namespace talaria

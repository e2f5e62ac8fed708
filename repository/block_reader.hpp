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

  // Says that a block will probably be read soon, for sources that can begin with it.
  virtual void expect(const BlockPlace&) {}
};

// Reads one block from its pack. errc::damaged names the pack and the offset. If the pack has been
// rewritten since the index was opened, it is the block that has `place.chunk` now, and all other chunks
// of the old block that are still there; errc::not_found if that chunk was removed.
Result<BlockPtr> read_block(const ObjectStore& store, const PackRegistry& registry,
                            const BlockPlace& place, BlockDecoder& decoder);

// Whether a block still has the checksum that the index says; otherwise, errc::damaged as read_block().
Result<void> check_stored_bytes(const ObjectStore& store, const PackRegistry& registry,
                                const BlockPlace& place, BlockDecoder& decoder);

// Blocks that some threads keep for each other, by BlockPlace::key(). Thread-safe.
class KeptBlocks {
public:
  virtual ~KeptBlocks() = default;
  virtual std::optional<BlockPtr> get(uint64_t key) = 0;
  virtual void put(uint64_t key, const BlockPtr& block) = 0;
};

// One that gets them one after the other.
class EachBlockSource : public BlockSource {
public:
  Result<std::vector<BlockPtr>> read(std::span<const BlockPlace> places) final;
  virtual Result<BlockPtr> read(const BlockPlace& place) = 0;
};

// Reads blocks from the packs in the calling thread, unless they are kept. Used by one thread at a time.
class DirectBlockSource : public EachBlockSource {
public:
  // Keeps the last few itself.
  DirectBlockSource(const ObjectStore& store, std::shared_ptr<PackRegistry> registry,
                    std::size_t keep = 16);
  // `decoder`: for who has one already.
  DirectBlockSource(const ObjectStore& store, std::shared_ptr<PackRegistry> registry,
                    std::shared_ptr<KeptBlocks> kept,
                    std::shared_ptr<BlockDecoder> decoder = std::make_shared<BlockDecoder>());

  using EachBlockSource::read;
  Result<BlockPtr> read(const BlockPlace& place) override;

private:
  const ObjectStore& store_;
  std::shared_ptr<PackRegistry> registry_;
  std::shared_ptr<KeptBlocks> kept_;
  std::shared_ptr<BlockDecoder> decoder_;
};

// The place of a chunk in the block that the index says it is in; errc::damaged if it isn't there.
Result<std::size_t> place_in_block(const Block& block, Kind kind, const Number& number);

} // namespace talaria

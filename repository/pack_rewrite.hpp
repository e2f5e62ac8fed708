// Rewriting packs: what is needed of their chunks goes into new packs, and nothing else.
#pragma once

#include "repository/block_reader.hpp"
#include "repository/pack.hpp"
#include "repository/snapshot.hpp"
#include "talaria/error.hpp"
#include "talaria/object_store.hpp"

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

namespace talaria {

// How new blocks and packs are made.
struct RewriteSettings {
  CodecId codec = CodecId::zstd;
  int level = 1;
  std::size_t block_size = std::size_t{64} << 10;
  uint64_t pack_size = uint64_t{64} << 20;
};

// What the index says of a block: how many chunks it has there, and how many of them are needed.
struct BlockUse {
  uint32_t indexed = 0;
  uint32_t needed = 0;
};
using BlockUses = std::unordered_map<uint64_t, BlockUse>; // by BlockPlace::key()

// Whether a chunk is needed, and the index has it in the block with this key.
using NeedsChunk = std::function<bool(Kind kind, const Number& number, uint64_t block)>;

// The needed chunks of a block stay together in one block, in their order, so that whoever has the old
// place of some of them finds all. Blocks of which all chunks are needed are copied as they are. Used by
// one thread at a time; destroying it removes nothing that was written.
class PackRewriter {
public:
  PackRewriter(ObjectStore& store, std::shared_ptr<PackRegistry> registry,
               const RewriteSettings& settings, NeedsChunk needs);
  ~PackRewriter();

  // Takes over what is needed of a pack. Packs of a generation come one behind the other. errc::damaged
  // if a block that is partly needed can't be read, or isn't what the index says.
  Result<void> add(const Snapshot::Pack& pack, const GenerationId& generation, const BlockUses& uses);

  // Closes the last pack. All new packs have been read back.
  Result<void> finish();

  const std::vector<Snapshot::Pack>& packs() const noexcept { return packs_; }

  // The blocks of these; their `pack` is the place in packs().
  const std::vector<BlockInfo>& blocks() const noexcept { return blocks_; }

  // From the keys of old blocks with needed chunks to places in blocks().
  const std::unordered_map<uint64_t, uint32_t>& moved() const noexcept { return moved_; }

private:
  struct Pending;
  Result<void> begin(uint32_t place, const GenerationId& generation);
  Result<void> copy(const BlockPlace& place);
  Result<void> gather(const BlockPlace& place, const BlockUse& use);
  Result<void> flush(Pending& pending);
  Result<void> write(const EncodedBlock& block, const std::vector<uint64_t>& from);
  Result<void> close_generation();
  Result<void> close_pack();

  ObjectStore& store_;
  std::shared_ptr<PackRegistry> registry_;
  RewriteSettings settings_;
  NeedsChunk needs_;
  BlockDecoder decoder_;
  BlockEncoder encoder_;
  uint32_t generation_ = UINT32_MAX; // of the pack that is open, as the snapshot counts
  GenerationId generation_id_;
  // By kind, whether they are differences, and whether these are edit scripts.
  std::map<std::tuple<Kind, bool, bool>, Pending> pending_;
  std::unique_ptr<PackWriter> pack_;
  std::vector<Snapshot::Pack> packs_;
  std::vector<BlockInfo> blocks_;
  std::unordered_map<uint64_t, uint32_t> moved_;
};

} // namespace talaria

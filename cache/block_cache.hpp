// The cache of decompressed blocks, shared by the threads of a process.
#pragma once

#include "cache/lru.hpp"
#include "repository/block_reader.hpp"

#include <cstdint>
#include <mutex>
#include <optional>

namespace talaria {

// Forgets what was used least recently; weighed in bytes. Thread-safe.
class BlockCache : public KeptBlocks {
public:
  explicit BlockCache(std::size_t capacity_bytes) : blocks_(capacity_bytes) {}

  std::optional<BlockPtr> get(uint64_t key) override {
    std::lock_guard lock(mutex_);
    return blocks_.get(key);
  }

  void put(uint64_t key, const BlockPtr& block) override {
    std::lock_guard lock(mutex_);
    blocks_.put(key, block, block->weight());
  }

  CacheCounts counts() const {
    std::lock_guard lock(mutex_);
    return blocks_.counts();
  }

private:
  mutable std::mutex mutex_;
  LruCache<uint64_t, BlockPtr> blocks_;
};

} // namespace talaria

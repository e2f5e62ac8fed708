// Reading many blocks at once without actors.
#pragma once

#include "reads/core.hpp"

#include <span>
#include <vector>

namespace talaria {

// Reads blocks through the cache, in the calling thread and as many others for the time of a call as the
// settings allow. Used by one thread at a time.
class ParallelBlockSource : public BlockSource {
public:
  explicit ParallelBlockSource(CorePtr core) : core_(std::move(core)) {}

  Result<std::vector<BlockPtr>> read(std::span<const BlockPlace> places) override;

private:
  CorePtr core_;
};

} // namespace talaria

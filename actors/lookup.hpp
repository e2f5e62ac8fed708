// The actors on the way of a read: index and cache.
#pragma once

#include "actors/interfaces.hpp"
#include "reads/core.hpp"

namespace talaria::actors {

cache_actor spawn_cache(caf::actor_system& system, std::shared_ptr<BlockCache> blocks,
                        std::vector<block_reader_actor> readers);
index_actor spawn_index(caf::actor_system& system, const CorePtr& core);

} // namespace talaria::actors

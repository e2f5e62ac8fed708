// The actors on the way of a read: index and cache.
#pragma once

#include "actors/core.hpp"
#include "actors/interfaces.hpp"

namespace talaria::actors {

cache_actor spawn_cache(caf::actor_system& system, std::size_t capacity,
                        std::vector<block_reader_actor> readers);
index_actor spawn_index(caf::actor_system& system, const CorePtr& core, cache_actor cache);

} // namespace talaria::actors

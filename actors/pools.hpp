// The actors that compute and read: workers, block readers, verifiers.
#pragma once

#include "actors/interfaces.hpp"
#include "reads/core.hpp"

namespace talaria::actors {

worker_actor spawn_worker(caf::actor_system& system, const CorePtr& core);
block_reader_actor spawn_block_reader(caf::actor_system& system, const CorePtr& core,
                                      std::shared_ptr<PackRegistry> registry,
                                      std::shared_ptr<BlockCache> cache);
verifier_actor spawn_verifier(caf::actor_system& system, const CorePtr& core,
                              std::shared_ptr<PackRegistry> registry);

} // namespace talaria::actors

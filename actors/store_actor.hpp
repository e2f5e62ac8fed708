// The supervisor of a store.
#pragma once

#include "actors/interfaces.hpp"
#include "reads/core.hpp"

namespace talaria::actors {

// What an embedding program asks of the supervisor beside store_actor: the actors that reads go to
// directly.
using internal_store_actor = store_actor::extend<
    // Answers the actors that are serving now.
    caf::replies_to<services_atom>::with<Local<Services>>>;

internal_store_actor spawn_internal_store(caf::actor_system& system, CorePtr core);

} // namespace talaria::actors

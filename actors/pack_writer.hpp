// The actors at both ends of an ingest: the input that is read and the packs that are written.
#pragma once

#include "actors/interfaces.hpp"
#include "reads/core.hpp"
#include "sequence/input.hpp"

namespace talaria::actors {

input_actor spawn_input(caf::actor_system& system, std::unique_ptr<Input> input);
pack_writer_actor spawn_pack_writer(caf::actor_system& system, std::shared_ptr<Commit> commit);

} // namespace talaria::actors

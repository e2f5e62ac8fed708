// Talaria for programs that are CAF systems themselves: the store as an actor.
//
//   talaria::actors::Config cfg;                       // or prepare(your own config)
//   caf::actor_system system{cfg};
//   auto store = talaria::actors::spawn_store(system, objects, settings);
//   self->request(*store, caf::infinite, talaria::ingest_atom_v, request).then(...);
//
// Every request is answered: by its result, or by an error of the category "talaria", whose code is a
// talaria::errc and whose text talaria::actors::to_error() gives back. The messages carry shared,
// immutable values and stay within the process. Requests run side by side in threads of their own.
#pragma once

#include "talaria/object_store.hpp"
#include "talaria/settings.hpp"
#include "talaria/store.hpp"

#include <caf/all.hpp>
#include <memory>
#include <string>
#include <vector>

CAF_ERROR_CODE_ENUM(talaria::errc, "talaria")

CAF_BEGIN_TYPE_ID_BLOCK(talaria_public, caf::first_custom_type_id + 2000)
CAF_ADD_ATOM(talaria_public, talaria, ingest_atom, "ingest")
CAF_ADD_ATOM(talaria_public, talaria, releases_atom, "releases")
CAF_ADD_ATOM(talaria_public, talaria, export_atom, "export")
CAF_ADD_ATOM(talaria_public, talaria, record_atom, "record")
CAF_ADD_ATOM(talaria_public, talaria, get_chunks_atom, "get_chunks")
CAF_ADD_ATOM(talaria_public, talaria, put_chunks_atom, "put_chunks")
CAF_ADD_ATOM(talaria_public, talaria, verify_atom, "verify")
CAF_ADD_ATOM(talaria_public, talaria, stats_atom, "stats")
CAF_ADD_ATOM(talaria_public, talaria, rebuild_atom, "rebuild")
CAF_ADD_ATOM(talaria_public, talaria, rebase_atom, "rebase")
CAF_ADD_ATOM(talaria_public, talaria, put_deltas_atom, "put_deltas")
CAF_ADD_ATOM(talaria_public, talaria, delta_info_atom, "delta_info")
CAF_ADD_ATOM(talaria_public, talaria, deltas_atom, "deltas")
CAF_ADD_ATOM(talaria_public, talaria, rebase_chunk_atom, "rebase_chk")
CAF_ADD_ATOM(talaria_public, talaria, ranges_atom, "ranges")
CAF_ADD_ATOM(talaria_public, talaria, chunk_range_atom, "chunk_rng")
CAF_ADD_ATOM(talaria_public, talaria, remove_atom, "remove")
CAF_ADD_ATOM(talaria_public, talaria, collect_garbage_atom, "gc")
CAF_END_TYPE_ID_BLOCK(talaria_public)

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(talaria::IngestRequest)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(talaria::IngestReport)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(talaria::ReleaseInfo)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(std::vector<talaria::ReleaseInfo>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(talaria::ExportSink)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(talaria::OperationOptions)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(talaria::Record)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(std::vector<talaria::RangeRequest>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(std::vector<talaria::SequenceRange>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(talaria::Digest)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(talaria::Buffer)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(std::vector<talaria::Digest>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(std::vector<talaria::Buffer>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(talaria::VerifyOptions)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(talaria::VerifyReport)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(talaria::StoreStats)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(talaria::RebuildOptions)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(talaria::RebuildReport)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(talaria::RebaseOptions)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(talaria::RebaseReport)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(talaria::DeltaInfo)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(std::vector<talaria::DeltaInfo>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(talaria::DeltaChoice)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(std::vector<talaria::DeltaChoice>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(talaria::GcOptions)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(talaria::GcReport)

namespace talaria::actors {

using store_actor = caf::typed_actor<
    // Stores a release, as Store::ingest does.
    caf::replies_to<ingest_atom, IngestRequest>::with<IngestReport>,
    // Lists the releases of a database, or all for an empty name.
    caf::replies_to<releases_atom, std::string>::with<std::vector<ReleaseInfo>>,
    // Renders a release into the sink, which is called from a thread of the operation.
    caf::replies_to<export_atom, std::string, ExportSink, OperationOptions>::with<ReleaseInfo>,
    // Finds the record with an accession or digest in a release, or in the newest that has it.
    caf::replies_to<record_atom, std::string, std::string>::with<Record>,
    // Reads parts of sequences in a release (empty: in the newest that has each), in the order asked;
    // the first that fails fails all.
    caf::replies_to<ranges_atom, std::vector<RangeRequest>,
                    std::string>::with<std::vector<SequenceRange>>,
    // Reads so many bytes of a chunk or sequence from an offset on.
    caf::replies_to<chunk_range_atom, Digest, uint64_t, uint64_t>::with<Buffer>,
    // Gets chunks or sequences by digest, in the order asked; the first that is missing fails all.
    caf::replies_to<get_chunks_atom, std::vector<Digest>>::with<std::vector<Buffer>>,
    // Stores chunks in one commit and answers their addresses in the same order.
    caf::replies_to<put_chunks_atom, std::vector<Buffer>>::with<std::vector<Digest>>,
    // Verifies the repository.
    caf::replies_to<verify_atom, VerifyOptions>::with<VerifyReport>,
    // Counts what is stored.
    caf::replies_to<stats_atom>::with<StoreStats>,
    // Makes anew what can be made from other files, as Store::rebuild does.
    caf::replies_to<rebuild_atom, RebuildOptions>::with<RebuildReport>,
    // Writes lists of records anew, as Store::rebase does.
    caf::replies_to<rebase_atom, RebaseOptions>::with<RebaseReport>,
    // Stores chunks in one commit, each as the difference from what its choice says, as
    // DeltaStore::put_batch does; as many choices as buffers.
    caf::replies_to<put_deltas_atom, std::vector<Buffer>,
                    std::vector<DeltaChoice>>::with<std::vector<DeltaInfo>>,
    // Says how a chunk or sequence is stored, and what it refers to.
    caf::replies_to<delta_info_atom, Digest>::with<DeltaInfo>,
    // Lists the chunks that are stored as the difference from one, as DeltaStore::deltas does.
    caf::replies_to<deltas_atom, Digest>::with<std::vector<Digest>>,
    // Stores a chunk anew, as DeltaStore::rebase does.
    caf::replies_to<rebase_chunk_atom, Digest, DeltaChoice>::with<DeltaInfo>,
    // Takes releases out, as Store::remove does.
    caf::replies_to<remove_atom, std::vector<std::string>>::with<std::vector<ReleaseInfo>>,
    // Frees what nothing needs, as Store::collect_garbage does.
    caf::replies_to<collect_garbage_atom, GcOptions>::with<GcReport>>;

// Registers what the messages need with a configuration; call it before the system is made.
void prepare(caf::actor_system_config& config);

// A configuration with settings that suit Talaria: as many scheduler threads as `threads` says (0: one
// for each core), fair among actors.
struct Config : caf::actor_system_config {
  explicit Config(unsigned threads = 0);
};

// Starts the actors of a store on the objects of a repository. It ends when its last handle is dropped
// or an exit message reaches it.
Result<store_actor> spawn_store(caf::actor_system& system, std::unique_ptr<ObjectStore> objects,
                                const Settings& settings);

// The error that an actor of Talaria answered; errc::unavailable for errors of CAF itself.
Error to_error(const caf::error& error);

} // namespace talaria::actors

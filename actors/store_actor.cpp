#include "actors/store_actor.hpp"

#include "actors/lookup.hpp"
#include "actors/operation.hpp"
#include "actors/pools.hpp"
#include "actors/reads.hpp"
#include "reads/chunk.hpp"
#include "reads/records.hpp"

namespace talaria::actors {

namespace {

// Starts operations, each in a thread of its own, and keeps the actors that serve them alive: if one of
// them dies, what it was doing fails, and all are replaced.
class StoreActor : public internal_store_actor::base {
public:
  StoreActor(caf::actor_config& config, CorePtr core)
      : internal_store_actor::base(config), core_(std::move(core)) {
    set_down_handler([this](caf::down_msg& down) {
      if (!is_service(down.source)) return;
      stop_services(caf::exit_reason::kill);
      start_services();
    });
    set_exit_handler([this](caf::exit_msg& exit) { quit(exit.reason); });
    start_services();
  }

  const char* name() const override { return "talaria-store"; }

  void on_exit() override { stop_services(caf::exit_reason::user_shutdown); }

protected:
  behavior_type make_behavior() override {
    return {
        [this](ingest_atom, const IngestRequest& request) {
          return operate<IngestReport>(request.options,
                                       [request](Operation& op) { return ingest(op, request); });
        },
        [this](releases_atom, const std::string& name) {
          return operate<std::vector<ReleaseInfo>>(
              {}, [name](Operation& op) { return list_releases(*op.core, name); });
        },
        [this](export_atom, const std::string& release, const ExportSink& sink,
               const OperationOptions& options) {
          return operate<ReleaseInfo>(
              options, [release, sink](Operation& op) { return export_release(op, release, sink); });
        },
        [this](record_atom, const std::string& id, const std::string& release) {
          return operate<Record>({},
                                 [id, release](Operation& op) { return find_record(op, id, release); });
        },
        [this](ranges_atom, const std::vector<RangeRequest>& ranges, const std::string& release) {
          return operate<std::vector<SequenceRange>>(
              {}, [ranges, release](Operation& op) -> Result<std::vector<SequenceRange>> {
                std::vector<SequenceRange> found;
                for (auto& result : get_ranges(op, ranges, release)) {
                  if (!result) return tl::unexpected(result.error());
                  found.push_back(*std::move(result));
                }
                return found;
              });
        },
        [this](chunk_range_atom, const Digest& digest, uint64_t offset, uint64_t length) {
          return operate<Buffer>({}, [digest, offset, length](Operation& op) {
            return get_chunk_range(op, digest, offset, length);
          });
        },
        [this](get_chunks_atom, const std::vector<Digest>& digests) {
          return operate<std::vector<Buffer>>({},
                                              [digests](Operation& op) -> Result<std::vector<Buffer>> {
                                                std::vector<Buffer> buffers;
                                                for (auto& result : get_chunks(op, digests)) {
                                                  if (!result) return tl::unexpected(result.error());
                                                  buffers.push_back(*std::move(result));
                                                }
                                                return buffers;
                                              });
        },
        [this](put_chunks_atom, const std::vector<Buffer>& buffers) {
          return operate<std::vector<Digest>>({}, [buffers](Operation& op) {
            std::vector<std::string_view> values;
            for (auto& buffer : buffers) values.push_back(buffer.view());
            return put_chunks(op, values);
          });
        },
        [this](verify_atom, const VerifyOptions& options) {
          return operate<VerifyReport>(options.options,
                                       [options](Operation& op) { return verify(op, options); });
        },
        [this](stats_atom) {
          return operate<StoreStats>({}, [](Operation& op) { return count(*op.core); });
        },
        [this](rebuild_atom, const RebuildOptions& options) {
          return operate<RebuildReport>(options.options,
                                        [options](Operation& op) { return rebuild(op, options); });
        },
        [this](rebase_atom, const RebaseOptions& options) {
          return operate<RebaseReport>(options.options,
                                       [options](Operation& op) { return rebase(op, options); });
        },
        [this](put_deltas_atom, const std::vector<Buffer>& buffers,
               const std::vector<DeltaChoice>& choices) {
          return operate<std::vector<DeltaInfo>>(
              {}, [buffers, choices](Operation& op) -> Result<std::vector<DeltaInfo>> {
                if (buffers.size() != choices.size())
                  return failure(errc::invalid_argument, "each buffer needs a choice of its own");
                std::vector<DeltaValue> values;
                for (std::size_t i = 0; i < buffers.size(); ++i)
                  values.push_back({buffers[i].view(), choices[i]});
                return put_deltas(op, values);
              });
        },
        [this](delta_info_atom, const Digest& digest) {
          return operate<DeltaInfo>({}, [digest](Operation& op) { return delta_info(op, digest); });
        },
        [this](deltas_atom, const Digest& reference) {
          return operate<std::vector<Digest>>(
              {}, [reference](Operation& op) { return list_deltas(op, reference); });
        },
        [this](rebase_chunk_atom, const Digest& digest, const DeltaChoice& choice) {
          return operate<DeltaInfo>(
              {}, [digest, choice](Operation& op) { return rebase_chunk(op, digest, choice); });
        },
        [this](remove_atom, const std::vector<std::string>& releases) {
          return operate<std::vector<ReleaseInfo>>(
              {}, [releases](Operation& op) { return remove_releases(op, releases); });
        },
        [this](collect_garbage_atom, const GcOptions& options) {
          return operate<GcReport>(options.options,
                                   [options](Operation& op) { return collect_garbage(op, options); });
        },
        [this](services_atom) -> caf::result<Local<Services>> { return local(Services(*services_)); },
    };
  }

private:
  template <class T>
  using operation_actor = caf::typed_actor<typename caf::replies_to<run_atom>::template with<T>>;

  // Spawns an actor for the operation and lets it answer the request. If it dies, CAF answers.
  template <class T, class F>
  caf::delegated<T> operate(OperationOptions options, F body) {
    Operation operation;
    operation.core = core_;
    operation.services = services_;
    operation.options = std::move(options);
    auto actor =
        system().template spawn<caf::detached>([operation, body](caf::blocking_actor* self) mutable {
          operation.self = self;
          operation.many = std::make_shared<CachedBlockSource>(operation);
          self->receive([&](run_atom) -> caf::result<T> {
            try {
              Result<T> result = body(operation);
              if (!result) return to_caf(result.error());
              return *std::move(result);
            } catch (const std::bad_alloc&) {
              return to_caf({errc::limit_exceeded,
                             "memory is exhausted: lower the setting 'memory' or 'threads'"});
            } catch (const std::exception& e) {
              return to_caf({errc::internal, std::string("unexpected failure: ") + e.what()});
            }
          });
        });
    return this->delegate(caf::actor_cast<operation_actor<T>>(actor), run_atom_v);
  }

  void start_services() {
    auto services = std::make_shared<Services>();
    auto& registry = core_->repository->registry();
    for (unsigned i = 0; i < core_->settings.resolved_threads(); ++i) {
      services->workers.push_back(watch(spawn_worker(system(), core_)));
      services->readers.push_back(watch(spawn_block_reader(system(), core_, registry, core_->blocks)));
      services->verifiers.push_back(watch(spawn_verifier(system(), core_, registry)));
    }
    services->cache = watch(spawn_cache(system(), core_->blocks, services->readers));
    services->index = watch(spawn_index(system(), core_));
    services_ = std::move(services);
  }

  template <class Handle>
  Handle watch(Handle actor) {
    monitor(actor);
    return actor;
  }

  template <class F>
  void for_each_service(F f) {
    if (!services_) return;
    for (auto& actor : services_->workers) f(actor);
    for (auto& actor : services_->readers) f(actor);
    for (auto& actor : services_->verifiers) f(actor);
    f(services_->cache);
    f(services_->index);
  }

  bool is_service(const caf::actor_addr& address) {
    bool found = false;
    for_each_service([&](const auto& actor) { found = found || actor.address() == address; });
    return found;
  }

  void stop_services(caf::exit_reason reason) {
    // Anonymous: when the store ends because nobody refers to it any more, it must not be named as a
    // sender.
    for_each_service([&](const auto& actor) { caf::anon_send_exit(actor, reason); });
    services_.reset();
  }

  CorePtr core_;
  std::shared_ptr<const Services> services_;
};

} // namespace

internal_store_actor spawn_internal_store(caf::actor_system& system, CorePtr core) {
  return system.spawn<StoreActor>(std::move(core));
}

Result<store_actor> spawn_store(caf::actor_system& system, std::unique_ptr<ObjectStore> objects,
                                const Settings& settings) {
  TALARIA_TRY_ASSIGN(auto core, Core::open(std::move(objects), settings));
  return caf::actor_cast<store_actor>(spawn_internal_store(system, std::move(core)));
}

} // namespace talaria::actors

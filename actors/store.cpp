#include "talaria/store.hpp"

#include "actors/reads.hpp"
#include "actors/runtime.hpp"

namespace talaria {

using namespace actors;

Result<void> Store::init(const std::string& path) {
  TALARIA_TRY_ASSIGN(auto objects, local_store(path, true));
  return init(*objects);
}

Result<void> Store::init(ObjectStore& objects) {
  return Repository::create(objects);
}

Result<std::unique_ptr<Store>> Store::open(const std::string& path, Settings settings) {
  TALARIA_TRY_ASSIGN(auto objects, local_store(path, false));
  return open(std::move(objects), std::move(settings));
}

Result<std::unique_ptr<Store>> Store::open(std::unique_ptr<ObjectStore> objects, Settings settings) {
  TALARIA_TRY_ASSIGN(auto core, Core::open(std::move(objects), settings));
  TALARIA_TRY_ASSIGN(auto runtime, Runtime::start(std::move(core)));
  return std::unique_ptr<Store>(new Store(std::move(runtime)));
}

Store::Store(std::unique_ptr<Runtime> runtime) : runtime_(std::move(runtime)), chunks_(*runtime_) {}

Store::~Store() = default;

Result<IngestReport> Store::ingest(const IngestRequest& request) {
  return runtime_->ask<IngestReport>(ingest_atom_v, request);
}

Result<std::vector<ReleaseInfo>> Store::releases(const std::string& name) {
  return list_releases(*runtime_->core(), name);
}

Result<ReleaseInfo> Store::export_release(const std::string& release, const ExportSink& sink,
                                          const OperationOptions& options) {
  return runtime_->ask<ReleaseInfo>(export_atom_v, release, sink, options);
}

Result<Record> Store::get(const std::string& id, const std::string& release) {
  return runtime_->run([&](Operation& op) { return find_record(op, id, release); });
}

Result<VerifyReport> Store::verify(const VerifyOptions& options) {
  return runtime_->ask<VerifyReport>(verify_atom_v, options);
}

Result<RebuildReport> Store::rebuild(const RebuildOptions& options) {
  return runtime_->ask<RebuildReport>(rebuild_atom_v, options);
}

Result<std::vector<ReleaseInfo>> Store::remove(const std::vector<std::string>& releases) {
  return runtime_->run([&](Operation& op) { return remove_releases(op, releases); });
}

Result<GcReport> Store::collect_garbage(const GcOptions& options) {
  return runtime_->ask<GcReport>(collect_garbage_atom_v, options);
}

Result<StoreStats> Store::stats() {
  return count(*runtime_->core());
}

ChunkStore& Store::chunks() noexcept {
  return chunks_;
}

Result<Digest> ChunkStore::put(std::string_view bytes) {
  TALARIA_TRY_ASSIGN(auto digests, put_batch(std::span(&bytes, 1)));
  return digests[0];
}

Result<std::vector<Digest>> ChunkStore::put_batch(std::span<const std::string_view> values) {
  return runtime_.run([&](Operation& op) { return put_chunks(op, values); });
}

Result<Buffer> ChunkStore::get(const Digest& digest) const {
  return std::move(get_batch(std::span(&digest, 1))[0]);
}

std::vector<Result<Buffer>> ChunkStore::get_batch(std::span<const Digest> digests) const {
  auto results = runtime_.run([&](Operation& op) -> Result<std::vector<Result<Buffer>>> {
    auto chunks = get_chunks(op, digests);
    if (!chunks.empty() && !chunks[0] && chunks[0].error().code() == errc::unavailable)
      return tl::unexpected(chunks[0].error());
    return chunks;
  });
  if (results) return *std::move(results);
  return std::vector<Result<Buffer>>(digests.size(), tl::unexpected(results.error()));
}

Result<bool> ChunkStore::contains(const Digest& digest) const {
  TALARIA_TRY_ASSIGN(auto found, contains_batch(std::span(&digest, 1)));
  return bool{found[0]};
}

Result<std::vector<bool>> ChunkStore::contains_batch(std::span<const Digest> digests) const {
  return runtime_.run([&](Operation& op) { return contains_chunks(op, digests); });
}

Result<void> ChunkStore::list(bool sequences, const std::function<bool(const ChunkInfo&)>& visit) const {
  return list_chunks(*runtime_.core(), sequences, visit);
}

Result<void> ChunkStore::remove(const Digest& digest) {
  return runtime_.run([&](Operation& op) { return remove_chunk(op, digest); });
}

Result<void> ChunkStore::verify(const Digest& digest) const {
  return verify_chunk(*runtime_.core(), digest);
}

Result<ChunkStats> ChunkStore::stats() const {
  TALARIA_TRY_ASSIGN(auto stats, count(*runtime_.core()));
  TALARIA_TRY_ASSIGN(auto view, runtime_.core()->repository->view());
  auto& totals = view->snapshot().totals[index_of(Kind::bytes)];
  return ChunkStats{totals.count, totals.bytes, stats.sequences, stats.residues};
}

} // namespace talaria

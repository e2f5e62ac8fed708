#include "talaria/store.hpp"

#include "actors/reads.hpp"
#include "actors/runtime.hpp"
#include "reads/chunk.hpp"
#include "reads/records.hpp"
#include "reads/releases.hpp"

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
  return std::unique_ptr<Store>(new Store(std::make_unique<Runtime>(std::move(core))));
}

Store::Store(std::unique_ptr<Runtime> runtime)
    : runtime_(std::move(runtime)), chunks_(*runtime_), deltas_(*runtime_) {}

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
  return runtime_->read([&](Operation& op) { return find_record(op, id, release); });
}

Result<SequenceRange> Store::get_range(const std::string& id, uint64_t begin, uint64_t end,
                                       const std::string& release) {
  RangeRequest range{id, begin, end};
  return std::move(get_ranges(std::span(&range, 1), release)[0]);
}

std::vector<Result<SequenceRange>> Store::get_ranges(std::span<const RangeRequest> ranges,
                                                     const std::string& release) {
  auto results = runtime_->read([&](Operation& op) -> Result<std::vector<Result<SequenceRange>>> {
    auto found = talaria::get_ranges(op, ranges, release);
    if (!found.empty() && !found[0] && found[0].error().code() == errc::unavailable)
      return tl::unexpected(found[0].error());
    return found;
  });
  if (results) return *std::move(results);
  return std::vector<Result<SequenceRange>>(ranges.size(), tl::unexpected(results.error()));
}

Result<VerifyReport> Store::verify(const VerifyOptions& options) {
  return runtime_->ask<VerifyReport>(verify_atom_v, options);
}

Result<RebuildReport> Store::rebuild(const RebuildOptions& options) {
  return runtime_->ask<RebuildReport>(rebuild_atom_v, options);
}

Result<RebaseReport> Store::rebase(const RebaseOptions& options) {
  return runtime_->ask<RebaseReport>(rebase_atom_v, options);
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

DeltaStore& Store::deltas() noexcept {
  return deltas_;
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

Result<Buffer> ChunkStore::get_range(const Digest& digest, uint64_t offset, uint64_t length) const {
  return runtime_.read([&](Operation& op) { return get_chunk_range(op, digest, offset, length); });
}

std::vector<Result<Buffer>> ChunkStore::get_batch(std::span<const Digest> digests) const {
  auto results = runtime_.read([&](Operation& op) -> Result<std::vector<Result<Buffer>>> {
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
  return runtime_.read([&](Operation& op) { return contains_chunks(op, digests); });
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

std::string_view to_string(ChunkKind kind) noexcept {
  switch (kind) {
  case ChunkKind::whole:
    return "whole";
  case ChunkKind::delta:
    return "delta";
  case ChunkKind::list:
    return "list";
  }
  return "whole";
}

Result<DeltaInfo> DeltaStore::put(std::string_view bytes, const Digest& reference) {
  DeltaValue value{bytes, DeltaChoice::given(reference)};
  TALARIA_TRY_ASSIGN(auto infos, put_batch(std::span(&value, 1)));
  return std::move(infos[0]);
}

Result<DeltaInfo> DeltaStore::put(std::string_view bytes) {
  DeltaValue value{bytes, DeltaChoice::found()};
  TALARIA_TRY_ASSIGN(auto infos, put_batch(std::span(&value, 1)));
  return std::move(infos[0]);
}

Result<std::vector<DeltaInfo>> DeltaStore::put_batch(std::span<const DeltaValue> values) {
  return runtime_.run([&](Operation& op) { return put_deltas(op, values); });
}

Result<Buffer> DeltaStore::get(const Digest& digest) const {
  return ChunkStore(runtime_).get(digest);
}

Result<DeltaInfo> DeltaStore::info(const Digest& digest) const {
  return runtime_.read([&](Operation& op) { return delta_info(op, digest); });
}

Result<std::vector<Digest>> DeltaStore::deltas(const Digest& reference) const {
  return runtime_.run([&](Operation& op) { return list_deltas(op, reference); });
}

Result<DeltaInfo> DeltaStore::rebase(const Digest& digest, const DeltaChoice& choice) {
  return runtime_.run([&](Operation& op) { return rebase_chunk(op, digest, choice); });
}

} // namespace talaria

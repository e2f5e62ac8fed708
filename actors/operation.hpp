// What the long operations share. Each runs in a blocking actor, in a thread of its own, and waits for
// answers in the order of its requests.
#pragma once

#include "actors/core.hpp"
#include "actors/interfaces.hpp"
#include "repository/page_cursor.hpp"

#include <chrono>
#include <deque>
#include <optional>
#include <span>
#include <variant>

namespace talaria::actors {

// What the reads of one thread keep for the next ones. Used by one thread at a time.
class ReadMemory {
public:
  // The chunks decoded last, as long as it is the same index.
  DecodedChunks& decoded(const DigestIndexPtr& index) {
    if (index_.lock() != index) {
      decoded_ = DecodedChunks();
      index_ = index;
    }
    return decoded_;
  }

private:
  std::weak_ptr<const DigestIndex> index_;
  DecodedChunks decoded_;
};

struct Operation {
  caf::blocking_actor* self = nullptr;
  CorePtr core;
  std::shared_ptr<const Services> services;
  OperationOptions options;
  std::shared_ptr<BlockDecoder> decoder = std::make_shared<BlockDecoder>(); // for reads in this thread
  std::shared_ptr<ReadMemory> memory = std::make_shared<ReadMemory>();

  // errc::cancelled once the caller has asked for it.
  Result<void> check_cancelled() const {
    if (options.cancel && options.cancel->load(std::memory_order_relaxed))
      return failure(errc::cancelled, "cancelled");
    return {};
  }

  // Tells the caller, unless it was told a moment ago.
  void report(std::string_view what, uint64_t done, uint64_t total) {
    if (!options.progress) return;
    auto now = std::chrono::steady_clock::now();
    if (what == last_report_ && done != total && now - reported_ < std::chrono::milliseconds(100))
      return;
    last_report_ = what;
    reported_ = now;
    options.progress({what, done, total});
  }

  // Requests outstanding to a pool: enough that none idles while its answers wait their turn.
  std::size_t window() const { return 2 * services->workers.size() + 2; }

  // The workers by turns, but for one that has a long job, if there are others.
  const worker_actor& worker() {
    auto& workers = services->workers;
    auto next = next_worker_++ % workers.size();
    if (next == busy_worker_) next = next_worker_++ % workers.size();
    return workers[next];
  }

  // The same, for a long job: further jobs go to the others until it is free again.
  const worker_actor& busy_worker() {
    busy_worker_ = next_worker_++ % services->workers.size();
    return services->workers[busy_worker_];
  }
  void free_worker() { busy_worker_ = SIZE_MAX; }

private:
  std::string_view last_report_;
  std::chrono::steady_clock::time_point reported_;
  std::size_t next_worker_ = 0;
  std::size_t busy_worker_ = SIZE_MAX;
};

// Waits for the answer of a request made by a blocking actor.
template <class T, class Handle>
Result<Local<T>> await(Handle& handle) {
  Result<Local<T>> result = failure(errc::internal, "no answer");
  handle.receive([&](Local<T>& value) { result = std::move(value); },
                 [&](caf::error& error) { result = tl::unexpected(to_error(error)); });
  return result;
}

template <class Handle>
Result<void> await_done(Handle& handle) {
  Result<void> result;
  handle.receive([] {}, [&](caf::error& error) { result = tl::unexpected(to_error(error)); });
  return result;
}

// Requests under way, with what each is about, answered in the order they were made.
template <class Handle, class Context>
using Requests = std::deque<std::pair<Handle, Context>>;

// Reads blocks through the cache, on behalf of a blocking actor.
class CachedBlockSource : public BlockSource {
public:
  CachedBlockSource(caf::blocking_actor* self, cache_actor cache)
      : self_(self), cache_(std::move(cache)) {}

  Result<std::vector<BlockPtr>> read(std::span<const BlockPlace> places) override {
    auto request = self_->request(cache_, caf::infinite, read_blocks_atom_v,
                                  local(Places(places.begin(), places.end())));
    TALARIA_TRY_ASSIGN(auto blocks, await<Blocks>(request));
    return std::move(*blocks);
  }

private:
  caf::blocking_actor* self_;
  cache_actor cache_;
};

// Reads blocks in the calling thread, through the same cache. Used by one thread at a time.
class OwnBlockSource : public DirectBlockSource {
public:
  explicit OwnBlockSource(const Operation& op)
      : DirectBlockSource(*op.core->objects, op.core->repository->registry(), op.services->blocks,
                          op.decoder) {}
};

// Reads few blocks in the calling thread, which costs less than to wake another one, and many in
// parallel.
class EitherBlockSource : public BlockSource {
public:
  explicit EitherBlockSource(const Operation& op) : own_(op), cached_(op.self, op.services->cache) {}

  Result<std::vector<BlockPtr>> read(std::span<const BlockPlace> places) override {
    constexpr std::size_t few = 8;
    return places.size() <= few ? own_.read(places) : cached_.read(places);
  }

private:
  OwnBlockSource own_;
  CachedBlockSource cached_;
};

// "NAME@VERSION" or "NAME" apart; errc::invalid_argument for what can be no release.
struct ReleaseName {
  std::string name;
  std::string version; // may be empty
};
Result<ReleaseName> parse_release(std::string_view text);
Result<void> check_release(const std::string& name, const std::string& version);
ReleaseInfo to_info(const ReleaseEntry& entry);

// Whether the ref has moved since the view was opened. False if it can't be read.
bool has_moved(const Core& core, const View& view);

// Whether an error may be that something went which the view names: then the newer one answers.
bool may_have_gone(const Core& core, const View& view, const Error& error);

// What to say of an error met while a release was read: that it was removed meanwhile, if that is so.
Error explain(const Core& core, const View& view, const ReleaseEntry& release, const Error& error);

// The operations.
Result<IngestReport> ingest(Operation& op, const IngestRequest& request);
Result<ReleaseInfo> export_release(Operation& op, const std::string& release, const ExportSink& sink);
Result<VerifyReport> verify(Operation& op, const VerifyOptions& options);
Result<RebuildReport> rebuild(Operation& op, const RebuildOptions& options);
Result<RebaseReport> rebase(Operation& op, const RebaseOptions& options);
Result<std::vector<ReleaseInfo>> remove_releases(Operation& op, const std::vector<std::string>& names);
Result<GcReport> collect_garbage(Operation& op, const GcOptions& options);
Result<std::vector<Digest>> put_chunks(Operation& op, std::span<const std::string_view> values);
Result<std::vector<DeltaInfo>> put_deltas(Operation& op, std::span<const DeltaValue> values);
Result<DeltaInfo> rebase_chunk(Operation& op, const Digest& digest, const DeltaChoice& choice);
Result<DeltaInfo> delta_info(Operation& op, const Digest& digest);
Result<std::vector<Digest>> list_deltas(Operation& op, const Digest& reference);
Result<void> remove_chunk(Operation& op, const Digest& digest);
Result<StoreStats> count(const Core& core);

// Bytes of all files of the repository.
Result<uint64_t> repository_bytes(const Core& core);

// Renders all records of a release into the sink, `bytes` in all if that is known; `what` names the
// stage.
Result<void> render_release(Operation& op, const DigestIndexPtr& index, PageCursor& pages,
                            uint64_t bytes, std::string_view what, const ByteSink& sink);

// The records of a release of a view, also if its page file is replaced meanwhile.
Result<PageCursor> release_pages(const Core& core, const View& view, const ReleaseEntry& release,
                                 DigestIndexPtr index);

} // namespace talaria::actors

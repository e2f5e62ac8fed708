#include "actors/operation.hpp"
#include "actors/run_store.hpp"
#include "sequence/release_builder.hpp"

#include <filesystem>
#include <map>

namespace talaria::actors {

namespace {

using PieceRequest = decltype(std::declval<caf::blocking_actor*>()->request(
    std::declval<input_actor>(), caf::infinite, next_piece_atom_v));
using PrepareRequest = decltype(std::declval<caf::blocking_actor*>()->request(
    std::declval<worker_actor>(), caf::infinite, prepare_atom_v, std::declval<Local<InputPiece>>()));
using CheckRequest = decltype(std::declval<caf::blocking_actor*>()->request(
    std::declval<verifier_actor>(), caf::infinite, check_file_atom_v, std::declval<Local<FileCheck>>()));

// A piece that is being prepared, or one of a long record, which is not.
struct Coming {
  std::optional<PrepareRequest> prepare;
  Local<InputPiece> piece;
};

// Checks what is stored already and now drawn on: each block once, whatever the order in which the
// records need it.
class DrawnChecks {
public:
  DrawnChecks(Operation& op, DigestIndexPtr index) : op_(op), index_(std::move(index)) {}

  Result<void> add(Interner::Drawn&& drawn) {
    for (auto& [generation, place] : drawn.blocks) {
      auto& job = blocks_[generation];
      job.push_back(place);
      if (job.size() == blocks_per_check) TALARIA_TRY(check_blocks(generation, std::exchange(job, {})));
    }
    for (auto& [kind, number] : drawn.lists)
      TALARIA_TRY(send(check_values_atom_v, ValueCheck{index_, kind, {number}}));
    return {};
  }

  Result<void> finish() {
    for (auto& [generation, job] : blocks_)
      if (!job.empty()) TALARIA_TRY(check_blocks(generation, std::move(job)));
    while (!checks_.empty()) TALARIA_TRY(take());
    return {};
  }

private:
  static constexpr std::size_t blocks_per_check = 32;

  Result<void> check_blocks(uint32_t generation, Places&& places) {
    return send(check_blocks_atom_v,
                BlockCheck{index_, index_->generations()[generation], std::move(places)});
  }

  template <class Atom, class Job>
  Result<void> send(Atom atom, Job job) {
    if (checks_.size() >= 2 * op_.window()) TALARIA_TRY(take());
    auto& pool = op_.services->verifiers;
    checks_.push_back(op_.self->request(pool[next_verifier_++ % pool.size()], caf::infinite, atom,
                                        local(std::move(job))));
    return {};
  }

  Result<void> take() {
    TALARIA_TRY_ASSIGN(auto report, await<CheckReport>(checks_.front()));
    checks_.pop_front();
    if (report->findings.empty()) return {};
    auto& finding = report->findings[0];
    return failure(errc::damaged,
                   "the release draws on stored data that are damaged: " +
                       (finding.object.empty() ? "" : finding.object + ": ") + finding.message +
                       ": run `talaria verify`");
  }

  Operation& op_;
  DigestIndexPtr index_;
  std::map<uint32_t, Places> blocks_; // to be checked, by generation
  std::deque<CheckRequest> checks_;
  std::size_t next_verifier_ = 0;
};

// The state of one ingest, from the input to the snapshot.
class Ingest {
public:
  Ingest(Operation& op, const IngestRequest& request) : op_(op), request_(request) {}
  ~Ingest() {
    if (input_) op_.self->send_exit(input_, caf::exit_reason::kill);
  }
  Ingest(const Ingest&) = delete;
  Ingest& operator=(const Ingest&) = delete;

  Result<IngestReport> run();

private:
  Result<IngestReport> compare_with(const ReleaseEntry& existing);
  Result<void> begin();
  Result<void> read_all(const std::function<Result<void>(Coming&&)>& take);
  Result<void> take(Coming&& coming);
  Result<void> store_run();
  std::unique_ptr<Run> new_run(const std::array<uint32_t, kind_count>& next) const;

  Operation& op_;
  const IngestRequest& request_;
  ViewPtr view_;
  input_actor input_;
  std::unique_ptr<ObjectLock> lock_; // outlives the commit, whose destructor may remove files
  std::shared_ptr<Commit> commit_;
  std::unique_ptr<RunStore> runs_;
  std::unique_ptr<ReleaseBuilder> builder_;
  std::unique_ptr<DrawnChecks> drawn_;
  Digest stream_;
  uint64_t bytes_ = 0;
  uint64_t input_size_ = 0; // 0 if it isn't known
};

Result<IngestReport> Ingest::run() {
  TALARIA_TRY(check_release(request_.name, request_.version));
  TALARIA_TRY_ASSIGN(auto input, open_input(request_.input));
  std::error_code ignored;
  if (input->format() == "plain" && std::filesystem::is_regular_file(request_.input, ignored))
    input_size_ = std::filesystem::file_size(request_.input, ignored);
  TALARIA_TRY_ASSIGN(lock_, op_.core->repository->lock_for_writing(op_.core->settings.lock_wait));
  TALARIA_TRY_ASSIGN(view_, op_.core->repository->view());
  input_ = spawn_input(op_.self->system(), std::move(input));
  if (auto existing = view_->release(request_.name, request_.version)) return compare_with(**existing);

  TALARIA_TRY(begin());
  TALARIA_TRY(read_all([this](Coming&& coming) { return take(std::move(coming)); }));
  TALARIA_TRY(store_run());
  TALARIA_TRY_ASSIGN(auto pages, builder_->finish(*op_.core->objects));
  commit_->add_pages(pages);
  TALARIA_TRY(drawn_->finish());
  TALARIA_TRY(op_.check_cancelled());

  ReleaseEntry entry{request_.name,
                     request_.version,
                     now_seconds(),
                     stream_,
                     bytes_,
                     builder_->counts().records,
                     builder_->counts().residues,
                     pages.digest,
                     pages.size};
  IngestReport report;
  report.release = to_info(entry);
  auto added = commit_->added();
  report.new_sequences = added[index_of(Kind::sequence)].count;
  report.new_residues = added[index_of(Kind::sequence)].bytes;
  report.stored_bytes = commit_->stored_bytes();
  TALARIA_TRY(commit_->publish(entry, [&](const View& now) -> Result<void> {
    if (now.release(request_.name, request_.version))
      return failure(errc::exists,
                     "another writer has just stored " + request_.name + "@" + request_.version);
    return {};
  }));
  return report;
}

Result<IngestReport> Ingest::compare_with(const ReleaseEntry& existing) {
  TALARIA_TRY(read_all([](Coming&&) -> Result<void> { return {}; }));
  if (stream_ != existing.stream)
    return failure(errc::exists,
                   "release " + existing.name + "@" + existing.version +
                       " exists with other content: give the new content a version of its own");
  IngestReport report;
  report.release = to_info(existing);
  report.unchanged = true;
  return report;
}

Result<void> Ingest::begin() {
  commit_ = std::make_shared<Commit>(*op_.core->repository, view_, op_.core->settings.pack_size);
  runs_ = std::make_unique<RunStore>(op_, commit_);
  TALARIA_TRY_ASSIGN(auto pages, PageFileWriter::create(*op_.core->objects));
  TALARIA_TRY_ASSIGN(auto index, commit_->index());
  drawn_ = std::make_unique<DrawnChecks>(op_, index);
  auto generations = index->generations();
  auto own = static_cast<uint32_t>(generations.size() - 1);
  auto interner = std::make_unique<Interner>(*op_.core->objects, std::move(index), own, new_run({}));
  builder_ =
      std::make_unique<ReleaseBuilder>(std::move(pages), std::move(interner), std::move(generations));
  return {};
}

std::unique_ptr<Run> Ingest::new_run(const std::array<uint32_t, kind_count>& next) const {
  return std::make_unique<Run>(commit_->generation(), next, op_.core->run_limits());
}

// Pieces are read, prepared and taken in order; the two windows are the credit of reader and workers.
Result<void> Ingest::read_all(const std::function<Result<void>(Coming&&)>& take) {
  std::deque<PieceRequest> reads;
  std::deque<Coming> coming;
  bool end = false;
  while (!end || !coming.empty()) {
    TALARIA_TRY(op_.check_cancelled());
    while (!end && reads.size() < 4)
      reads.push_back(op_.self->request(input_, caf::infinite, next_piece_atom_v));
    if (!end && coming.size() < op_.window()) {
      TALARIA_TRY_ASSIGN(auto piece, await<InputPiece>(reads.front()));
      reads.pop_front();
      bytes_ = piece->bytes;
      if (!piece->piece) {
        stream_ = piece->digest;
        end = true;
        // What was asked for beyond the end is answered with the end again.
        for (auto& read : reads) (void)await<InputPiece>(read);
        continue;
      }
      Coming next{std::nullopt, piece};
      if (piece->piece->kind == RawPiece::Kind::records)
        next.prepare = op_.self->request(op_.worker(), caf::infinite, prepare_atom_v, piece);
      coming.push_back(std::move(next));
      continue;
    }
    TALARIA_TRY(take(std::move(coming.front())));
    coming.pop_front();
    op_.report("reading", bytes_, input_size_);
  }
  return op_.check_cancelled();
}

Result<void> Ingest::take(Coming&& coming) {
  if (coming.prepare) {
    TALARIA_TRY_ASSIGN(auto prepared, await<PreparedPiece>(*coming.prepare));
    TALARIA_TRY(builder_->add(*prepared));
  } else if (coming.piece->piece->kind == RawPiece::Kind::text) {
    builder_->add_preamble(std::string(coming.piece->piece->bytes.view()));
  } else {
    TALARIA_TRY(builder_->add_long(*coming.piece->piece));
  }
  TALARIA_TRY(drawn_->add(builder_->interner().take_drawn()));
  if (builder_->interner().run().full()) TALARIA_TRY(store_run());
  return {};
}

Result<void> Ingest::store_run() {
  auto& interner = builder_->interner();
  if (interner.run().empty()) return {};
  auto next = interner.run().next();
  TALARIA_TRY(runs_->store(interner.take_run()));
  TALARIA_TRY_ASSIGN(auto index, commit_->index());
  interner.next_run(std::move(index), new_run(next));
  return {};
}

} // namespace

Result<IngestReport> ingest(Operation& op, const IngestRequest& request) {
  return Ingest(op, request).run();
}

} // namespace talaria::actors

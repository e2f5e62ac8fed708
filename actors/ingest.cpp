#include "actors/operation.hpp"
#include "actors/run_store.hpp"
#include "repository/page_reference.hpp"
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

// Reads and checks what is stored already and drawn on by the release: each block once, whatever the
// order in which the records need it.
class DrawnChecks {
public:
  DrawnChecks(Operation& op, const Snapshot& snapshot, DigestIndexPtr index)
      : op_(op), index_(std::move(index)) {
    for (auto& pack : snapshot.packs)
      generations_[index_->registry()->id(pack.digest)] = snapshot.generations[pack.generation];
  }

  Result<void> run(const Interner::Drawn& drawn) {
    for (uint32_t segment = 0; segment < drawn.blocks.size(); ++segment) {
      auto& blocks = drawn.blocks[segment];
      for (uint32_t i = 0; i < blocks.size(); ++i)
        if (blocks[i]) TALARIA_TRY(add({segment, i}));
    }
    TALARIA_TRY(check_blocks());
    for (auto& [kind, number] : drawn.lists)
      TALARIA_TRY(send(check_values_atom_v, ValueCheck{index_, kind, {number}}));
    while (!checks_.empty()) TALARIA_TRY(take());
    return {};
  }

private:
  static constexpr std::size_t blocks_per_check = 32;

  // A check is of blocks of one pack.
  Result<void> add(const DigestIndex::BlockAt& at) {
    TALARIA_TRY_ASSIGN(auto place, index_->place(at));
    if (!places_.empty() && (places_.size() == blocks_per_check || places_[0].pack != place.pack))
      TALARIA_TRY(check_blocks());
    places_.push_back(place);
    return {};
  }

  Result<void> check_blocks() {
    if (places_.empty()) return {};
    auto& generation = generations_[places_[0].pack];
    return send(check_blocks_atom_v, BlockCheck{index_, generation, std::exchange(places_, {})});
  }

  template <class Atom, class Job>
  Result<void> send(Atom atom, Job job) {
    TALARIA_TRY(op_.check_cancelled());
    if (checks_.size() >= 2 * op_.window()) TALARIA_TRY(take());
    auto& pool = op_.services->verifiers;
    checks_.push_back(op_.self->request(pool[next_verifier_++ % pool.size()], caf::infinite, atom,
                                        local(std::move(job))));
    return {};
  }

  Result<void> take() {
    TALARIA_TRY_ASSIGN(auto report, await<CheckReport>(checks_.front()));
    checks_.pop_front();
    done_ += report->bytes;
    op_.report("checking", done_, 0);
    if (report->findings.empty()) return {};
    return tl::unexpected(report->findings[0].error.within(
        "the release draws on stored data that `talaria verify` would complain of"));
  }

  Operation& op_;
  DigestIndexPtr index_;
  std::map<uint32_t, GenerationId> generations_; // by pack
  Places places_;                                // of the next check
  std::deque<CheckRequest> checks_;
  std::size_t next_verifier_ = 0;
  uint64_t done_ = 0;
};

// The state of one ingest, from the input to the snapshot.
class Ingest {
public:
  Ingest(Operation& op, const IngestRequest& request) : op_(op), request_(request), headers_(op) {}
  ~Ingest() {
    if (input_) op_.self->send_exit(input_, caf::exit_reason::kill);
  }
  Ingest(const Ingest&) = delete;
  Ingest& operator=(const Ingest&) = delete;

  Result<IngestReport> run();

private:
  Result<IngestReport> compare_with(const ReleaseEntry& existing);
  Result<void> begin();
  Result<void> read_all(bool store);
  Result<void> take(Coming&& coming);
  Result<void> store_run();
  const ReleaseEntry* same_content() const;
  Result<PackInfo> write_pages();
  Result<void> check_drawn();
  std::unique_ptr<Run> new_run(const std::array<uint32_t, kind_count>& next) const;

  Operation& op_;
  const IngestRequest& request_;
  OwnBlockSource headers_;
  ViewPtr view_;
  input_actor input_;
  std::unique_ptr<ObjectLock> lock_; // outlives the commit, whose destructor may remove files
  std::shared_ptr<Commit> commit_;
  std::unique_ptr<RunStore> runs_;
  std::unique_ptr<ReleaseBuilder> builder_;
  Digest stream_;
  uint64_t bytes_ = 0;
  uint64_t input_size_ = 0; // 0 if it isn't known
};

Result<IngestReport> Ingest::run() {
  TALARIA_TRY(check_release(request_.name, request_.version));
  TALARIA_TRY_ASSIGN(auto input, open_input(request_.input, op_.options.cancel));
  std::error_code ignored;
  if (input->format() == "plain" && std::filesystem::is_regular_file(request_.input, ignored))
    input_size_ = std::filesystem::file_size(request_.input, ignored);
  TALARIA_TRY_ASSIGN(lock_, op_.core->repository->lock_for_writing(op_.core->settings.lock_wait));
  TALARIA_TRY_ASSIGN(view_, op_.core->repository->view());
  input_ = spawn_input(op_.self->system(), std::move(input));
  if (auto existing = view_->release(request_.name, request_.version)) return compare_with(**existing);

  TALARIA_TRY(begin());
  TALARIA_TRY(read_all(true));
  TALARIA_TRY_ASSIGN(auto pages, write_pages());
  TALARIA_TRY(store_run());
  TALARIA_TRY(check_drawn());
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
  TALARIA_TRY(read_all(false));
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
  TALARIA_TRY_ASSIGN(
      auto pages,
      PageFileWriter::create(*op_.core->objects,
                             reference_candidates(*op_.core->objects, view_->snapshot(), request_.name,
                                                  op_.core->settings.page_chain)));
  TALARIA_TRY_ASSIGN(auto index, commit_->index());
  auto generations = index->generations();
  auto own = static_cast<uint32_t>(generations.size() - 1);
  auto interner = std::make_unique<Interner>(headers_, std::move(index), own, new_run({}));
  builder_ =
      std::make_unique<ReleaseBuilder>(std::move(pages), std::move(interner), std::move(generations));
  return {};
}

std::unique_ptr<Run> Ingest::new_run(const std::array<uint32_t, kind_count>& next) const {
  return std::make_unique<Run>(commit_->generation(), next, op_.core->run_limits());
}

// Pieces are read, prepared and taken in order; the two windows are the credit of reader and workers.
// Unless they are to be stored, reading is all, for the sake of the digest.
Result<void> Ingest::read_all(bool store) {
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
      op_.report("reading", bytes_, input_size_);
      if (!store) continue;
      Coming next{std::nullopt, piece};
      if (piece->piece->kind == RawPiece::Kind::records)
        next.prepare = op_.self->request(op_.worker(), caf::infinite, prepare_atom_v, piece);
      coming.push_back(std::move(next));
      continue;
    }
    TALARIA_TRY(take(std::move(coming.front())));
    coming.pop_front();
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

// A release with the same content has a page file that is proven to give these bytes.
const ReleaseEntry* Ingest::same_content() const {
  for (auto& release : view_->snapshot().releases)
    if (release.stream == stream_ && release.bytes == bytes_) return &release;
  return nullptr;
}

Result<PackInfo> Ingest::write_pages() {
  if (auto* same = same_content()) return PackInfo{same->pages, same->pages_size};
  TALARIA_TRY_ASSIGN(auto pages, builder_->finish(*op_.core->objects));
  commit_->add_pages(pages, builder_->reference());
  return pages;
}

Result<void> Ingest::check_drawn() {
  if (same_content()) return {};
  TALARIA_TRY_ASSIGN(auto index, view_->index());
  return DrawnChecks(op_, view_->snapshot(), std::move(index)).run(builder_->interner().drawn());
}

} // namespace

Result<IngestReport> ingest(Operation& op, const IngestRequest& request) {
  return Ingest(op, request).run();
}

} // namespace talaria::actors

#include "actors/drawn_checks.hpp"
#include "actors/read_ahead.hpp"
#include "actors/run_scripts.hpp"
#include "actors/run_store.hpp"
#include "repository/page_reference.hpp"
#include "sequence/release_builder.hpp"

#include <filesystem>

namespace talaria::actors {

namespace {

using PieceRequest = decltype(std::declval<caf::blocking_actor*>()->request(
    std::declval<input_actor>(), caf::infinite, next_piece_atom_v));
using PrepareRequest = decltype(std::declval<caf::blocking_actor*>()->request(
    std::declval<worker_actor>(), caf::infinite, prepare_atom_v, std::declval<Local<InputPiece>>()));

// A piece that is being prepared, or one of a long record, which is not.
struct Coming {
  std::optional<PrepareRequest> prepare;
  Local<InputPiece> piece;
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
  Result<void> store_as_scripts(const std::shared_ptr<Run>& run);
  const ReleaseEntry* same_content() const;
  Result<PackInfo> write_pages();
  Result<void> check_drawn();
  std::unique_ptr<Run> new_run(const std::array<uint32_t, kind_count>& next) const;

  Operation& op_;
  const IngestRequest& request_;
  ReadAhead headers_;
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
  TALARIA_TRY_ASSIGN(auto stored, view_->index());
  drawn_ = std::make_unique<DrawnChecks>(op_, view_->snapshot(), std::move(stored));
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
  std::shared_ptr<Run> run = interner.take_run();
  TALARIA_TRY(store_as_scripts(run));
  TALARIA_TRY(runs_->store(std::move(run)));
  TALARIA_TRY_ASSIGN(auto index, commit_->index());
  interner.next_run(std::move(index), new_run(next));
  return {};
}

// Has new sequences stored as differences from those that the release draws on, which must be read and
// checked anyway.
Result<void> Ingest::store_as_scripts(const std::shared_ptr<Run>& run) {
  auto& drawn = builder_->interner().drawn();
  if (op_.core->settings.delta_depth == 0 || drawn.blocks.empty() || run->count(Kind::sequence) == 0)
    return {};
  auto sought = seek(op_, *run);
  if (sought->empty()) return {};
  TALARIA_TRY_ASSIGN(auto similar, drawn_->run(drawn, sought));
  TALARIA_TRY_ASSIGN(auto index, view_->index());
  return make_scripts(op_, run, std::move(similar), index);
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
  return drawn_->run(builder_->interner().drawn()).map([](const auto&) {});
}

} // namespace

Result<IngestReport> ingest(Operation& op, const IngestRequest& request) {
  return Ingest(op, request).run();
}

} // namespace talaria::actors

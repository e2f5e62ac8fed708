#include "actors/run_store.hpp"

namespace talaria::actors {

namespace {

using SketchRequest = decltype(std::declval<caf::blocking_actor*>()->request(
    std::declval<worker_actor>(), caf::infinite, sketch_atom_v, std::declval<Local<SketchJob>>()));
using EncodeRequest = decltype(std::declval<caf::blocking_actor*>()->request(
    std::declval<worker_actor>(), caf::infinite, encode_atom_v, std::declval<Local<EncodeJob>>()));
using AppendRequest = decltype(std::declval<caf::blocking_actor*>()->request(
    std::declval<pack_writer_actor>(), caf::infinite, append_atom_v,
    std::declval<Local<EncodedBlock>>()));

// Chunks that are sketched by one message.
constexpr uint32_t chunks_per_sketch = 8192;

// Blocks on their way to the disk: enough that the writer always has one.
constexpr std::size_t most_appends = 16;

// The sketches of the chunks of a kind, one behind the other.
Result<Sketches> sketch(Operation& op, const std::shared_ptr<const Run>& run, Kind kind) {
  std::deque<SketchRequest> requests;
  for (uint32_t first = 0; first < run->count(kind); first += chunks_per_sketch)
    requests.push_back(op.self->request(
        op.worker(), caf::infinite, sketch_atom_v,
        local(SketchJob{run, kind, first, std::min(chunks_per_sketch, run->count(kind) - first)})));
  Sketches sketches;
  for (auto& request : requests) {
    TALARIA_TRY_ASSIGN(auto part, await<Sketches>(request));
    sketches.insert(sketches.end(), part->begin(), part->end());
  }
  return sketches;
}

} // namespace

// The writer holds the commit, whose destructor cleans up: it must be gone before the operation answers.
RunStore::~RunStore() {
  auto address = writer_.address();
  op_.self->send_exit(address, caf::exit_reason::user_shutdown);
  writer_ = pack_writer_actor{};
  op_.self->wait_for(caf::actor_cast<caf::actor>(address));
}

// The blocks of the kinds that keep their order are compressed while one worker orders the others.
Result<void> RunStore::store(std::shared_ptr<Run> run) {
  if (run->ordinals_spent())
    return failure(errc::limit_exceeded,
                   "one commit can number four billion chunks of a kind, and this one has more: "
                   "divide the input");
  done_ = 0;
  if (make_differences_) TALARIA_TRY(differences_.make(run));
  using PlanRequest =
      decltype(op_.self->request(op_.worker(), caf::infinite, plan_atom_v, Local<PlanJob>{}));
  std::vector<PlanRequest> requests;
  auto all = std::make_shared<Plans>();
  for (auto kind : all_kinds) {
    if (!Run::is_sorted(kind) || run->count(kind) == 0) continue;
    TALARIA_TRY_ASSIGN(auto sketches, sketch(op_, run, kind));
    requests.push_back(op_.self->request(op_.busy_worker(), caf::infinite, plan_atom_v,
                                         local(PlanJob{run, kind, std::move(sketches)})));
  }
  auto tables = op_.self->request(op_.worker(), caf::infinite, lookup_atom_v, Local<Run>{run});
  auto store = [&](Plans&& plans) -> Result<void> {
    auto shared = std::make_shared<const Plans>(std::move(plans));
    TALARIA_TRY(encode(run, shared));
    all->insert(all->end(), shared->begin(), shared->end());
    return {};
  };
  for (auto kind : all_kinds)
    if (!Run::is_sorted(kind)) TALARIA_TRY(store(run->plan(kind, {})));
  for (auto& request : requests) {
    TALARIA_TRY_ASSIGN(auto plans, await<Plans>(request));
    op_.free_worker();
    TALARIA_TRY(store(std::move(*plans)));
  }
  TALARIA_TRY_ASSIGN(auto lookups, await<Run::LookupTables>(tables));
  auto finish = op_.self->request(writer_, caf::infinite, finish_run_atom_v, Local<Run>{run},
                                  Local<Plans>{all}, lookups);
  TALARIA_TRY(await_done(finish));
  return check_differences();
}

// Differences are read back as readers will read them, through what they refer to and that in turn. Edit
// scripts are left out: each refers to one sequence that is stored whole, and was compared with its
// digest.
Result<void> RunStore::check_differences() {
  using CheckRequest = decltype(op_.self->request(op_.services->verifiers[0], caf::infinite,
                                                  check_blocks_atom_v, Local<BlockCheck>{}));
  TALARIA_TRY_ASSIGN(auto index, commit_->index());
  auto segment = static_cast<uint32_t>(index->segments().size() - 1);
  std::deque<CheckRequest> checks;
  for (uint32_t block = 0; block < index->segments()[segment]->block_count(); ++block) {
    TALARIA_TRY_ASSIGN(auto place, index->place({segment, block}));
    if (!place.info.differences || place.info.columns) continue;
    BlockCheck job{index, commit_->generation(), {place}, op_.core->blocks};
    auto& pool = op_.services->verifiers;
    checks.push_back(op_.self->request(pool[checks.size() % pool.size()], caf::infinite,
                                       check_blocks_atom_v, local(std::move(job))));
  }
  for (auto& check : checks) {
    TALARIA_TRY(op_.check_cancelled());
    TALARIA_TRY_ASSIGN(auto report, await<CheckReport>(check));
    if (!report->findings.empty())
      return failure(errc::internal, report->findings[0].error.message() +
                                         ", so what was just written was not committed: this is a "
                                         "defect of Talaria or of the disk");
  }
  return {};
}

Result<void> RunStore::encode(const std::shared_ptr<const Run>& run, const PlansPtr& plans) {
  std::deque<EncodeRequest> encodes;
  std::deque<AppendRequest> appends;
  std::size_t next = 0;
  for (std::size_t written = 0; written < plans->size(); ++written) {
    TALARIA_TRY(op_.check_cancelled());
    while (next < plans->size() && encodes.size() < 4 * op_.window())
      encodes.push_back(op_.self->request(op_.worker(), caf::infinite, encode_atom_v,
                                          local(EncodeJob{run, plans, next++})));
    TALARIA_TRY_ASSIGN(auto block, await<EncodedBlock>(encodes.front()));
    encodes.pop_front();
    if (appends.size() == most_appends) {
      TALARIA_TRY(await_done(appends.front()));
      appends.pop_front();
    }
    done_ += block->info.raw;
    appends.push_back(op_.self->request(writer_, caf::infinite, append_atom_v, block));
    op_.report("storing", done_, run->content_bytes());
  }
  for (auto& append : appends) TALARIA_TRY(await_done(append));
  return {};
}

} // namespace talaria::actors

#include "actors/run_scripts.hpp"

#include "repository/difference_writer.hpp"

#include <algorithm>
#include <tuple>

namespace talaria::actors {

namespace {

using SketchRequest = decltype(std::declval<caf::blocking_actor*>()->request(
    std::declval<worker_actor>(), caf::infinite, sketch_atom_v, std::declval<Local<SketchJob>>()));
using ScriptsRequest = decltype(std::declval<caf::blocking_actor*>()->request(
    std::declval<block_reader_actor>(), caf::infinite, scripts_atom_v,
    std::declval<Local<ScriptsJob>>()));

// Chunks that are sketched by one message, and sequences that are encoded by one.
constexpr uint32_t chunks_per_sketch = 8192;
constexpr std::size_t sequences_per_job = 256;

} // namespace

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

std::shared_ptr<const SoughtSequences> seek(const Operation& op, const Run& run,
                                            const Sketches& sketches) {
  auto count = run.count(Kind::sequence);
  auto bins = sketches.size() / std::max(count, 1u);
  auto sought = std::make_shared<SoughtSequences>(bins, op.core->sought_budget());
  for (uint32_t place = 0; place < count; ++place) {
    auto content = run.content(Kind::sequence, place);
    if (!run.is_list(Kind::sequence, place) && !is_long_nucleotides(content))
      sought->add(place, static_cast<uint32_t>(content.size()),
                  std::span(sketches).subspan(bins * place, bins));
  }
  sought->finish();
  return sought;
}

// In the order of the blocks that the references lie in, so that each is read once.
Result<void> make_scripts(Operation& op, const std::shared_ptr<Run>& run,
                          const SimilarSequences& similar, const DigestIndexPtr& index) {
  std::vector<ScriptsJob::Item> items;
  for (auto& [place, found] : similar) {
    TALARIA_TRY_ASSIGN(auto at, index->locate(Kind::sequence, found.number));
    items.push_back({place, found.number, at});
  }
  std::ranges::sort(items, [](const auto& a, const auto& b) {
    return std::tuple(a.at.key(), a.reference, a.place) < std::tuple(b.at.key(), b.reference, b.place);
  });
  Requests<ScriptsRequest, Local<ScriptsJob>> requests;
  auto& readers = op.services->readers;
  for (std::size_t at = 0; at < items.size(); at += sequences_per_job) {
    auto first = items.begin() + static_cast<std::ptrdiff_t>(at);
    auto last = first + static_cast<std::ptrdiff_t>(std::min(sequences_per_job, items.size() - at));
    auto job = local(ScriptsJob{run, index, {first, last}});
    requests.emplace_back(
        op.self->request(readers[requests.size() % readers.size()], caf::infinite, scripts_atom_v, job),
        job);
  }
  uint64_t order = 0;
  for (auto& [request, job] : requests) {
    TALARIA_TRY(op.check_cancelled());
    TALARIA_TRY_ASSIGN(auto scripts, await<Scripts>(request));
    for (std::size_t i = 0; i < job->items.size(); ++i, ++order)
      if ((*scripts)[i]) run->set_script(Kind::sequence, job->items[i].place, *(*scripts)[i], order);
  }
  return {};
}

} // namespace talaria::actors

#include "actors/run_scripts.hpp"

#include "repository/difference_writer.hpp"

#include <algorithm>
#include <tuple>

namespace talaria::actors {

namespace {

using ScriptsRequest = decltype(std::declval<caf::blocking_actor*>()->request(
    std::declval<block_reader_actor>(), caf::infinite, scripts_atom_v,
    std::declval<Local<ScriptsJob>>()));

// Sequences that are encoded by one message.
constexpr std::size_t sequences_per_job = 256;

} // namespace

std::shared_ptr<const SoughtSequences> seek(const Operation& op, const Run& run) {
  auto sought = std::make_shared<SoughtSequences>(op.core->sought_budget(), op.core->similar_budget());
  for (uint32_t place = 0; place < run.count(Kind::sequence); ++place) {
    auto content = run.content(Kind::sequence, place);
    if (!run.is_list(Kind::sequence, place) && !is_long_nucleotides(content))
      sought->add(place, content);
  }
  sought->finish();
  return sought;
}

// In the order of the blocks that the references lie in, so that none is read twice.
Result<void> make_scripts(Operation& op, const std::shared_ptr<Run>& run, SimilarSequences similar,
                          const DigestIndexPtr& index) {
  std::vector<ScriptsJob::Item> items;
  for (auto& [place, found] : similar) {
    TALARIA_TRY_ASSIGN(auto at, index->locate(Kind::sequence, found.number));
    items.push_back({place, found.number, at, std::move(found.content)});
  }
  std::ranges::sort(items, [](const auto& a, const auto& b) {
    return std::tuple(a.at.key(), a.reference, a.place) < std::tuple(b.at.key(), b.reference, b.place);
  });
  Requests<ScriptsRequest, Local<ScriptsJob>> requests;
  auto& readers = op.services->readers;
  for (std::size_t at = 0; at < items.size(); at += sequences_per_job) {
    auto first = items.begin() + static_cast<std::ptrdiff_t>(at);
    auto last = first + static_cast<std::ptrdiff_t>(std::min(sequences_per_job, items.size() - at));
    auto job = local(ScriptsJob{run, index, {std::move_iterator(first), std::move_iterator(last)}});
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

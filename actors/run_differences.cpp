#include "actors/run_differences.hpp"

namespace talaria::actors {

namespace {

using SketchRequest = decltype(std::declval<caf::blocking_actor*>()->request(
    std::declval<worker_actor>(), caf::infinite, sketch_long_atom_v,
    std::declval<Local<LongSketchJob>>()));
using DifferenceRequest = decltype(std::declval<caf::blocking_actor*>()->request(
    std::declval<worker_actor>(), caf::infinite, difference_atom_v,
    std::declval<Local<DifferenceJob>>()));
using StoredRequest = decltype(std::declval<caf::blocking_actor*>()->request(
    std::declval<block_reader_actor>(), caf::infinite, long_chunks_atom_v,
    std::declval<Local<LongChunksJob>>()));

// Chunks that are sketched by one message: about a megabyte.
constexpr std::size_t chunks_per_sketch = 16;

// Blocks of stored differences that are read by one message.
constexpr std::size_t blocks_per_job = 4;

// Chunks that are encoded at once, and so can't be references of each other. While few chunks are known,
// it is fewer: as many as are known.
constexpr std::size_t largest_batch = 32;

// The values of references for the chunks of a run: those of the run itself, and stored ones, each
// compared with its digest when it is read.
class ReferenceValues {
public:
  ReferenceValues(const Operation& op, std::shared_ptr<const Run> run, DigestIndexPtr index,
                  BlockSource& source)
      : run_(std::move(run)),
        index_(std::move(index)),
        decoded_(op.core->decoded_budget()),
        proven_(op.core->decoded_budget()),
        reader_(*index_, source, decoded_) {}

  // A job for the chunk. A reference that can't be read, or isn't what it should be, is left out: the
  // damage is none of what is being stored.
  DifferenceJob job(std::string_view target, std::vector<ReferenceChunks::Reference>&& references) {
    DifferenceJob job{target, {}, {}, {run_}};
    for (auto& reference : references) {
      if (auto own = place_in_run(reference.name)) {
        job.values.push_back(run_->content(reference.name.kind, *own));
      } else if (auto value = stored(reference.name)) {
        job.values.push_back(**value);
        job.values_holders.push_back(*std::move(value));
      } else {
        continue;
      }
      job.references.push_back(reference);
    }
    return job;
  }

private:
  std::optional<uint32_t> place_in_run(const DifferenceReference& name) const {
    auto first = run_->ordinal(name.kind, 0);
    if (name.generation != run_->generation() || name.ordinal < first) return std::nullopt;
    return name.ordinal - first;
  }

  Result<std::shared_ptr<const std::string>> stored(const DifferenceReference& name) {
    TALARIA_TRY_ASSIGN(auto number, index_->number(name.generation, name.ordinal));
    if (auto known = proven_.get(name.kind, number)) return std::move(known->value);
    TALARIA_TRY_ASSIGN(auto chunk, reader_.read(name.kind, number));
    TALARIA_TRY_ASSIGN(auto key, index_->key(name.kind, number));
    if (Key128::of(hasher_.of(*chunk.value)) != key)
      return failure(errc::damaged, "a chunk has another digest than the index says");
    proven_.put(name.kind, number, chunk);
    return std::move(chunk.value);
  }

  std::shared_ptr<const Run> run_;
  DigestIndexPtr index_;
  DecodedChunks decoded_;
  DecodedChunks proven_;
  DifferenceReader reader_;
  Hasher hasher_;
};

} // namespace

Result<void> RunDifferences::make(const std::shared_ptr<Run>& run) {
  TALARIA_TRY_ASSIGN(auto chunks, sketch(run));
  if (chunks.empty()) return {};
  TALARIA_TRY_ASSIGN(auto index, commit_->index());
  if (!references_) TALARIA_TRY(know_stored(index));
  return encode(run, chunks, std::move(index));
}

// The long chunks of a run that are nucleotides.
Result<std::vector<RunDifferences::NewChunk>>
RunDifferences::sketch(const std::shared_ptr<const Run>& run) {
  Requests<SketchRequest, Local<LongSketchJob>> requests;
  for (auto kind : all_kinds) {
    if (!may_be_difference(kind) || kind == Kind::bytes) continue; // those only if they are told to be
    auto places = run->long_chunks(kind, long_chunk_min);
    for (std::size_t at = 0; at < places.size(); at += chunks_per_sketch) {
      auto first = places.begin() + static_cast<std::ptrdiff_t>(at);
      auto last = first + static_cast<std::ptrdiff_t>(std::min(chunks_per_sketch, places.size() - at));
      auto job = local(LongSketchJob{run, kind, {first, last}});
      requests.emplace_back(op_.self->request(op_.worker(), caf::infinite, sketch_long_atom_v, job),
                            job);
    }
  }
  std::vector<NewChunk> chunks;
  for (auto& [request, job] : requests) {
    TALARIA_TRY_ASSIGN(auto sketches, await<LongSketches>(request));
    for (std::size_t i = 0; i < job->places.size(); ++i)
      if ((*sketches)[i]) chunks.push_back({job->kind, job->places[i], *(*sketches)[i]});
  }
  return chunks;
}

// The sketches of what is stored are not: they would take more space than the differences.
Result<void> RunDifferences::know_stored(const DigestIndexPtr& index) {
  auto depth = op_.core->settings.delta_depth;
  references_.emplace(op_.core->finder_budget(), depth);
  if (depth == 0) return {};
  TALARIA_TRY_ASSIGN(auto blocks, stored_differences(*index, commit_->base()->snapshot()));
  std::deque<StoredRequest> requests;
  uint64_t known = 0;
  std::size_t next_reader = 0;
  auto& readers = op_.services->readers;
  for (std::size_t at = 0;
       (at < blocks.size() && known < op_.core->finder_reach()) || !requests.empty();) {
    TALARIA_TRY(op_.check_cancelled());
    if (at < blocks.size() && known < op_.core->finder_reach() && requests.size() < 2 * readers.size()) {
      LongChunksJob job{index, {}, depth};
      for (; at < blocks.size() && job.blocks.size() < blocks_per_job; ++at)
        job.blocks.push_back(blocks[at]);
      requests.push_back(op_.self->request(readers[next_reader++ % readers.size()], caf::infinite,
                                           long_chunks_atom_v, local(std::move(job))));
      continue;
    }
    TALARIA_TRY_ASSIGN(auto chunks, await<LongChunks>(requests.front()));
    requests.pop_front();
    for (auto& chunk : *chunks) {
      references_->add(chunk);
      known += chunk.length;
    }
    op_.report("looking for similar sequences", known, 0);
  }
  return {};
}

Result<void> RunDifferences::encode(const std::shared_ptr<Run>& run, std::vector<NewChunk>& chunks,
                                    DigestIndexPtr index) {
  ReferenceValues values(op_, run, std::move(index), source_);
  for (std::size_t first = 0; first < chunks.size();) {
    TALARIA_TRY(op_.check_cancelled());
    auto batch =
        std::min(std::clamp<std::size_t>(references_->count(), 1, largest_batch), chunks.size() - first);
    std::deque<DifferenceRequest> requests;
    for (auto i = first; i < first + batch; ++i) {
      auto& chunk = chunks[i];
      // Differences that an application asked for count on it that it has none itself.
      auto references = run->is_referred_to(chunk.kind, chunk.place)
                            ? std::vector<ReferenceChunks::Reference>()
                            : references_->find(chunk.sketch);
      auto job = values.job(run->content(chunk.kind, chunk.place), std::move(references));
      requests.push_back(
          op_.self->request(op_.worker(), caf::infinite, difference_atom_v, local(std::move(job))));
    }
    for (auto i = first; i < first + batch; ++i) {
      auto& chunk = chunks[i];
      TALARIA_TRY_ASSIGN(auto encoded, await<EncodedDifference>(requests[i - first]));
      auto length = static_cast<uint32_t>(run->content(chunk.kind, chunk.place).size());
      references_->add({{chunk.kind, run->generation(), run->ordinal(chunk.kind, chunk.place)},
                        length,
                        encoded->depth,
                        encoded->work,
                        std::move(chunk.sketch)});
      run->set_difference(chunk.kind, chunk.place, encoded->content);
    }
    first += batch;
  }
  return {};
}

} // namespace talaria::actors

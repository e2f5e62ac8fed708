#include "repository/reference_source.hpp"

#include "core/try.hpp"

#include <set>
#include <span>
#include <utility>

namespace talaria {

ReferenceSource::ReferenceSource(BlockSource& source, std::size_t decoded_max)
    : source_(source), decoded_max_(decoded_max) {}

void ReferenceSource::use(DigestIndexPtr index, const Run& run) {
  reader_.reset();
  index_ = std::move(index);
  run_ = &run;
  differences_.clear();
  decoded_ = std::make_unique<DecodedChunks>(decoded_max_);
  reader_ = std::make_unique<DifferenceReader>(*index_, source_, *decoded_);
}

void ReferenceSource::set_difference(const DifferenceReference& name, std::string content) {
  differences_.insert_or_assign(name, std::move(content));
}

DifferenceReference ReferenceSource::name(Kind kind, const Number& number) const {
  return {kind, index_->generations()[number.generation], number.ordinal};
}

std::optional<uint32_t> ReferenceSource::place_in_run(const DifferenceReference& name) const {
  auto first = run_->ordinal(name.kind, 0);
  if (name.generation != run_->generation() || name.ordinal < first ||
      name.ordinal - first >= run_->count(name.kind))
    return std::nullopt;
  return name.ordinal - first;
}

Result<Number> ReferenceSource::number_of(const DifferenceReference& name) const {
  return index_->number(name.generation, name.ordinal);
}

Result<ReferenceSource::Content> ReferenceSource::stored_content(const DifferenceReference& name) {
  TALARIA_TRY_ASSIGN(auto number, number_of(name));
  TALARIA_TRY_ASSIGN(auto at, index_->locate(name.kind, number));
  TALARIA_TRY_ASSIGN(auto blocks, source_.read(std::span(&at, 1)));
  TALARIA_TRY_ASSIGN(auto place, place_in_block(*blocks[0], name.kind, number));
  return Content{blocks[0], blocks[0]->content(place), blocks[0]->form(place), number};
}

// As it is stored, or will be.
Result<ReferenceSource::Content> ReferenceSource::content(const DifferenceReference& name) {
  auto place = place_in_run(name);
  if (!place) return stored_content(name);
  if (auto at = differences_.find(name); at != differences_.end())
    return Content{nullptr, at->second, ChunkForm::difference, {}};
  return Content{nullptr,
                 run_->content(name.kind, *place),
                 run_->is_list(name.kind, *place) ? ChunkForm::list : ChunkForm::whole,
                 {}};
}

Result<ReferenceChunk> ReferenceSource::read_from_run(const DifferenceReference& name,
                                                      uint32_t place) const {
  ReferenceChunk chunk{
      name, std::make_shared<const std::string>(run_->content(name.kind, place)), 0, 1, {}};
  auto difference = differences_.find(name);
  if (difference == differences_.end()) return chunk;
  TALARIA_TRY_ASSIGN(auto decoded, decode_difference_chunk(difference->second));
  chunk.depth = decoded.depth;
  chunk.work = decoded.work;
  chunk.references = std::move(decoded.references);
  return chunk;
}

Result<ReferenceChunk> ReferenceSource::read(const DifferenceReference& name) {
  if (auto place = place_in_run(name)) return read_from_run(name, *place);
  TALARIA_TRY_ASSIGN(auto stored, stored_content(name));
  TALARIA_TRY_ASSIGN(auto decoded, reader_->read(name.kind, stored.number));
  TALARIA_TRY_ASSIGN(auto key, index_->key(name.kind, stored.number));
  if (Key128::of(hasher_.of(*decoded.value)) != key)
    return failure(errc::damaged, "a chunk has another digest than the index says");
  ReferenceChunk chunk{name, std::move(decoded.value), decoded.depth, decoded.work, {}};
  if (stored.form == ChunkForm::difference) {
    TALARIA_TRY_ASSIGN(auto difference, decode_difference_chunk(stored.bytes));
    chunk.references = std::move(difference.references);
  }
  return chunk;
}

Result<std::optional<PartList>> ReferenceSource::list(const DifferenceReference& name) {
  TALARIA_TRY_ASSIGN(auto found, content(name));
  if (found.form != ChunkForm::list) return std::nullopt;
  return decode_list(found.bytes);
}

Result<std::optional<ReferenceChunk>> ReferenceSource::within_depth(const DifferenceReference& name,
                                                                    unsigned depth_max) {
  if (depth_max == 0) return std::nullopt;
  TALARIA_TRY_ASSIGN(auto chunk, read(name));
  while (chunk.depth >= depth_max) {
    if (chunk.references.empty()) return std::nullopt;
    TALARIA_TRY_ASSIGN(chunk, read(DifferenceReference(chunk.references.front())));
  }
  return chunk;
}

Result<bool> ReferenceSource::goes_back_to(const DifferenceReference& name, const Key128& key) {
  std::vector<DifferenceReference> open{name};
  std::set<DifferenceReference> seen{name};
  while (!open.empty()) {
    auto next = open.back();
    open.pop_back();
    if (place_in_run(next)) continue;
    TALARIA_TRY_ASSIGN(auto found, stored_content(next));
    TALARIA_TRY_ASSIGN(auto own, index_->key(next.kind, found.number));
    if (own == key) return true;
    if (found.form != ChunkForm::difference) continue;
    TALARIA_TRY_ASSIGN(auto difference, decode_difference_chunk(found.bytes));
    for (auto& reference : difference.references)
      if (seen.insert(reference).second) open.push_back(reference);
  }
  return false;
}

} // namespace talaria

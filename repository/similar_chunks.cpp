#include "repository/similar_chunks.hpp"

#include "coding/byte_sketch.hpp"
#include "core/try.hpp"
#include "repository/difference_writer.hpp"

#include <span>

namespace talaria {

namespace {

constexpr std::size_t candidates_max = 4;

struct Sketched {
  ReferenceSketch sketch;
  uint64_t bytes = 0;
};

// The sketch of a value, of its first `most` bytes if it is long.
Result<Sketched> sketch_of(ReferenceSource& source, const DifferenceReference& name, uint64_t most) {
  TALARIA_TRY_ASSIGN(auto list, source.list(name));
  if (!list) {
    TALARIA_TRY_ASSIGN(auto chunk, source.read(name));
    return Sketched{byte_sketch(*chunk.value), chunk.value->size()};
  }
  Sketched whole;
  for (auto& part : list->parts) {
    if (whole.bytes >= most) break;
    TALARIA_TRY_ASSIGN(auto chunk, source.read({Kind::part, part.generation, part.ordinal}));
    auto sketch = byte_sketch(*chunk.value);
    whole.sketch.insert(whole.sketch.end(), sketch.begin(), sketch.end());
    whole.bytes += chunk.value->size();
  }
  return whole;
}

} // namespace

Result<void> SimilarChunks::read(const View& view, ReferenceSource& source, BlockSource& blocks,
                                 uint64_t bytes_max, const Wanted& wanted) {
  TALARIA_TRY_ASSIGN(auto stored, stored_blocks(source.index(), view.snapshot(),
                                                [](auto& block) { return block.kind == Kind::bytes; }));
  uint64_t known = 0;
  for (auto& place : stored) {
    auto read = blocks.read(std::span(&place.place, 1));
    auto generation = source.index().generation(place.generation);
    if (!read || !generation) continue;
    auto& block = *(*read)[0];
    for (auto i = block.count(); i-- > 0;) {
      if (known >= bytes_max) return {};
      if (view.snapshot().is_removed({*generation, block.ordinal(i)})) continue;
      DifferenceReference name{Kind::bytes, place.generation, block.ordinal(i)};
      if (wanted && !wanted(name)) continue;
      auto sketched = sketch_of(source, name, bytes_max - known);
      if (!sketched) continue;
      add(name, sketched->bytes, sketched->sketch);
      known += sketched->bytes;
    }
  }
  return {};
}

void SimilarChunks::add(const DifferenceReference& name, uint64_t size, const ReferenceSketch& sketch) {
  finder_.add(static_cast<uint32_t>(names_.size()), size, sketch);
  names_.push_back(name);
}

void SimilarChunks::add(const DifferenceReference& name, std::string_view value) {
  add(name, value.size(), byte_sketch(value));
}

std::vector<DifferenceReference> SimilarChunks::find(std::string_view value) const {
  std::vector<DifferenceReference> names;
  for (auto& candidate : finder_.find(byte_sketch(value), candidates_max))
    names.push_back(names_[candidate.chunk]);
  return names;
}

Result<Digest> digest_of_value(ReferenceSource& source, const DifferenceReference& name) {
  Hasher hasher;
  TALARIA_TRY_ASSIGN(auto list, source.list(name));
  if (!list) {
    TALARIA_TRY_ASSIGN(auto chunk, source.read(name));
    return hasher.of(*chunk.value);
  }
  for (auto& part : list->parts) {
    TALARIA_TRY_ASSIGN(auto chunk, source.read({Kind::part, part.generation, part.ordinal}));
    hasher.update(*chunk.value);
  }
  return hasher.finish();
}

} // namespace talaria

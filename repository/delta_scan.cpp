#include "repository/delta_scan.hpp"

#include "core/try.hpp"
#include "repository/difference_writer.hpp"
#include "repository/list.hpp"

#include <algorithm>
#include <set>
#include <span>

namespace talaria {

Result<DeltaScan> DeltaScan::read(const View& view, BlockSource& source, bool pass_over_damage) {
  DeltaScan scan;
  TALARIA_TRY_ASSIGN(auto index, view.index());
  auto& snapshot = view.snapshot();
  TALARIA_TRY_ASSIGN(auto differing, stored_blocks(*index, snapshot, [](const BlockInfo& block) {
                       return block.differences && block.kind == Kind::part;
                     }));
  std::set<GenerationId> with_lists;
  for (auto& block : differing) with_lists.insert(block.generation);
  TALARIA_TRY_ASSIGN(auto blocks, stored_blocks(*index, snapshot, [&](const BlockInfo& block) {
                       return block.kind == Kind::bytes;
                     }));
  for (auto& block : blocks) {
    if (!block.place.info.differences && !with_lists.contains(block.generation)) continue;
    auto generation = index->generation(block.generation);
    if (!generation) continue;
    auto read = source.read(std::span(&block.place, 1));
    auto added = read ? scan.add(*index, snapshot, *(*read)[0], *generation)
                      : Result<void>(tl::unexpected(read.error()));
    if (!added && !(pass_over_damage && added.error().code() == errc::damaged))
      return tl::unexpected(added.error());
  }
  return scan;
}

Result<void> DeltaScan::add(const DigestIndex& index, const Snapshot& snapshot, const Block& block,
                            uint32_t generation) {
  for (std::size_t i = 0; i < block.count(); ++i) {
    Number number{generation, block.ordinal(i)};
    bool removed = snapshot.is_removed(number);
    if (block.form(i) == ChunkForm::list && !removed) {
      TALARIA_TRY_ASSIGN(auto list, decode_list(block.content(i)));
      if (list.reference) lists_.push_back({number, *list.reference});
    }
    if (block.form(i) != ChunkForm::difference) continue;
    TALARIA_TRY_ASSIGN(auto difference, decode_difference_chunk(block.content(i)));
    for (auto& reference : difference.references) {
      TALARIA_TRY_ASSIGN(auto other, index.number(reference.generation, reference.ordinal));
      TALARIA_TRY_ASSIGN(auto key, index.key(reference.kind, other));
      edges_.push_back({number, key, other, reference.kind == Kind::bytes, removed});
    }
  }
  return {};
}

std::vector<Number> DeltaScan::deltas(const Digest& reference) const {
  auto key = Key128::of(reference);
  std::set<Number> found;
  for (auto& edge : edges_)
    if (!edge.removed && edge.reference_key == key) found.insert(edge.chunk);
  for (auto& list : lists_)
    if (list.reference == reference) found.insert(list.chunk);
  return {found.begin(), found.end()};
}

// Through chunks that are removed, and stored still for what refers to them.
std::vector<Number> DeltaScan::dependents(const Digest& reference) const {
  auto found = deltas(reference);
  std::set<Number> dependents(found.begin(), found.end());
  auto key = Key128::of(reference);
  std::set<Number> between;
  for (bool more = true; more;) {
    more = false;
    for (auto& edge : edges_) {
      if (edge.reference_key != key && !(edge.of_bytes && between.contains(edge.reference))) continue;
      more = (edge.removed ? between : dependents).insert(edge.chunk).second || more;
    }
  }
  return {dependents.begin(), dependents.end()};
}

} // namespace talaria

#include "repository/delta_writer.hpp"

#include "coding/byte_sketch.hpp"
#include "coding/chunker.hpp"
#include "core/try.hpp"

#include <algorithm>

namespace talaria {

namespace {

// A part that was made of two, or lies across the bound of two, has what it needs from these.
constexpr std::size_t references_max = 3;
static_assert(references_max <= difference_references_max);

// Whether a chunk is stored as the difference from the same chunks already.
Result<bool> is_stored_so(const ReferenceChunk& chunk, const EncodedDifference& encoded) {
  TALARIA_TRY_ASSIGN(auto difference, decode_difference_chunk(encoded.content));
  return difference.references == chunk.references;
}

} // namespace

Result<DeltaReference> DeltaReference::open(ReferenceSource& source, const DifferenceReference& name,
                                            const Digest& digest, const Limits& limits) {
  DeltaReference reference(digest, limits);
  TALARIA_TRY_ASSIGN(auto list, source.list(name));
  if (!list) {
    TALARIA_TRY_ASSIGN(auto chunk, source.within_depth(name, limits.depth));
    if (chunk) reference.add(*chunk);
    return reference;
  }
  reference.is_long_ = true;
  for (auto& part : list->parts) {
    DifferenceReference part_name{Kind::part, part.generation, part.ordinal};
    if (!reference.parts_.insert(part_name).second) continue;
    auto chunk = source.within_depth(part_name, limits.depth);
    if (chunk && *chunk) reference.add(**chunk);
  }
  return reference;
}

void DeltaReference::add(const ReferenceChunk& chunk) {
  if (chunk.work >= difference_work_max) return;
  finder_.add(static_cast<uint32_t>(chunks_.size()), chunk.value->size(), byte_sketch(*chunk.value));
  chunks_.push_back({chunk.name, static_cast<uint8_t>(chunk.depth), chunk.work});
}

std::vector<ReferenceChunks::Reference> DeltaReference::find(std::string_view target) const {
  if (!is_long_) return chunks_;
  std::vector<ReferenceChunks::Reference> found;
  uint32_t work = 1;
  for (auto& candidate : finder_.find(byte_sketch(target), references_max)) {
    auto& chunk = chunks_[candidate.chunk];
    if (work + chunk.work > difference_work_max) continue;
    work += chunk.work;
    found.push_back(chunk);
  }
  std::sort(found.begin(), found.end(), [](auto& a, auto& b) { return a.name < b.name; });
  return found;
}

// References that go back to the target itself are left out: it would be stored twice for good.
Result<std::optional<EncodedDifference>> DeltaWriter::encode(std::string_view target,
                                                             const DeltaReference& reference) {
  if (target.empty()) return std::nullopt;
  auto key = Key128::of(hasher_.of(target));
  DifferenceJob job{target, {}, {}, {}};
  for (auto& from : reference.find(target)) {
    TALARIA_TRY_ASSIGN(bool circle, source_.goes_back_to(from.name, key));
    if (circle) continue;
    TALARIA_TRY_ASSIGN(auto chunk, source_.read(from.name));
    job.references.push_back(from);
    job.values.push_back(*chunk.value);
    job.values_holders.push_back(std::move(chunk.value));
  }
  if (job.references.empty()) return std::nullopt;
  TALARIA_TRY_ASSIGN(auto encoded, encoder_.encode_bytes(job));
  // It says how deep its references are, so those of this run must stay so.
  if (encoded)
    for (auto& from : job.references)
      if (auto place = source_.place_in_run(from.name)) interner_.run().refer_to(from.name.kind, *place);
  return encoded;
}

void DeltaWriter::set_difference(Kind kind, uint32_t ordinal, EncodedDifference&& encoded) {
  auto& run = interner_.run();
  source_.set_difference({kind, run.generation(), ordinal}, encoded.content);
  run.set_difference(kind, ordinal - run.ordinal(kind, 0), std::move(encoded.content));
}

Result<Number> DeltaWriter::put(const Digest& digest, std::string_view value,
                                const DeltaReference& reference) {
  auto& run = interner_.run();
  auto key = Key128::of(digest);
  TALARIA_TRY_ASSIGN(auto known, source_.index().find(Kind::bytes, key));
  if (known || run.find(Kind::bytes, key)) return interner_.intern_value(Kind::bytes, digest, value);
  if (value.size() > longest_chunk) return put_parts(digest, value, reference);
  TALARIA_TRY_ASSIGN(auto encoded, encode(value, reference));
  if (encoded && reference.is_long()) return put_parts(digest, value, reference);
  return add(Kind::bytes, digest, value, std::move(encoded));
}

// The parts of a long value; or a short one as the only part of a list, which says what long value it is
// the difference from.
Result<Number> DeltaWriter::put_parts(const Digest& digest, std::string_view value,
                                      const DeltaReference& reference) {
  PartList list;
  bool differs = false;
  while (!value.empty()) {
    auto length =
        value.size() <= longest_chunk && list.parts.empty() ? value.size() : next_chunk(value, true);
    TALARIA_TRY_ASSIGN(bool difference, put_part(value.substr(0, length), reference, list));
    differs = differs || difference;
    value.remove_prefix(length);
  }
  if (differs) list.reference = reference.digest();
  return interner_.intern_list(Kind::bytes, Key128::of(digest), list);
}

// Whether it became a difference.
Result<bool> DeltaWriter::put_part(std::string_view content, const DeltaReference& reference,
                                   PartList& list) {
  auto& run = interner_.run();
  auto before = run.count(Kind::part);
  TALARIA_TRY(interner_.intern_part(content, list));
  if (run.count(Kind::part) == before) return false;
  TALARIA_TRY_ASSIGN(auto encoded, encode(content, reference));
  if (!encoded) return false;
  set_difference(Kind::part, run.ordinal(Kind::part, before), *std::move(encoded));
  return true;
}

Number DeltaWriter::add(Kind kind, const Digest& digest, std::string_view value,
                        std::optional<EncodedDifference>&& encoded) {
  auto ordinal = interner_.run().add(kind, Key128::of(digest), value, false, value.size());
  if (encoded) set_difference(kind, ordinal, *std::move(encoded));
  return {interner_.generation(), ordinal};
}

Number DeltaWriter::add_list(const Digest& digest, const PartList& list) {
  return {interner_.generation(),
          interner_.run().add(Kind::bytes, Key128::of(digest), encode_list(list), true, list.length)};
}

Result<std::optional<Number>> DeltaWriter::put_anew(const Digest& digest, const DifferenceReference& old,
                                                    const DeltaReference* reference) {
  TALARIA_TRY_ASSIGN(auto list, source_.list(old));
  if (!list) return put_short_anew(digest, old, reference);
  if (list->length > longest_chunk || list->parts.size() != 1)
    return put_long_anew(digest, *list, reference);
  auto& part = list->parts[0];
  return put_short_anew(digest, {Kind::part, part.generation, part.ordinal}, reference);
}

// `old`: the chunk, or the only part of its list.
Result<std::optional<Number>> DeltaWriter::put_short_anew(const Digest& digest,
                                                          const DifferenceReference& old,
                                                          const DeltaReference* reference) {
  TALARIA_TRY_ASSIGN(auto chunk, source_.read(old));
  std::optional<EncodedDifference> encoded;
  if (reference) {
    TALARIA_TRY_ASSIGN(encoded, encode(*chunk.value, *reference));
  }
  bool alone = !encoded || !reference->is_long();
  if (alone == (old.kind == Kind::bytes)) {
    TALARIA_TRY_ASSIGN(bool same, encoded ? is_stored_so(chunk, *encoded) : chunk.references.empty());
    if (same) return std::nullopt;
  }
  if (alone) return add(Kind::bytes, digest, *chunk.value, std::move(encoded));
  auto part = add(Kind::part, digest, *chunk.value, std::move(encoded));
  auto length = static_cast<uint32_t>(chunk.value->size());
  return add_list(digest,
                  {length, {{interner_.run().generation(), part.ordinal, length}}, reference->digest()});
}

Result<std::optional<Number>> DeltaWriter::put_long_anew(const Digest& digest, const PartList& old,
                                                         const DeltaReference* reference) {
  PartList list{old.length, {}, std::nullopt};
  bool changed = false;
  for (auto& old_part : old.parts) {
    DifferenceReference name{Kind::part, old_part.generation, old_part.ordinal};
    list.parts.push_back(old_part);
    if (reference && reference->holds(name)) continue;
    TALARIA_TRY_ASSIGN(auto chunk, source_.read(name));
    std::optional<EncodedDifference> encoded;
    if (reference) {
      TALARIA_TRY_ASSIGN(encoded, encode(*chunk.value, *reference));
    }
    if (encoded) list.reference = reference->digest();
    TALARIA_TRY_ASSIGN(bool same, encoded ? is_stored_so(chunk, *encoded) : chunk.references.empty());
    if (same) continue;
    changed = true;
    auto part_digest = hasher_.of(*chunk.value);
    auto known = interner_.run().find(Kind::part, Key128::of(part_digest));
    auto ordinal =
        known ? *known : add(Kind::part, part_digest, *chunk.value, std::move(encoded)).ordinal;
    list.parts.back() = {interner_.run().generation(), ordinal, old_part.length};
  }
  if (!changed && list.reference == old.reference) return std::nullopt;
  return add_list(digest, list);
}

} // namespace talaria

#include "repository/difference.hpp"

#include "coding/residue_difference.hpp"
#include "core/endian.hpp"
#include "core/try.hpp"

#include <algorithm>
#include <array>

namespace talaria {

namespace {

// The kinds of references, as they are numbered behind the place of the generation.
constexpr std::array reference_kinds{Kind::part, Kind::sequence, Kind::bytes};
constexpr unsigned kind_bits = 2;

uint64_t number_of(Kind kind) {
  return static_cast<uint64_t>(std::ranges::find(reference_kinds, kind) - reference_kinds.begin());
}

} // namespace

std::string encode_difference_chunk(const Difference& difference) {
  std::vector<GenerationId> generations;
  std::string references;
  uint32_t expected = 0;
  for (auto& reference : difference.references) {
    auto at = std::find(generations.begin(), generations.end(), reference.generation);
    if (at == generations.end()) at = generations.insert(at, reference.generation);
    auto place = static_cast<uint64_t>(at - generations.begin());
    put_varint(references, place << kind_bits | number_of(reference.kind));
    put_zigzag(references, static_cast<int64_t>(reference.ordinal) - static_cast<int64_t>(expected));
    expected = reference.ordinal + 1;
  }
  std::string out;
  put_varint(out, difference.length);
  out += static_cast<char>(difference.depth);
  put_varint(out, difference.work);
  put_varint(out, generations.size());
  for (auto& id : generations) out += id.view();
  put_varint(out, difference.references.size());
  out += references;
  out += difference.bytes;
  return out;
}

Result<Difference> decode_difference_chunk(std::string_view bytes) {
  ByteReader in(bytes);
  TALARIA_TRY_ASSIGN(auto length, in.varint());
  TALARIA_TRY_ASSIGN(auto depth, in.u8());
  TALARIA_TRY_ASSIGN(auto work, in.varint());
  TALARIA_TRY_ASSIGN(auto generation_count, in.varint());
  if (length == 0 || length > longest_chunk || depth > difference_depth_max || work == 0 ||
      work > difference_work_max || generation_count > difference_references_max)
    return failure(errc::damaged, "impossible difference");
  Difference difference;
  difference.length = static_cast<uint32_t>(length);
  difference.depth = depth;
  difference.work = static_cast<uint32_t>(work);
  std::vector<GenerationId> generations;
  for (uint64_t i = 0; i < generation_count; ++i) {
    TALARIA_TRY_ASSIGN(auto id, in.bytes(GenerationId::size));
    generations.push_back(GenerationId::from(id));
  }
  TALARIA_TRY_ASSIGN(auto count, in.varint());
  if (count > difference_references_max || (count == 0) != (depth == 0) || work < count + 1 ||
      (count == 0 && work != 1))
    return failure(errc::damaged, "impossible difference");
  uint32_t expected = 0;
  for (uint64_t i = 0; i < count; ++i) {
    TALARIA_TRY_ASSIGN(auto place, in.varint());
    TALARIA_TRY_ASSIGN(auto step, in.zigzag());
    auto ordinal = static_cast<uint64_t>(expected) + static_cast<uint64_t>(step);
    auto kind = place & ((1u << kind_bits) - 1);
    auto generation = place >> kind_bits;
    if (kind >= reference_kinds.size() || generation >= generations.size() || ordinal > UINT32_MAX)
      return failure(errc::damaged, "impossible reference of a difference");
    difference.references.push_back(
        {reference_kinds[kind], generations[generation], static_cast<uint32_t>(ordinal)});
    expected = static_cast<uint32_t>(ordinal) + 1;
  }
  TALARIA_TRY_ASSIGN(difference.bytes, in.bytes(in.remaining()));
  return difference;
}

} // namespace talaria

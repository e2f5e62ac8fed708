#include "repository/list.hpp"

#include "core/endian.hpp"
#include "core/try.hpp"
#include "repository/fields.hpp"

#include <algorithm>

namespace talaria {

std::string encode_list(const PartList& list) {
  std::vector<GenerationId> generations;
  std::string parts;
  uint32_t expected = 0;
  for (auto& part : list.parts) {
    auto at = std::find(generations.begin(), generations.end(), part.generation);
    if (at == generations.end()) at = generations.insert(at, part.generation);
    put_varint(parts, static_cast<uint64_t>(at - generations.begin()));
    put_zigzag(parts, static_cast<int64_t>(part.ordinal) - static_cast<int64_t>(expected));
    put_varint(parts, part.length);
    expected = part.ordinal + 1;
  }
  std::string out;
  put_varint(out, list.length);
  put_varint(out, generations.size());
  for (auto& id : generations) out += id.view();
  put_varint(out, list.parts.size());
  out += parts;
  if (list.reference) out += list.reference->view();
  return out;
}

Result<PartList> decode_list(std::string_view bytes) {
  ByteReader in(bytes);
  PartList list;
  TALARIA_TRY_ASSIGN(list.length, in.varint());
  TALARIA_TRY_ASSIGN(auto generation_count, in.varint());
  std::vector<GenerationId> generations;
  for (uint64_t i = 0; i < generation_count; ++i) {
    TALARIA_TRY_ASSIGN(auto id, in.bytes(GenerationId::size));
    generations.push_back(GenerationId::from(id));
  }
  TALARIA_TRY_ASSIGN(auto part_count, in.varint());
  uint64_t total = 0;
  uint32_t expected = 0;
  for (uint64_t i = 0; i < part_count; ++i) {
    TALARIA_TRY_ASSIGN(auto generation, in.varint());
    TALARIA_TRY_ASSIGN(auto step, in.zigzag());
    TALARIA_TRY_ASSIGN(auto length, in.varint());
    auto ordinal = static_cast<uint64_t>(expected) + static_cast<uint64_t>(step);
    if (generation >= generations.size() || ordinal > UINT32_MAX || length == 0 ||
        length > longest_chunk)
      return failure(errc::damaged, "impossible part of a list");
    list.parts.push_back(
        {generations[generation], static_cast<uint32_t>(ordinal), static_cast<uint32_t>(length)});
    expected = static_cast<uint32_t>(ordinal) + 1;
    total += length;
  }
  if (in.remaining() == Digest::size) {
    TALARIA_TRY_ASSIGN(list.reference, read_digest(in));
  }
  if (total != list.length || !in.at_end()) return failure(errc::damaged, "a list doesn't add up");
  return list;
}

} // namespace talaria

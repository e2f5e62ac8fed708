#include "repository/stored_chunk.hpp"

#include "core/try.hpp"
#include "repository/difference.hpp"
#include "repository/list.hpp"

namespace talaria {

Result<std::vector<ChunkReference>> references_of(ChunkForm form, std::string_view content) {
  std::vector<ChunkReference> references;
  switch (form) {
  case ChunkForm::list: {
    TALARIA_TRY_ASSIGN(auto list, decode_list(content));
    references.reserve(list.parts.size());
    for (auto& part : list.parts) references.push_back({Kind::part, part.generation, part.ordinal});
    break;
  }
  case ChunkForm::difference: {
    TALARIA_TRY_ASSIGN(auto difference, decode_difference_chunk(content));
    for (auto& from : difference.references)
      references.push_back({from.kind, from.generation, from.ordinal});
    break;
  }
  case ChunkForm::whole:
    break;
  }
  return references;
}

Result<uint64_t> value_size(ChunkForm form, std::string_view content) {
  switch (form) {
  case ChunkForm::list:
    return decode_list(content).map([](const PartList& list) { return list.length; });
  case ChunkForm::difference:
    return decode_difference_chunk(content).map(
        [](const Difference& difference) { return uint64_t{difference.length}; });
  case ChunkForm::whole:
    break;
  }
  return content.size();
}

} // namespace talaria

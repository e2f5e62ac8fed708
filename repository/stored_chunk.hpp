// What the content of a stored chunk tells without its value: which other chunks it needs, and how long
// the value is.
#pragma once

#include "repository/block.hpp"
#include "repository/number.hpp"
#include "talaria/error.hpp"

#include <cstdint>
#include <string_view>
#include <vector>

namespace talaria {

// A chunk that another one is made of.
struct ChunkReference {
  Kind kind = Kind::part;
  GenerationId generation;
  uint32_t ordinal = 0;
};

// The parts of a list, the references of a difference; nothing for a chunk that is its value.
// errc::damaged for content that no writer makes.
Result<std::vector<ChunkReference>> references_of(ChunkForm form, std::string_view content);

// Bytes of the value.
Result<uint64_t> value_size(ChunkForm form, std::string_view content);

// Whether chunks of a block may refer to others. `parts`: whether the repository has any.
inline bool may_refer(const BlockInfo& block, bool parts) noexcept {
  return block.differences || (parts && block.kind != Kind::part);
}

} // namespace talaria

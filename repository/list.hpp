// Lists: how a value too long for one chunk is stored, as its parts in order.
// docs/format.md, "Lists".
#pragma once

#include "repository/number.hpp"
#include "talaria/digest.hpp"
#include "talaria/error.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace talaria {

// A piece of a long value: a chunk of kind `part`.
struct ListPart {
  GenerationId generation;
  uint32_t ordinal = 0;
  uint32_t length = 0; // bytes
};

struct PartList {
  uint64_t length = 0; // bytes of the whole value
  std::vector<ListPart> parts;

  // Of the value whose parts those of this one were stored as differences from, if there is one.
  std::optional<Digest> reference;
};

std::string encode_list(const PartList& list);

// errc::damaged for bytes that no writer makes, or if the lengths don't add up.
Result<PartList> decode_list(std::string_view bytes);

} // namespace talaria

// Any bytes, taken for a list of parts, are refused as damaged or make a list that adds up, and that is
// the same when it is written and read again.
#include "repository/list.hpp"

#include "repository_fuzz.hpp"

using namespace talaria;
using namespace talaria::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto list = decode_list(Fields(data, size).rest());
  require_sound(list);
  if (!list) return 0;
  std::uint64_t total = 0;
  for (auto& part : list->parts) {
    require(part.length > 0 && part.length <= longest_chunk);
    total += part.length;
  }
  require(total == list->length);
  const auto encoded = encode_list(*list);
  const auto again = decode_list(encoded);
  require(again.has_value() && again->reference == list->reference && encode_list(*again) == encoded);
  return 0;
}

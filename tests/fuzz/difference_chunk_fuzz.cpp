// Any bytes, taken for the content of a difference, are refused as damaged or have lengths, depth and
// references within their bounds, and those are the same when it is written and read again.
#include "repository/difference.hpp"

#include "repository_fuzz.hpp"

using namespace talaria;
using namespace talaria::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto difference = decode_difference_chunk(Fields(data, size).rest());
  require_sound(difference);
  if (!difference) return 0;
  require(difference->length > 0 && difference->length <= longest_chunk);
  require(difference->depth <= difference_depth_max && difference->work <= difference_work_max);
  require(difference->references.size() <= difference_references_max);
  require(difference->references.empty() == (difference->depth == 0));
  for (auto& reference : difference->references) require(may_be_difference(reference.kind));
  const auto encoded = encode_difference_chunk(*difference);
  const auto again = decode_difference_chunk(encoded);
  require(again.has_value() && again->references == difference->references);
  require(again->bytes == difference->bytes && encode_difference_chunk(*again) == encoded);
  return 0;
}

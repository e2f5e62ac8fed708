// Any bytes, taken for the fields of a release object, are refused as damaged or make a release that is
// the same when it is written and read again.
#include "repository/release.hpp"

#include "core/crc64.hpp"
#include "repository_fuzz.hpp"

using namespace talaria;
using namespace talaria::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Fields in(data, size);
  const bool as_it_is = in.u8() == 0;
  std::string bytes = as_it_is ? "" : "TALRELE1";
  bytes += in.rest();
  if (!as_it_is) store_u64(bytes, crc64(bytes));
  const auto release = decode_release(bytes);
  require_sound(release);
  if (!release) return 0;
  const auto encoded = encode_release(*release);
  const auto again = decode_release(encoded);
  require(again.has_value() && encode_release(*again) == encoded);
  return 0;
}

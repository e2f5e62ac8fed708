// Any bytes, opened as a file, are read to an end or refused as damaged or as another format.
#include "sequence/input.hpp"

#include <cstdint>
#include <cstdlib>
#include <string>

using namespace talaria;

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

void require_refusal(const Error& error) {
  require(error.code() == errc::corrupt_input || error.code() == errc::unsupported_input);
  require(!error.message().empty());
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto input = open_input_bytes("fuzz", std::string(reinterpret_cast<const char*>(data), size));
  if (!input) {
    require_refusal(input.error());
    return 0;
  }
  // A few bytes may stand for gigabytes: enough is enough.
  constexpr std::size_t most = std::size_t{1} << 22;
  std::string out(size % 2 == 0 ? 1 << 16 : 777, '\0');
  for (std::size_t total = 0; total < most;) {
    auto got = (*input)->read(out.data(), out.size());
    if (!got) {
      require_refusal(got.error());
      return 0;
    }
    require(*got <= out.size());
    if (*got == 0) return 0;
    total += *got;
  }
  return 0;
}

// Any bytes, taken for what follows the magic of a snapshot, are refused as damaged or make a snapshot
// that is the same when it is written and read again.
#include "repository/snapshot.hpp"

#include "repository_fuzz.hpp"

using namespace talaria;
using namespace talaria::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Fields in(data, size);
  const auto bytes = in.u8() == 0 ? std::string(in.rest()) : "TALSNAP1" + std::string(in.rest());
  const auto snapshot = Snapshot::decode(bytes);
  require_sound(snapshot);
  if (!snapshot) return 0;
  for (auto& pack : snapshot->packs) require(pack.generation < snapshot->generations.size());
  for (auto& number : snapshot->removed) require(snapshot->is_removed(number));
  for (auto& id : snapshot->generations) require(snapshot->generation(id).has_value());
  const auto encoded = snapshot->encode();
  const auto again = Snapshot::decode(encoded);
  require(again.has_value() && again->encode() == encoded);
  return 0;
}

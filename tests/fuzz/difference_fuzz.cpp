// Any difference or edit script is refused as damaged, or makes a target of the stated size; any target
// comes back from its difference, by each coder.
//
//   u8 mode, u8 repeats, u16 size of the reference, reference; then with mode 0 of 4: u16 size of the
//   target, difference; with 2: u16 size, script; with an odd one: the target. The reference is
//   repeated.
#include "coding/byte_sketch.hpp"
#include "coding/edit_script.hpp"
#include "coding/prefix_difference.hpp"
#include "coding/reference_finder.hpp"
#include "coding/residue_difference.hpp"

#include "repository_fuzz.hpp"

#include <vector>

using namespace talaria;
using namespace talaria::fuzz;

namespace {

void expect_back_from_script(std::string_view target, std::string_view reference) {
  std::string script;
  const auto counts = ScriptEncoder().encode(target, reference, script);
  require(counts.residues <= target.size() && counts.events <= target.size());
  std::vector<char> back(target.size());
  require(decode_script(script, reference, back.data(), back.size()).has_value());
  require(std::string_view(back.data(), back.size()) == target);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Fields in(data, size);
  const unsigned mode = in.u8();
  const unsigned repeats = in.u8() % 4;
  const auto once = in.sized();
  std::string reference(once);
  for (unsigned i = 0; i < repeats; ++i) reference += once;
  if (mode % 2 == 0) {
    std::vector<char> target(in.u16());
    const auto decode = mode % 4 == 0 ? decode_difference : decode_script;
    require_sound(decode(in.rest(), reference, target.data(), target.size()));
    return 0;
  }
  const auto target = in.rest();
  std::string difference;
  require(DifferenceEncoder().encode(target, reference, difference).has_value());
  require(difference.size() <= difference_bound(target.size()));
  std::vector<char> back(target.size());
  require(decode_difference(difference, reference, back.data(), back.size()).has_value());
  require(std::string_view(back.data(), back.size()) == target);
  expect_back_from_script(target, reference);
  std::string framed;
  require(encode_prefix_difference(target, reference, framed).has_value());
  require(decode_difference(framed, reference, back.data(), back.size()).has_value());
  require(std::string_view(back.data(), back.size()) == target);
  require(byte_sketch(target).size() <= target.size());
  ReferenceFinder finder(0);
  finder.add(0, reference.size(), reference_sketch(reference));
  require(finder.find(reference_sketch(target), 1).size() <= 1);
  return 0;
}

// Measures differences of any bytes: the coder of nucleotides against zstd with the reference as prefix.
//
//   any_bytes BEFORE AFTER
//
// Cuts both files into parts, finds for each part of AFTER that isn't in BEFORE up to three that it
// resembles, and prints what its differences take, and the speed of encoding and decoding in MB/s of
// processor time.
#include "coding/byte_sketch.hpp"
#include "coding/chunker.hpp"
#include "coding/prefix_difference.hpp"
#include "coding/residue_difference.hpp"

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <functional>
#include <iterator>
#include <set>
#include <string>
#include <vector>

using namespace talaria;

namespace {

std::vector<std::string> parts_of(const char* path) {
  std::ifstream file(path, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  std::vector<std::string> parts;
  for (std::string_view rest = bytes; !rest.empty();) {
    const auto length = next_chunk(rest, true);
    parts.emplace_back(rest.substr(0, length));
    rest.remove_prefix(length);
  }
  return parts;
}

double seconds(const std::function<void()>& run) {
  const auto start = std::clock();
  run();
  return static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
}

struct Sum {
  std::size_t bytes = 0;
  double encoding = 0;
  double decoding = 0;

  void print(const char* name, std::size_t raw) const {
    const auto speed = [&](double time) {
      return static_cast<double>(raw) / 1e6 / std::max(time, 1e-9);
    };
    std::printf("%-16s %12zu bytes   encode %7.0f MB/s   decode %7.0f MB/s\n", name, bytes,
                speed(encoding), speed(decoding));
  }
};

} // namespace

int main(int argc, char** argv) {
  if (argc != 3) return std::fprintf(stderr, "usage: any_bytes BEFORE AFTER\n"), 2;
  const auto before = parts_of(argv[1]);
  const std::set<std::string> known(before.begin(), before.end());
  ReferenceFinder finder(std::size_t{16} << 20);
  const auto sketching = seconds([&] {
    for (std::uint32_t i = 0; i < before.size(); ++i)
      finder.add(i, before[i].size(), byte_sketch(before[i]));
  });
  Sum coded, framed, better, alone;
  std::size_t raw = 0, count = 0, without = 0, sketched = 0;
  for (const auto& part : before) sketched += part.size();
  DifferenceEncoder encoder;
  for (const auto& part : parts_of(argv[2])) {
    if (known.contains(part)) continue;
    ++count;
    raw += part.size();
    std::string reference;
    const auto found = finder.find(byte_sketch(part), 3);
    without += found.empty();
    for (const auto& candidate : found) reference += before[candidate.chunk];
    std::string a, b, c, back(part.size(), '\0');
    coded.encoding += seconds([&] { (void)encoder.encode(part, reference, a); });
    framed.encoding += seconds([&] { (void)encode_prefix_difference(part, reference, b); });
    alone.encoding += seconds([&] { (void)encode_prefix_difference(part, {}, c); });
    coded.decoding += seconds([&] { (void)decode_difference(a, reference, back.data(), back.size()); });
    framed.decoding += seconds([&] { (void)decode_difference(b, reference, back.data(), back.size()); });
    alone.decoding += seconds([&] { (void)decode_difference(c, {}, back.data(), back.size()); });
    if (back != part) return std::fprintf(stderr, "a difference doesn't give back its part\n"), 1;
    coded.bytes += a.size();
    framed.bytes += b.size();
    alone.bytes += c.size();
    better.bytes += std::min(a.size(), b.size());
  }
  std::printf("%zu parts of %zu bytes differ, %zu of them resemble none; sketching %.0f MB/s\n", count,
              raw, without, static_cast<double>(sketched) / 1e6 / std::max(sketching, 1e-9));
  coded.print("coder", raw);
  framed.print("zstd, prefix", raw);
  std::printf("%-16s %12zu bytes\n", "the better", better.bytes);
  alone.print("zstd, alone", raw);
}

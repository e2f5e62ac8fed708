// Random reads of whole records by accession from several releases: what it costs that a release is
// stored as the difference from another, and its sequences as differences from others.
//
//   random_records REPO COUNT RELEASE...      prints a line for each release: ms of a read in a new
//   process,
//                                             and of the same reads again
#include "bench/records.hpp"

#include <random>

using namespace talaria;
using namespace talaria::bench;

namespace {

Summary read_all(Store& store, const std::string& release, const std::vector<std::string>& ids) {
  std::vector<double> times;
  for (auto& id : ids) times.push_back(milliseconds([&] { take(store.get(id, release)); }));
  return summary(std::move(times));
}

} // namespace

int main(int argc, char** argv) {
  if (argc < 4) {
    std::fprintf(stderr, "usage: random_records REPO COUNT RELEASE...\n");
    return 2;
  }
  auto count = std::strtoul(argv[2], nullptr, 10);
  for (int i = 3; i < argc; ++i) {
    std::string release = argv[i];
    auto records = records_of(*take(Store::open(argv[1])), release);
    std::mt19937_64 random(20260101);
    std::vector<std::string> wanted(count);
    for (auto& id : wanted) id = records[random() % records.size()].id;
    auto store = take(Store::open(argv[1]));
    auto first = read_all(*store, release, wanted);
    auto again = read_all(*store, release, wanted);
    std::printf("%s: first mean %.3f median %.3f 99%% %.3f; again mean %.3f median %.3f 99%% %.3f\n",
                release.c_str(), first.mean, first.median, first.p99, again.mean, again.median,
                again.p99);
  }
}

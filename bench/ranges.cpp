// Random ranges of long sequences.
//
//   ranges REPO COUNT LENGTH RELEASE...      prints a line for each release, in ms: the first call of a
//   process,
//                                            calls that meet parts nobody has read yet, COUNT calls
//                                            whose parts have been read before, and a batch of them for
//                                            each range
#include "bench/records.hpp"

#include <random>

using namespace talaria;
using namespace talaria::bench;

namespace {

// Ranges at random places of the release, each place as likely as another.
std::vector<RangeRequest> choose(const std::vector<NamedRecord>& records, uint64_t length,
                                 std::size_t count) {
  uint64_t total = 0;
  for (auto& record : records) total += record.length > length ? record.length - length : 0;
  if (total == 0) stop({errc::invalid_argument, "no record is long enough"});
  std::mt19937_64 random(20260101);
  std::vector<RangeRequest> ranges;
  while (ranges.size() < count) {
    auto at = random() % total;
    for (auto& record : records) {
      auto places = record.length > length ? record.length - length : 0;
      if (at < places) {
        ranges.push_back({record.id, at, at + length});
        break;
      }
      at -= places;
    }
  }
  return ranges;
}

double read(Store& store, const RangeRequest& range, const std::string& release) {
  return milliseconds([&] { take(store.get_range(range.id, range.begin, range.end, release)); });
}

// In a new store for every few ranges, so that nearly all of them meet parts that nobody has read.
void read_cold(const char* repo, const std::vector<RangeRequest>& ranges, const std::string& release,
               std::vector<double>& opening, std::vector<double>& cold) {
  constexpr std::size_t few = 10;
  for (std::size_t at = 0; at + few < ranges.size() && at < 50 * few; at += few) {
    auto store = take(Store::open(repo));
    opening.push_back(read(*store, ranges[at], release));
    for (std::size_t i = 1; i < few; ++i) cold.push_back(read(*store, ranges[at + i], release));
  }
}

void measure(const char* repo, const std::string& release, std::size_t count, uint64_t length) {
  auto ranges = choose(records_of(*take(Store::open(repo)), release), length, count);
  std::vector<double> opening;
  std::vector<double> cold;
  read_cold(repo, ranges, release, opening, cold);
  auto store = take(Store::open(repo));
  for (auto& range : ranges) read(*store, range, release);
  std::vector<double> warm;
  for (auto& range : ranges) warm.push_back(read(*store, range, release));
  auto batch = milliseconds([&] {
    for (auto& result : store->get_ranges(ranges, release))
      if (!result) stop(result.error());
  });
  auto show = [](const Summary& s) {
    char text[80];
    std::snprintf(text, sizeof text, "median %.3f 99%% %.3f", s.median, s.p99);
    return std::string(text);
  };
  std::printf("%s: opening %s; cold %s; warm %s; batch %.4f\n", release.c_str(),
              show(summary(opening)).c_str(), show(summary(cold)).c_str(), show(summary(warm)).c_str(),
              batch / static_cast<double>(ranges.size()));
}

} // namespace

int main(int argc, char** argv) {
  if (argc < 5) {
    std::fprintf(stderr, "usage: ranges REPO COUNT LENGTH RELEASE...\n");
    return 2;
  }
  for (int i = 4; i < argc; ++i)
    measure(argv[1], argv[i], std::strtoul(argv[2], nullptr, 10), std::strtoul(argv[3], nullptr, 10));
}

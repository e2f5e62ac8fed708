// Random reads through the C++ API and its actors: one by one and in batches, from the cache and past
// it.
//
//   random_reads REPO [COUNT]      prints one JSON object; COUNT reads of each sort, 100,000 unless told
#include "talaria/store.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

using namespace talaria;

namespace {

[[noreturn]] void stop(const Error& error) {
  std::fprintf(stderr, "random_reads: %s\n", error.message().c_str());
  std::exit(1);
}

template <class T>
T take(Result<T> result) {
  if (!result) stop(result.error());
  return *std::move(result);
}

double seconds(const auto& body) {
  auto start = std::chrono::steady_clock::now();
  body();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

void read_one_by_one(Store& store, const std::vector<Digest>& wanted) {
  for (auto& digest : wanted) take(store.chunks().get(digest));
}

void read_in_batches(Store& store, const std::vector<Digest>& wanted, std::size_t size) {
  for (std::size_t at = 0; at < wanted.size(); at += size) {
    auto batch = std::span(wanted).subspan(at, std::min(size, wanted.size() - at));
    for (auto& result : store.chunks().get_batch(batch))
      if (!result) stop(result.error());
  }
}

} // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: random_reads REPO [COUNT]\n");
    return 2;
  }
  auto count = argc > 2 ? std::strtoul(argv[2], nullptr, 10) : 100000;
  std::vector<Digest> all;
  uint64_t residues = 0;
  {
    auto store = take(Store::open(argv[1]));
    auto listed = store->chunks().list(true, [&](const ChunkInfo& chunk) {
      all.push_back(chunk.digest);
      residues += chunk.size;
      return true;
    });
    if (!listed) stop(listed.error());
  }
  std::mt19937_64 random(20260101);
  std::vector<Digest> wanted(count);
  for (auto& digest : wanted) digest = all[random() % all.size()];
  // Few enough that their blocks stay in the large cache.
  std::vector<Digest> few(
      wanted.begin(), wanted.begin() + static_cast<std::ptrdiff_t>(std::min<std::size_t>(count, 1000)));
  std::vector<Digest> repeated(count);
  for (std::size_t i = 0; i < count; ++i) repeated[i] = few[random() % few.size()];

  Settings small;
  small.cache = std::max<uint64_t>(residues / 20, 1);
  double cold = 0;
  double one_batch = 0;
  {
    auto store = take(Store::open(argv[1], small));
    one_batch = seconds([&] { read_in_batches(*store, wanted, wanted.size()); });
  }
  {
    auto store = take(Store::open(argv[1], small));
    cold = seconds([&] { read_one_by_one(*store, wanted); });
  }
  auto store = take(Store::open(argv[1]));
  read_one_by_one(*store, few);
  auto warm = seconds([&] { read_one_by_one(*store, repeated); });
  auto batches = seconds([&] { read_in_batches(*store, repeated, 64); });
  auto per_second = [&](double time) { return static_cast<double>(count) / time; };
  std::printf(
      "{\"small_cache_per_s\": %.0f, \"cached_per_s\": %.0f, \"cached_batches_of_64_per_s\": %.0f, "
      "\"one_batch_per_s\": %.0f}\n",
      per_second(cold), per_second(warm), per_second(batches), per_second(one_batch));
}

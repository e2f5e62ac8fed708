#include "coding/similarity.hpp"

#include "coding/hashes.hpp"
#include "coding/one_of.hpp"
#include "core/endian.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <numeric>
#include <utility>

namespace talaria {

namespace {

constexpr uint32_t none = ~uint32_t{0}; // no sequence; an empty bin

// k must make a chance match unlikely and still fit between two substitutions.
constexpr std::size_t protein_k = 7;
constexpr std::size_t nucleotide_k = 16;

// From this mean length on, sketches have 32 bins.
constexpr uint64_t long_sequence = 800;

// k-mers are loaded, not rolled, so that none depends on the one before. Of a protein the first k-mer is
// left out, since eight bytes are loaded to take the last seven. What is too short for one k-mer keeps
// empty bins.
template <std::size_t bin_count>
void sketch(std::string_view sequence, uint32_t* out) noexcept {
  constexpr int bin_bits = std::countr_zero(bin_count);
  std::array<uint32_t, bin_count> bins; // local, so that the compiler knows that it overlaps nothing
  bins.fill(none);
  auto take = [&](uint64_t hash) {
    auto& bin = bins[hash >> (64 - bin_bits)];
    bin = std::min(bin, static_cast<uint32_t>(hash >> (32 - bin_bits)));
  };
  const char* p = sequence.data();
  if (is_nucleotide(sequence)) {
    for (auto left = sequence.size(); left >= nucleotide_k; --left, ++p)
      take(hash_words(load_u64(p), load_u64(p + nucleotide_k - 8)));
  } else {
    for (auto left = sequence.size(); left >= 8; --left, ++p)
      take((load_u64(p) >> (64 - 8 * protein_k)) * odd_a);
  }
  std::memcpy(out, bins.data(), sizeof bins);
}

struct Keyed {
  uint32_t key;
  uint32_t value;
};

// A stable radix sort; passes in which all digits are the same are left out.
void sort_by_key(std::vector<Keyed>& items) {
  std::vector<Keyed> other(items.size());
  for (int shift = 0; shift < 32; shift += 11) {
    std::array<uint32_t, 2048> start{};
    for (auto& item : items) ++start[item.key >> shift & 2047];
    if (std::ranges::find(start, items.size()) != start.end()) continue;
    std::exclusive_scan(start.begin(), start.end(), start.begin(), 0u);
    for (auto& item : items) other[start[item.key >> shift & 2047]++] = item;
    items.swap(other);
  }
}

// Disjoint sets of sequences; each is also a singly linked list that begins with the set's root.
class Clusters {
public:
  explicit Clusters(uint32_t count) : nodes_(count), next_(count, none), tail_(count) {
    for (uint32_t i = 0; i < count; ++i) {
      nodes_[i] = {i, 1};
      tail_[i] = i;
    }
  }

  uint32_t find(uint32_t x) {
    while (nodes_[x].parent != x) x = nodes_[x].parent = nodes_[nodes_[x].parent].parent;
    return x;
  }

  // Puts the smaller cluster into the larger, behind the one of x and y that is there. Never before the
  // root: so the root stays the head of the list.
  void merge(uint32_t x, uint32_t y) {
    auto a = find(x);
    auto b = find(y);
    if (a == b) return;
    if (nodes_[a].size < nodes_[b].size) {
      std::swap(a, b);
      std::swap(x, y);
    }
    next_[tail_[b]] = next_[x];
    next_[x] = b;
    if (tail_[a] == x) tail_[a] = tail_[b];
    nodes_[b].parent = a;
    nodes_[a].size += nodes_[b].size;
  }

  uint32_t next(uint32_t x) const { return next_[x]; }

private:
  struct Node {
    uint32_t parent;
    uint32_t size;
  };
  std::vector<Node> nodes_;
  std::vector<uint32_t> next_;
  std::vector<uint32_t> tail_;
};

struct Pair {
  uint32_t a;
  uint32_t b;
};

// Finds pairs of similar sequences, grouped by the number of bins in which they agree.
template <std::size_t bin_count>
class PairFinder {
public:
  PairFinder(std::span<const uint32_t> sketches, uint32_t count)
      : sketches_(sketches),
        table_bits_(std::max(10, static_cast<int>(std::bit_width(count)))),
        last_(bin_count << table_bits_, none),
        pairs_(bin_count + 1) {}

  // Nearly every access misses the processor's caches, so some sequences go through each step together,
  // and what the next step needs is prefetched.
  std::vector<std::vector<Pair>> find(const std::vector<Keyed>& visit) {
    for (std::size_t first = 0; first < visit.size(); first += group_size) {
      auto size = std::min(group_size, visit.size() - first);
      for (std::size_t g = 0; g < size; ++g) {
        if (first + g + 2 * group_size < visit.size())
          prefetch_row(visit[first + g + 2 * group_size].value);
        for (std::size_t bin = 0; bin < bin_count; ++bin)
          __builtin_prefetch(holder(bin, row(visit[first + g].value)[bin]), 1);
      }
      for (std::size_t g = 0; g < size; ++g) gather(visit[first + g].value, candidates_[g]);
      for (std::size_t g = 0; g < size; ++g) compare(visit[first + g].value, candidates_[g]);
    }
    return std::move(pairs_);
  }

private:
  static constexpr std::size_t group_size = 8;
  struct Candidates {
    std::array<uint32_t, bin_count> who;
    std::size_t count;
  };

  const uint32_t* row(uint32_t i) const { return sketches_.data() + std::size_t{i} * bin_count; }
  void prefetch_row(uint32_t i) const {
    for (std::size_t bin = 0; bin < bin_count; bin += 16) __builtin_prefetch(row(i) + bin);
  }

  // Where the last holder of a minimum is remembered. Two minima may share a place: then sketches that
  // have nothing in common are compared, in vain.
  uint32_t* holder(std::size_t bin, uint32_t minimum) {
    return &last_[(bin << table_bits_) + (minimum * 0x9E3779B1u >> (32 - table_bits_))];
  }

  void gather(uint32_t i, Candidates& own) {
    own.count = 0;
    for (std::size_t bin = 0; bin < bin_count; ++bin) {
      if (row(i)[bin] == none) continue;
      auto other = std::exchange(*holder(bin, row(i)[bin]), i);
      auto end = own.who.begin() + static_cast<std::ptrdiff_t>(own.count);
      if (other == none || std::find(own.who.begin(), end, other) != end) continue;
      own.who[own.count++] = other;
      prefetch_row(other);
    }
  }

  void compare(uint32_t i, const Candidates& own) {
    for (std::size_t c = 0; c < own.count; ++c) {
      auto* a = row(own.who[c]);
      auto* b = row(i);
      std::size_t same = 0;
      for (std::size_t bin = 0; bin < bin_count; ++bin)
        same += static_cast<std::size_t>((a[bin] == b[bin]) & (a[bin] != none));
      if (same > 0) pairs_[same].push_back({own.who[c], i});
    }
  }

  std::span<const uint32_t> sketches_;
  int table_bits_;
  std::vector<uint32_t> last_;
  std::vector<std::vector<Pair>> pairs_;
  std::array<Candidates, group_size> candidates_;
};

template <std::size_t bin_count>
std::vector<uint32_t> order(std::span<const uint32_t> lengths, std::span<const uint32_t> sketches) {
  auto count = static_cast<uint32_t>(lengths.size());
  std::vector<Keyed> visit(count);
  for (uint32_t i = 0; i < count; ++i) visit[i] = {lengths[i], i};
  sort_by_key(visit);
  auto pairs = PairFinder<bin_count>(sketches, count).find(visit);
  Clusters clusters(count);
  for (auto group = pairs.rbegin(); group != pairs.rend(); ++group)
    for (auto& pair : *group) clusters.merge(pair.a, pair.b);
  std::vector<uint32_t> result;
  result.reserve(count);
  // Clusters come out by the length of their first sequence.
  for (auto& seen : visit) {
    if (clusters.find(seen.value) != seen.value) continue;
    for (auto x = seen.value; x != none; x = clusters.next(x)) result.push_back(x);
  }
  return result;
}

} // namespace

std::size_t sketch_bins(uint64_t sequences, uint64_t residues) noexcept {
  return is_long(sequences, residues) ? 32 : 16;
}

bool is_long(uint64_t sequences, uint64_t residues) noexcept {
  return residues / std::max<uint64_t>(sequences, 1) >= long_sequence;
}

// N and other ambiguity codes are rare in real sequences, and no protein consists of A, C, G, T, U and
// N.
bool is_nucleotide(std::string_view sequence) noexcept {
  constexpr std::size_t middle = 64;
  auto count = [](const char* p, std::size_t size) {
    uint8_t found = 0;
    for (std::size_t i = 0; i < size; ++i) found += is_one_of<'A', 'C', 'G', 'T', 'U', 'N'>(p[i]);
    return std::size_t{found};
  };
  if (sequence.size() <= middle)
    return count(sequence.data(), sequence.size()) * 10 >= sequence.size() * 9;
  return count(sequence.data() + (sequence.size() - middle) / 2, middle) * 10 >= middle * 9;
}

void similarity_sketch(std::string_view sequence, std::span<uint32_t> bins) noexcept {
  if (bins.size() == 32)
    sketch<32>(sequence, bins.data());
  else
    sketch<16>(sequence, bins.data());
}

std::vector<uint32_t> similarity_order(std::span<const uint32_t> lengths,
                                       std::span<const uint32_t> sketches, std::size_t bins) {
  return bins == 32 ? order<32>(lengths, sketches) : order<16>(lengths, sketches);
}

} // namespace talaria

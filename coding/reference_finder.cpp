#include "coding/reference_finder.hpp"

#include "coding/hashes.hpp"

#include <algorithm>
#include <array>

namespace talaria {

namespace {

// As many bases as fit in 64 bits. Shorter ones survive more substitutions, but the number that survives
// then says less about how many there are.
constexpr std::size_t k = 32;

// One of 2^7 is sampled. The next 32 bits of the hash are what is kept of it.
constexpr unsigned sampling_bits = 7;

constexpr std::size_t holders_max = 32;
constexpr std::uint64_t residues_per_byte = 64;

// A chunk resembles another also between shared 32-mers that have at most so many others between:
// those hold substitutions. Another reference for them would mostly be a further relative, with no less
// of them.
constexpr std::uint32_t bridge = 1;

// Fewer shared 32-mers may be a repeat shorter than what a reference costs.
constexpr std::uint32_t shared_min = 2;

// Codes of a base and of its complement add up to 3; anything else is 4.
constexpr auto base_codes = [] {
  std::array<std::uint8_t, 256> table{};
  table.fill(4);
  table['A'] = 0;
  table['C'] = 1;
  table['G'] = 2;
  table['T'] = 3;
  return table;
}();

} // namespace

ReferenceSketch reference_sketch(std::string_view residues) {
  ReferenceSketch sketch;
  sketch.reserve((residues.size() >> sampling_bits) * 5 / 4);
  std::uint64_t forward = 0;
  std::uint64_t reverse = 0;
  std::size_t length = 0;
  for (char c : residues) {
    const std::uint64_t code = base_codes[static_cast<unsigned char>(c)];
    if (code > 3) {
      length = 0;
      continue;
    }
    forward = forward << 2 | code;
    reverse = reverse >> 2 | (3 - code) << 62;
    if (++length < k) continue;
    const auto hash = mix(std::min(forward, reverse));
    if (hash >> (64 - sampling_bits) != 0) continue;
    const auto kept = static_cast<std::uint32_t>(hash >> (32 - sampling_bits));
    // A run of one base says no more by its length, and that of A or T is always sampled.
    if (sketch.empty() || sketch.back() != kept) sketch.push_back(kept);
  }
  return sketch;
}

ReferenceFinder::ReferenceFinder(std::size_t memory_max)
    : memory_max_(std::max(memory_max, memory_min)), slots_(memory_min / sizeof(Slot)) {}

std::size_t ReferenceFinder::home(std::uint32_t kmer) const noexcept {
  return static_cast<std::size_t>(std::uint64_t{kmer} * slots_.size() >> 32);
}

void ReferenceFinder::insert(Slot entry) {
  std::array<std::size_t, holders_max> holders;
  std::size_t count = 0;
  auto at = home(entry.kmer);
  for (; slots_[at].holder != 0; at = next(at)) {
    if (slots_[at].kmer != entry.kmer) continue;
    if (slots_[at].holder == entry.holder) return;
    holders[count++] = at;
    if (count == holders_max) {
      // Some other one makes room, so that of many both old and new ones stay.
      slots_[holders[mix(entry.holder) % holders_max]].holder = entry.holder;
      return;
    }
  }
  slots_[at] = entry;
  ++used_;
}

void ReferenceFinder::rebuild(std::size_t slots) {
  const auto old = std::exchange(slots_, std::vector<Slot>(slots));
  used_ = 0;
  // From an empty slot on, so that the chunks of a 32-mer keep their order.
  auto empty = std::find_if(old.begin(), old.end(), [](const Slot& slot) { return slot.holder == 0; });
  const auto keep = [&](const Slot& slot) {
    if (slot.holder != 0 && counts(slot.kmer)) insert(slot);
  };
  std::for_each(empty, old.end(), keep);
  std::for_each(old.begin(), empty, keep);
}

// Four fifths at most are used: with more, searches get long.
void ReferenceFinder::make_room() {
  while (5 * (used_ + 1) > 4 * slots_.size()) {
    const auto bytes = std::clamp<std::uint64_t>(residues_ / residues_per_byte, memory_min, memory_max_);
    const auto allowed = static_cast<std::size_t>(bytes / sizeof(Slot));
    if (16 * allowed >= 17 * slots_.size()) {
      rebuild(allowed);
    } else {
      threshold_ = threshold_ * 15 / 16;
      rebuild(slots_.size());
    }
  }
}

void ReferenceFinder::add(std::uint32_t chunk, std::size_t residues, const ReferenceSketch& sketch) {
  residues_ += residues;
  for (auto kmer : sketch) {
    if (!counts(kmer)) continue;
    make_room();
    if (counts(kmer)) insert({kmer, chunk + 1});
  }
}

std::vector<ReferenceCandidate> ReferenceFinder::find(const ReferenceSketch& sketch,
                                                      std::size_t count) const {
  struct Hit {
    std::uint32_t chunk;
    std::uint32_t place; // among the 32-mers that count
  };
  std::vector<Hit> hits;
  std::uint32_t places = 0;
  for (auto kmer : sketch) {
    if (!counts(kmer)) continue;
    for (auto at = home(kmer); slots_[at].holder != 0; at = next(at))
      if (slots_[at].kmer == kmer) hits.push_back({slots_[at].holder - 1, places});
    ++places;
  }
  std::sort(hits.begin(), hits.end(), [](const Hit& a, const Hit& b) {
    return std::pair(a.chunk, a.place) < std::pair(b.chunk, b.place);
  });

  std::vector<bool> covered(places);
  const auto cover = [&](std::uint32_t from, std::uint32_t to) {
    std::fill(covered.begin() + from, covered.begin() + to, true);
  };
  std::vector<ReferenceCandidate> chosen;
  while (chosen.size() < count) {
    ReferenceCandidate best;
    auto best_hits = hits.begin();
    for (auto hit = hits.begin(); hit != hits.end();) {
      const auto first = hit;
      ReferenceCandidate candidate{hit->chunk, 0};
      for (; hit != hits.end() && hit->chunk == candidate.chunk; ++hit)
        candidate.shared += covered[hit->place] ? 0 : 1;
      if (candidate.shared > best.shared) {
        best = candidate;
        best_hits = first;
      }
    }
    if (best.shared < shared_min) break;
    chosen.push_back(best);
    std::uint32_t end = best_hits->place;
    for (auto hit = best_hits; hit != hits.end() && hit->chunk == best.chunk; ++hit) {
      cover(hit->place - end <= bridge ? end : hit->place, hit->place + 1);
      end = hit->place + 1;
    }
  }
  return chosen;
}

} // namespace talaria

#include "repository/similar_sequences.hpp"

#include "coding/residue_difference.hpp"
#include "coding/similarity.hpp"
#include "core/try.hpp"
#include "repository/difference.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdlib>

namespace talaria {

namespace {

constexpr uint32_t empty_bin = ~uint32_t{0};

// New sequences with the same minimum that a stored one is compared with. Families of more have minima
// enough in which their members differ.
constexpr std::size_t most_holders = 16;

constexpr std::size_t most_bins = 32;

// What a minimum takes in memory: itself, and at most an entry of the look-up table and 32 bits of the
// filter.
constexpr std::size_t bytes_per_minimum = 16;

uint32_t key_of(std::size_t bin, uint32_t minimum) noexcept {
  return static_cast<uint32_t>(((uint64_t{bin} << 32 | minimum) * 0x9E3779B97F4A7C15) >> 32);
}

// What a script takes in its block and what its target would take stored whole, both in 16ths of a byte:
// measured on proteins and rRNA.
struct Prices {
  std::size_t residue;       // that is in no copy
  std::size_t whole_residue; // of a sequence stored whole
};
constexpr Prices of_proteins{9, 8};
constexpr Prices of_nucleotides{4, 2};
constexpr std::size_t price_of_event = 13;
constexpr std::size_t price_of_chunk = 96;

// Whether a script saves a tenth at least.
bool pays(const ScriptCounts& counts, std::size_t target_size) noexcept {
  auto& prices = counts.nucleotides ? of_nucleotides : of_proteins;
  auto script = counts.events * price_of_event + counts.residues * prices.residue + price_of_chunk;
  return script * 10 < target_size * prices.whole_residue * 9;
}

} // namespace

bool SimilarSequence::better_than(const SimilarSequence& other, uint32_t wanted_length) const noexcept {
  auto distance = [&](const SimilarSequence& s) {
    return std::abs(static_cast<int64_t>(s.length) - static_cast<int64_t>(wanted_length));
  };
  if (minima != other.minima) return minima > other.minima;
  if (distance(*this) != distance(other)) return distance(*this) < distance(other);
  return number < other.number;
}

SoughtSequences::SoughtSequences(std::size_t bins, std::size_t memory_max)
    : bins_(std::min(bins, most_bins)), minima_max_(memory_max / bytes_per_minimum) {}

void SoughtSequences::add(uint32_t place, uint32_t length, std::span<const uint32_t> sketch) {
  if (length > script_reference_max || minima_.size() + bins_ > minima_max_) return;
  if (lengths_.size() <= place) lengths_.resize(place + std::size_t{1});
  lengths_[place] = length;
  for (std::size_t bin = 0; bin < bins_; ++bin)
    if (sketch[bin] != empty_bin) minima_.push_back({key_of(bin, sketch[bin]), place});
}

void SoughtSequences::finish() {
  std::ranges::sort(minima_, [](const Minimum& a, const Minimum& b) {
    return std::pair(a.key, a.place) < std::pair(b.key, b.place);
  });
  auto bits = std::max(4, static_cast<int>(std::bit_width(minima_.size())) - 1);
  first_shift_ = 32 - bits;
  first_.assign((std::size_t{1} << bits) + 1, static_cast<uint32_t>(minima_.size()));
  for (auto i = static_cast<uint32_t>(minima_.size()); i-- > 0;)
    first_[minima_[i].key >> first_shift_] = i;
  for (auto bucket = first_.size() - 1; bucket-- > 0;)
    first_[bucket] = std::min(first_[bucket], first_[bucket + 1]);
  // Most minima of stored sequences are of no new one: a bit, in a table that the processor's caches
  // hold, says so of fifteen in sixteen.
  filter_shift_ = std::max(0, first_shift_ - 5);
  filter_.assign((std::size_t{1} << (32 - filter_shift_)) / 64, 0);
  for (auto& minimum : minima_) {
    auto bit = minimum.key >> filter_shift_;
    filter_[bit / 64] |= uint64_t{1} << bit % 64;
  }
}

std::span<const SoughtSequences::Minimum> SoughtSequences::holders(uint32_t key) const noexcept {
  auto bit = key >> filter_shift_;
  if ((filter_[bit / 64] >> bit % 64 & 1) == 0) return {};
  auto bucket = key >> first_shift_;
  auto in_bucket = std::span(minima_).subspan(first_[bucket], first_[bucket + 1] - first_[bucket]);
  auto begin = std::ranges::lower_bound(in_bucket, key, {}, &Minimum::key);
  auto end = begin;
  while (end != in_bucket.end() && static_cast<std::size_t>(end - begin) < most_holders &&
         end->key == key)
    ++end;
  return {begin, end};
}

void SoughtSequences::compare(std::string_view stored, const Number& number,
                              SimilarSequences& best) const {
  if (empty() || stored.size() > script_reference_max) return;
  std::array<uint32_t, most_bins> sketch;
  similarity_sketch(stored, std::span(sketch).first(bins_));
  std::array<uint32_t, most_bins * most_holders> places;
  std::size_t count = 0;
  for (std::size_t bin = 0; bin < bins_; ++bin)
    if (sketch[bin] != empty_bin)
      for (auto& holder : holders(key_of(bin, sketch[bin]))) places[count++] = holder.place;
  std::sort(places.begin(), places.begin() + static_cast<std::ptrdiff_t>(count));
  for (std::size_t i = 0, next; i < count; i = next) {
    for (next = i + 1; next < count && places[next] == places[i];) ++next;
    note(places[i], {number, static_cast<uint32_t>(stored.size()), static_cast<uint32_t>(next - i)},
         best);
  }
}

void SoughtSequences::note(uint32_t place, const SimilarSequence& candidate,
                           SimilarSequences& best) const {
  auto [known, added] = best.emplace(place, candidate);
  if (!added && candidate.better_than(known->second, lengths_[place])) known->second = candidate;
}

void SoughtSequences::merge(const SimilarSequences& found, SimilarSequences& best) const {
  for (auto& [place, candidate] : found) note(place, candidate, best);
}

Result<std::optional<std::string>> ScriptChunkEncoder::encode(std::string_view target,
                                                              std::string_view reference,
                                                              const GenerationId& generation,
                                                              uint32_t ordinal) {
  std::string bytes(1, difference_by_script);
  if (!pays(encoder_.encode(target, reference, bytes), target.size())) return std::nullopt;
  std::string back(target.size(), '\0');
  TALARIA_TRY(decode_difference(bytes, reference, back.data(), back.size()));
  if (back != target)
    return failure(errc::internal, "an edit script doesn't give back its sequence: this is a defect of "
                                   "Talaria or of the memory");
  Difference difference;
  difference.length = static_cast<uint32_t>(target.size());
  difference.depth = 1;
  difference.work = 2;
  difference.references.push_back({Kind::sequence, generation, ordinal});
  difference.bytes = bytes;
  return encode_difference_chunk(difference);
}

} // namespace talaria

#include "repository/similar_sequences.hpp"

#include "coding/residue_difference.hpp"
#include "coding/seeds.hpp"
#include "core/try.hpp"
#include "repository/difference.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdlib>

namespace talaria {

namespace {

// New sequences with the same seed that a stored one is compared with. Families of more have seeds
// enough in which their members differ.
constexpr std::size_t most_holders = 16;

// A stored sequence with fewer seeds of new ones can't be near to one: of those with seeds enough, one
// in common is chance or a motif.
constexpr std::size_t least_in_common(std::size_t seeds) noexcept {
  return seeds < 8 ? 1 : 2;
}

// What an entry takes in memory: itself, and at most an entry of the look-up table and 32 bits of the
// filter.
constexpr std::size_t bytes_per_entry = 16;

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
  if (seeds != other.seeds) return seeds > other.seeds;
  if (distance(*this) != distance(other)) return distance(*this) < distance(other);
  return number < other.number;
}

SoughtSequences::SoughtSequences(std::size_t memory_max, std::size_t contents_max)
    : entries_max_(memory_max / bytes_per_entry), contents_max_(contents_max) {}

void SoughtSequences::add(uint32_t place, std::string_view sequence) {
  if (sequence.size() > script_reference_max) return;
  Seeds seeds;
  auto count = find_seeds(sequence, seeds);
  if (entries_.size() + count > entries_max_) return;
  if (lengths_.size() <= place) lengths_.resize(place + std::size_t{1});
  lengths_[place] = static_cast<uint32_t>(sequence.size());
  for (std::size_t i = 0; i < count; ++i) entries_.push_back({seeds[i], place});
}

void SoughtSequences::finish() {
  most_ = std::vector<std::atomic<uint32_t>>(lengths_.size());
  std::ranges::sort(entries_);
  entries_.erase(std::unique(entries_.begin(), entries_.end()), entries_.end());
  auto bits = std::max(4, static_cast<int>(std::bit_width(entries_.size())) - 1);
  first_shift_ = 32 - bits;
  first_.assign((std::size_t{1} << bits) + 1, static_cast<uint32_t>(entries_.size()));
  for (auto i = static_cast<uint32_t>(entries_.size()); i-- > 0;)
    first_[entries_[i].seed >> first_shift_] = i;
  for (auto bucket = first_.size() - 1; bucket-- > 0;)
    first_[bucket] = std::min(first_[bucket], first_[bucket + 1]);
  // Most seeds of stored sequences are of no new one: a bit, in a table that the processor's caches
  // hold, says so of fifteen in sixteen.
  filter_shift_ = std::max(0, first_shift_ - 4);
  filter_.assign((std::size_t{1} << (32 - filter_shift_)) / 64, 0);
  for (auto& entry : entries_) {
    auto bit = entry.seed >> filter_shift_;
    filter_[bit / 64] |= uint64_t{1} << bit % 64;
  }
}

std::span<const SoughtSequences::Entry> SoughtSequences::holders(uint32_t seed) const noexcept {
  auto bucket = seed >> first_shift_;
  auto in_bucket = std::span(entries_).subspan(first_[bucket], first_[bucket + 1] - first_[bucket]);
  auto begin = std::ranges::lower_bound(in_bucket, seed, {}, &Entry::seed);
  auto end = begin;
  while (end != in_bucket.end() && static_cast<std::size_t>(end - begin) < most_holders &&
         end->seed == seed)
    ++end;
  return {begin, end};
}

void SoughtSequences::compare(std::string_view stored, const Number& number,
                              SimilarSequences& best) const {
  if (empty() || stored.size() > script_reference_max) return;
  Seeds seeds;
  auto count = find_seeds(stored, seeds);
  std::size_t known = 0;
  for (std::size_t i = 0; i < count; ++i) {
    auto bit = seeds[i] >> filter_shift_;
    seeds[known] = seeds[i];
    known += filter_[bit / 64] >> bit % 64 & 1;
  }
  if (known < least_in_common(count)) return;
  std::sort(seeds.begin(), seeds.begin() + static_cast<std::ptrdiff_t>(known));
  std::array<uint32_t, most_seeds * most_holders> places;
  std::size_t votes = 0;
  for (std::size_t i = 0; i < known; ++i)
    if (i == 0 || seeds[i] != seeds[i - 1])
      for (auto& holder : holders(seeds[i])) places[votes++] = holder.place;
  std::sort(places.begin(), places.begin() + static_cast<std::ptrdiff_t>(votes));
  for (std::size_t i = 0, next; i < votes; i = next) {
    for (next = i + 1; next < votes && places[next] == places[i];) ++next;
    if (!may_be_best(places[i], static_cast<uint32_t>(next - i))) continue;
    SimilarSequence candidate{
        number, static_cast<uint32_t>(stored.size()), static_cast<uint32_t>(next - i), {}};
    if (auto* noted = note(places[i], std::move(candidate), best)) noted->content = keep(stored);
  }
}

// Whether no stored sequence that came by, for whichever `best`, has more seeds in common.
bool SoughtSequences::may_be_best(uint32_t place, uint32_t seeds) const noexcept {
  auto& most = most_[place];
  auto known = most.load(std::memory_order_relaxed);
  while (known < seeds && !most.compare_exchange_weak(known, seeds, std::memory_order_relaxed)) {
  }
  return known <= seeds;
}

// Replaces what is noted if that isn't better, and returns what is noted then, else nothing. The
// contents of what doesn't stay are no longer counted.
SimilarSequence* SoughtSequences::note(uint32_t place, SimilarSequence&& candidate,
                                       SimilarSequences& best) const {
  auto [known, added] = best.try_emplace(place, std::move(candidate));
  if (added) return &known->second;
  bool better = candidate.better_than(known->second, lengths_[place]);
  if (better) std::swap(known->second, candidate);
  contents_ -= candidate.content.size();
  return better ? &known->second : nullptr;
}

std::string SoughtSequences::keep(std::string_view content) const {
  if ((contents_ += content.size()) <= contents_max_) return std::string(content);
  contents_ -= content.size();
  return {};
}

void SoughtSequences::merge(SimilarSequences&& found, SimilarSequences& best) const {
  for (auto& [place, candidate] : found) note(place, std::move(candidate), best);
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

#include "coding/edit_script.hpp"

#include "coding/similarity.hpp"
#include "core/endian.hpp"
#include "core/try.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <optional>

namespace talaria {

namespace {

constexpr uint16_t nowhere = 0xFFFF;

// How a place to copy from is judged. The figures are those that made scripts smallest.
struct Tuning {
  std::size_t seed; // residues that must agree before a place is looked at
  std::size_t run;  // residues in a row that make a copy worth its event,
  unsigned near;    // or so many of the next `look_ahead`
};
constexpr Tuning of_proteins{4, 6, 7};
constexpr Tuning of_nucleotides{12, 14, 10};
constexpr std::size_t look_ahead = 10;

// How many of the next residues must agree for a copy to go on behind a substitution: directly, and
// after the search for a better place.
constexpr unsigned goes_on = 3;
constexpr unsigned goes_on_well = 5;
constexpr std::size_t goes_on_run = 4;

// What bounds the time for repeats: places that are looked at for one seed, and residues at each.
constexpr unsigned most_places = 16;
constexpr std::size_t longest_look = 256;

constexpr int far = 64; // a shift from here on takes two bytes
constexpr int price_of_far = 4;

constexpr std::size_t table_bits = 12;

std::size_t seed_hash(const char* at, std::size_t seed) noexcept {
  auto value = uint64_t{load_u32(at)};
  if (seed == of_nucleotides.seed)
    value = value * 0x9E3779B97F4A7C15 + (uint64_t{load_u32(at + 4)} << 32 | load_u32(at + 8));
  return static_cast<std::size_t>((value * 0x9E3779B97F4A7C15) >> (64 - table_bits));
}

// One script in the making. Of the event that is open, what was copied and what was missed lies before
// `at_`; an event is closed where the next copy begins.
class Script {
public:
  Script(std::string_view target, std::string_view reference, const Tuning& tuning,
         const std::vector<uint16_t>& first, const std::vector<uint16_t>& next) noexcept
      : target_(target), reference_(reference), tuning_(tuning), first_(first), next_(next) {}

  ScriptCounts write(std::string& out) {
    while (at_ < target_.size()) step();
    if (copied_ + missed_ > 0) close_event(0);
    put_varint(out, residues_.size());
    out += residues_;
    out += events_;
    return {count_, residues_.size(), &tuning_ == &of_nucleotides};
  }

private:
  bool agrees() const noexcept { return from_ < reference_.size() && target_[at_] == reference_[from_]; }

  // Takes a residue into the open event, or closes it.
  void step() {
    if (missed_ == 0 && agrees()) {
      ++copied_;
      ++at_;
      ++from_;
    } else if (auto place = better_place()) {
      close_event(static_cast<int64_t>(*place) - static_cast<int64_t>(from_));
      from_ = *place;
    } else {
      residues_ += target_[at_++];
      ++missed_;
      ++from_;
      if (at_ < target_.size() && agrees() && agreeing(from_) >= goes_on) close_event(0);
    }
  }

  // Of the residues ahead, those that agree with a place of the reference.
  unsigned agreeing(std::size_t from) const noexcept {
    auto count = std::min(
        {look_ahead, target_.size() - at_, reference_.size() - std::min(from, reference_.size())});
    unsigned same = 0;
    for (std::size_t i = 0; i < count; ++i) same += target_[at_ + i] == reference_[from + i];
    return same;
  }

  // Of the residues ahead, up to `most` that agree in a row with a place within the reference.
  std::size_t run_from(std::size_t from, std::size_t most) const noexcept {
    auto count = std::min({most, target_.size() - at_, reference_.size() - from});
    std::size_t i = 0;
    while (i < count && target_[at_ + i] == reference_[from + i]) ++i;
    return i;
  }

  // Where a copy should begin here: behind the residues that were missed, or elsewhere; nowhere if that
  // doesn't pay.
  std::optional<std::size_t> better_place() const noexcept {
    if (missed_ > 0 && agrees() &&
        (agreeing(from_) >= goes_on_well || run_from(from_, goes_on_run) >= goes_on_run ||
         at_ + goes_on_run >= target_.size()))
      return from_;
    auto best = place_of_seed();
    // A substitution and then the same place again is cheaper than to move.
    if (best && agreeing(from_) >= goes_on_well && agreeing(from_) + 1 >= agreeing(*best))
      return std::nullopt;
    return best;
  }

  // The best of the places that have the residues ahead, or nothing if none of them is good.
  std::optional<std::size_t> place_of_seed() const noexcept {
    std::optional<std::size_t> best;
    if (target_.size() - at_ < tuning_.seed) return best;
    int best_score = 0;
    auto place = first_[seed_hash(&target_[at_], tuning_.seed)];
    for (unsigned i = 0; place != nowhere && i < most_places; ++i, place = next_[place]) {
      auto run = run_from(place, longest_look);
      auto near = agreeing(place);
      if (run < tuning_.seed || (run < tuning_.run && near < tuning_.near)) continue;
      auto shift = static_cast<int64_t>(place) - static_cast<int64_t>(from_);
      auto score = static_cast<int>(2 * run + near) - (std::abs(shift) >= far ? price_of_far : 0);
      if (score > best_score) {
        best_score = score;
        best = place;
      }
    }
    return best;
  }

  void close_event(int64_t shift) {
    put_varint(events_, copied_);
    put_varint(events_, missed_);
    if (at_ < target_.size()) put_zigzag(events_, shift);
    copied_ = missed_ = 0;
    ++count_;
  }

  std::string_view target_;
  std::string_view reference_;
  const Tuning& tuning_;
  const std::vector<uint16_t>& first_;
  const std::vector<uint16_t>& next_;
  std::string events_;
  std::string residues_;
  std::size_t count_ = 0;
  std::size_t at_ = 0;     // in the target
  std::size_t from_ = 0;   // in the reference, or behind it
  std::size_t copied_ = 0; // of the event that is open
  std::size_t missed_ = 0;
};

tl::unexpected<Error> not_a_script() {
  return failure(errc::damaged, "not an edit script of this sequence");
}

} // namespace

ScriptCounts ScriptEncoder::encode(std::string_view target, std::string_view reference,
                                   std::string& out) {
  reference = reference.substr(0, script_reference_max);
  auto& tuning = is_nucleotide(target) ? of_nucleotides : of_proteins;
  first_.assign(std::size_t{1} << table_bits, nowhere);
  next_.resize(reference.size());
  // From the end, so that the lists go forward.
  if (reference.size() >= tuning.seed)
    for (auto i = reference.size() - tuning.seed + 1; i-- > 0;) {
      auto& first = first_[seed_hash(&reference[i], tuning.seed)];
      next_[i] = first;
      first = static_cast<uint16_t>(i);
    }
  return Script(target, reference, tuning, first_, next_).write(out);
}

Result<void> decode_script(std::string_view script, std::string_view reference, char* out,
                           std::size_t size) {
  ByteReader in(script);
  TALARIA_TRY_ASSIGN(auto residue_count, in.varint());
  TALARIA_TRY_ASSIGN(auto residues, in.bytes(residue_count));
  std::size_t at = 0;
  uint64_t from = 0;
  for (bool first = true; at < size; first = false) {
    TALARIA_TRY_ASSIGN(auto copied, in.varint());
    TALARIA_TRY_ASSIGN(auto missed, in.varint());
    // Only the first event may be nothing but a move: so time is bounded.
    if (copied > size - at || missed > size - at - copied || missed > residues.size() ||
        (copied + missed == 0 && !first))
      return not_a_script();
    if (copied > 0) {
      if (from > reference.size() || copied > reference.size() - from) return not_a_script();
      std::memcpy(out + at, reference.data() + from, copied);
    }
    at += copied;
    if (missed > 0) std::memcpy(out + at, residues.data(), missed);
    residues.remove_prefix(missed);
    at += missed;
    if (at == size) break;
    TALARIA_TRY_ASSIGN(auto shift, in.zigzag());
    // May lead beyond the reference in either direction: the next copy tells.
    from += copied + missed + static_cast<uint64_t>(shift);
  }
  if (!residues.empty() || in.remaining() > 0) return not_a_script();
  return {};
}

} // namespace talaria

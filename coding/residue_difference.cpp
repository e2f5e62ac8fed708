#include "coding/residue_difference.hpp"

#include "coding/edit_script.hpp"
#include "coding/hashes.hpp"
#include "coding/prefix_difference.hpp"
#include "coding/range_coder.hpp"
#include "core/endian.hpp"
#include "core/try.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <climits>
#include <cstring>

namespace talaria {

namespace {

// The first byte of a difference.
enum Method : char { plain = 0, coded = 1, script = 2 };
static_assert(Method::script == difference_by_script);

constexpr std::uint64_t every_byte = 0x0101010101010101;

// ---- Residues ----

// Bits 1 and 2 of A, C, T, G, which are all different.
constexpr unsigned base_code(char c) noexcept {
  return static_cast<unsigned>(c) >> 1 & 3;
}
constexpr std::array<char, 4> bases{'A', 'C', 'T', 'G'};

constexpr auto base_table = [] {
  std::array<bool, 256> table{};
  for (char c : bases) table[static_cast<unsigned char>(c)] = true;
  return table;
}();
constexpr bool is_base(char c) noexcept {
  return base_table[static_cast<unsigned char>(c)];
}

// Whether eight bytes are all bases: rebuilds each from its code.
constexpr bool are_bases8(std::uint64_t x) noexcept {
  const auto low = x >> 1 & every_byte;
  const auto high = x >> 2 & every_byte;
  return x == (0x41 * every_byte ^ low * 0x02 ^ high * 0x15 ^ (low & high) * 0x11);
}

// The codes of eight bases, two bits each, the first in the lowest.
constexpr std::uint64_t pack8(std::uint64_t x) noexcept {
  x = x >> 1 & 3 * every_byte;
  x = (x | x >> 6) & 0x000f000f000f000f;
  x = (x | x >> 12) & 0x000000ff000000ff;
  return (x | x >> 24) & 0xffff;
}

// Complements eight bases. Of other bytes it makes something from which the same makes them again.
constexpr std::uint64_t complement8(std::uint64_t x) noexcept {
  return x ^ 0x15 * every_byte ^ (x >> 1 & every_byte) * 0x11;
}
constexpr char complement(char c) noexcept {
  return static_cast<char>(c ^ 0x15 ^ (c >> 1 & 1) * 0x11);
}

void store8(char* out, std::uint64_t x) noexcept {
  if constexpr (std::endian::native == std::endian::big) x = __builtin_bswap64(x);
  std::memcpy(out, &x, sizeof x);
}

// Writes the complements of the `length` bytes before `source_end`, the last first.
void copy_reverse(char* out, const char* source_end, std::size_t length) noexcept {
  for (; length >= 8; length -= 8, out += 8) {
    source_end -= 8;
    store8(out, complement8(__builtin_bswap64(load_u64(source_end))));
  }
  while (length-- > 0) *out++ = complement(*--source_end);
}

// Four bases from a byte, the first in its lowest bits.
constexpr auto unpacked = [] {
  std::array<std::array<char, 4>, 256> table{};
  for (unsigned byte = 0; byte < 256; ++byte)
    for (unsigned i = 0; i < 4; ++i) table[byte][i] = bases[byte >> 2 * i & 3];
  return table;
}();

// ---- The streams of a difference ----

// What follows a run of equal residues within a copy.
enum class Event { substitution, insertion, deletion, other_residue, end };

// The probabilities of all symbols. A difference is a chain of: a gap, then, unless the target is full,
// a copy. A copy is: a place, a run of at least one residue, then events, until the target is full or an
// end.
struct Model {
  AdaptiveNumber gap;
  AdaptiveBit gap_of_bases;
  AdaptiveNumber bases_run;
  AdaptiveSymbol<8> residue;
  AdaptiveNumber residue_repeats;

  std::array<AdaptiveBit, 2> strand; // by the last strand
  AdaptiveBit far;
  AdaptiveNumber shift;

  AdaptiveNumber run;
  std::array<AdaptiveBit, 2> not_substitution;
  AdaptiveBit not_indel;
  AdaptiveBit is_deletion;
  AdaptiveBit is_end;
  std::array<std::array<AdaptiveBit, 2>, 4> base; // by the reference's
  std::array<AdaptiveNumber, 2> indel;

  void encode(RangeEncoder& coder, Event event, bool after_substitution) {
    const bool substitution = event == Event::substitution;
    coder.bit(not_substitution[after_substitution], !substitution);
    if (substitution) return;
    const bool indel_event = event == Event::insertion || event == Event::deletion;
    coder.bit(not_indel, !indel_event);
    if (indel_event)
      coder.bit(is_deletion, event == Event::deletion);
    else
      coder.bit(is_end, event == Event::end);
  }
  Event decode_event(RangeDecoder& coder, bool after_substitution) noexcept {
    if (!coder.bit(not_substitution[after_substitution])) return Event::substitution;
    if (!coder.bit(not_indel)) return coder.bit(is_deletion) ? Event::deletion : Event::insertion;
    return coder.bit(is_end) ? Event::end : Event::other_residue;
  }

  // Of the three other bases, first whether it is a transition, the most frequent one.
  void encode_base(RangeEncoder& coder, char from, char to) {
    auto& context = base[base_code(from)];
    const unsigned change = base_code(from) ^ base_code(to);
    coder.bit(context[0], change != 3);
    if (change != 3) coder.bit(context[1], change == 2);
  }
  char decode_base(RangeDecoder& coder, char from) noexcept {
    auto& context = base[base_code(from)];
    unsigned change = 3;
    if (coder.bit(context[0])) change = coder.bit(context[1]) ? 2 : 1;
    return bases[base_code(from) ^ change];
  }
};

static_assert(difference_target_max <= AdaptiveNumber::max);

// A copy may begin this near to where the last one ended; further away, its place is written as it is.
constexpr std::uint32_t near_shift = 1u << 12;

// A place is a position in the reference or in its reverse complement.
unsigned place_bits(std::size_t reference_size) noexcept {
  return static_cast<unsigned>(std::bit_width(reference_size));
}

void put_place(RangeEncoder& coder, std::uint32_t place, unsigned bits) {
  for (; bits > 16; bits -= 16) coder.uniform(place >> (bits - 16) & 0xffff, 16);
  coder.uniform(place & ((1u << bits) - 1), bits);
}
std::uint32_t get_place(RangeDecoder& coder, unsigned bits) noexcept {
  std::uint32_t place = 0;
  for (; bits > 16; bits -= 16) place = place << 16 | coder.uniform(16);
  return place << bits | coder.uniform(bits);
}

// ---- Encoding ----

constexpr std::size_t seed = 16;      // residues that must be equal for a match to be found
constexpr std::size_t seed_step = 4;  // every so many of the reference are in the table
constexpr std::size_t match_min = 24; // residues that must be equal for a copy to pay
constexpr std::size_t window = 32;    // residues by which events are judged
constexpr int certain = 4 * 26 - 20;  // what a substitution scores of which there is no doubt
constexpr std::size_t indel_max = 48;
constexpr std::size_t none = ~std::size_t{0};

std::uint64_t hash_forward(const char* p) noexcept {
  return hash_words(load_u64(p), load_u64(p + 8));
}
std::uint64_t hash_reverse(const char* p) noexcept {
  return hash_words(complement8(__builtin_bswap64(load_u64(p + 8))),
                    complement8(__builtin_bswap64(load_u64(p))));
}

// Where in the reference a seed is. Of equal seeds the first one counts: that where a run of one letter
// begins.
class SeedTable {
public:
  SeedTable(std::string_view reference, std::vector<std::uint32_t>& slots) : slots_(slots) {
    // Half full at most.
    const auto count = std::bit_ceil(std::max<std::size_t>(2 * reference.size() / seed_step, 2));
    shift_ = 64 - static_cast<unsigned>(std::bit_width(count - 1));
    slots.assign(count, 0);
    for (std::size_t i = 0; i + seed <= reference.size(); i += seed_step) {
      const auto hash = hash_forward(reference.data() + i);
      auto& slot = slots[hash >> shift_];
      if (slot == 0) slot = static_cast<std::uint32_t>(i / seed_step + 1) << tag_bits | tag(hash);
    }
  }

  // `none`, or a place where a seed of that hash most likely is.
  std::size_t find(std::uint64_t hash) const noexcept {
    const auto slot = slots_[hash >> shift_];
    if ((slot & tag_max) != tag(hash) || slot < 1u << tag_bits) return none;
    return ((slot >> tag_bits) - 1) * seed_step;
  }

private:
  static constexpr unsigned tag_bits = 8;
  static constexpr std::uint32_t tag_max = (1u << tag_bits) - 1;
  static_assert(difference_reference_max / seed_step < std::size_t{1} << (32 - tag_bits));

  // Bits that don't choose the slot.
  static std::uint32_t tag(std::uint64_t hash) noexcept {
    return static_cast<std::uint32_t>(hash >> 24) & tag_max;
  }

  const std::vector<std::uint32_t>& slots_;
  unsigned shift_;
};

// How many bytes are equal from a and b on, at most `limit`.
std::size_t equal_run(const char* a, const char* b, std::size_t limit) noexcept {
  std::size_t n = 0;
  for (; n + 8 <= limit; n += 8)
    if (const auto x = load_u64(a + n) ^ load_u64(b + n))
      return n + static_cast<std::size_t>(std::countr_zero(x)) / 8;
  while (n < limit && a[n] == b[n]) ++n;
  return n;
}

// How many of `length` bytes are equal, place by place.
std::size_t count_equal(const char* a, const char* b, std::size_t length) noexcept {
  std::size_t equal = 0;
  std::size_t n = 0;
  for (; n + 8 <= length; n += 8) {
    const auto x = load_u64(a + n) ^ load_u64(b + n);
    // The highest bit of each byte of `differs` says whether it is not zero.
    const auto differs = (((x & 0x7f * every_byte) + 0x7f * every_byte) | x) & 0x80 * every_byte;
    equal += 8 - static_cast<std::size_t>(std::popcount(differs));
  }
  for (; n < length; ++n) equal += a[n] == b[n];
  return equal;
}

// Writes one difference while it looks for it.
class Difference {
public:
  Difference(std::string_view target, std::string_view forward, std::string_view reverse,
             const SeedTable& table, std::string& packed, std::string& events)
      : target_(target),
        forward_(forward),
        reverse_(reverse),
        table_(table),
        packed_(packed),
        coder_(events) {}

  void run() {
    std::size_t gap = 0; // where it began
    std::size_t at = 0;
    while (!forward_.empty() && at + match_min <= target_.size()) {
      const auto match = find(at, gap);
      if (match.target == none) {
        ++at;
        continue;
      }
      put_gap(gap, match.target);
      gap = at = copy(match);
    }
    put_gap(gap, target_.size());
    if (pending_bits_ > 0) packed_.push_back(static_cast<char>(pending_));
    coder_.finish();
  }

private:
  struct Match {
    std::size_t target = none;
    std::size_t source = 0; // in the strand
    bool reverse = false;
  };

  std::string_view strand(bool reverse) const { return reverse ? reverse_ : forward_; }

  // A match that covers `at` and begins at `gap` or later; its target is `none` if there is none.
  Match find(std::size_t at, std::size_t gap) const {
    const char* p = target_.data() + at;
    Match match;
    if (const auto place = table_.find(hash_forward(p)); place != none)
      match = extend(at, gap, place, false);
    if (match.target != none) return match;
    if (const auto place = table_.find(hash_reverse(p)); place != none)
      match = extend(at, gap, forward_.size() - seed - place, true);
    return match;
  }

  // The seed at `at`, backwards as far as it goes; with target `none` if it is no match.
  Match extend(std::size_t at, std::size_t gap, std::size_t source, bool reverse) const {
    const auto from = strand(reverse);
    const char* t = target_.data() + at;
    const char* r = from.data() + source;
    if (load_u64(t) != load_u64(r) || load_u64(t + 8) != load_u64(r + 8)) return {};
    const auto limit = std::min({match_min, target_.size() - at, from.size() - source});
    const auto ahead = seed + equal_run(t + seed, r + seed, limit - seed);
    std::size_t behind = 0;
    const auto behind_max = std::min(at - gap, source);
    for (;;) {
      while (behind < behind_max && *(t - behind - 1) == *(r - behind - 1)) ++behind;
      // One residue that differs, if enough before it are equal.
      constexpr std::size_t enough = 12;
      const auto back = behind + 1 + enough;
      if (back > behind_max || equal_run(t - back, r - back, enough) < enough) break;
      behind = back;
    }
    if (ahead + behind < match_min) return {};
    return {at - behind, source - behind, reverse};
  }

  // Where the bases end that begin at `from`.
  std::size_t bases_end(std::size_t from, std::size_t to) const {
    while (from + 8 <= to && are_bases8(load_u64(target_.data() + from))) from += 8;
    while (from < to && is_base(target_[from])) ++from;
    return from;
  }

  void put_gap(std::size_t from, std::size_t to) {
    model_.gap.encode(coder_, static_cast<std::uint32_t>(to - from));
    if (from == to) return;
    auto run = bases_end(from, to);
    coder_.bit(model_.gap_of_bases, run != to);
    if (run == to) return put_bases(from, to);
    for (;; run = bases_end(from, to)) {
      model_.bases_run.encode(coder_, static_cast<std::uint32_t>(run - from));
      put_bases(from, run);
      if (run == to) break;
      from = run;
      while (from < to && target_[from] == target_[run]) ++from;
      model_.residue.encode(coder_, static_cast<unsigned char>(target_[run]));
      model_.residue_repeats.encode(coder_, static_cast<std::uint32_t>(from - run - 1));
      if (from == to) break;
    }
  }

  void put_bases(std::size_t from, std::size_t to) {
    const char* p = target_.data();
    for (; from + 8 <= to; from += 8) {
      pending_ |= pack8(load_u64(p + from)) << pending_bits_;
      pending_bits_ += 16;
      flush_pending();
    }
    for (; from < to; ++from) {
      pending_ |= std::uint64_t{base_code(p[from])} << pending_bits_;
      pending_bits_ += 2;
    }
    flush_pending();
  }
  void flush_pending() {
    for (; pending_bits_ >= 8; pending_bits_ -= 8, pending_ >>= 8)
      packed_.push_back(static_cast<char>(pending_));
  }

  void put_copy(const Match& match) {
    coder_.bit(model_.strand[last_.reverse], match.reverse);
    // Where the last copy would go on.
    const auto expected = static_cast<std::int64_t>(last_.source + (match.target - last_.target));
    const auto shift = zigzag_encode(static_cast<std::int64_t>(match.source) - expected);
    const bool far = match.reverse != last_.reverse || shift >= near_shift;
    if (match.reverse == last_.reverse) coder_.bit(model_.far, far);
    if (far)
      put_place(coder_, static_cast<std::uint32_t>(match.source), place_bits(forward_.size()));
    else
      model_.shift.encode(coder_, static_cast<std::uint32_t>(shift));
  }

  struct Step {
    Event event = Event::end;
    std::size_t length = 1;
  };

  // What to do where t and r differ: the event after which most of the next residues agree, for what it
  // costs to write. In quarters of an agreeing residue, which saves 2 bits.
  Step judge(const char* t, std::size_t t_left, const char* r, std::size_t r_left) const {
    const Event other = is_base(*t) && is_base(*r) ? Event::substitution : Event::other_residue;
    Step best;
    int best_score = INT_MIN;
    const auto consider = [&](Step step, std::size_t t_skip, std::size_t r_skip, int cost) {
      const auto length = std::min({window, t_left - t_skip, r_left - r_skip});
      const auto equal = count_equal(t + t_skip, r + r_skip, length);
      const auto score = 4 * static_cast<int>(equal) - cost;
      // Unrelated bases agree at every fourth place.
      if (8 * equal < 5 * length || score <= best_score) return;
      best = step;
      best_score = score;
    };
    consider({other, 1}, 1, 1, 20);
    if (best_score >= certain) return best;
    for (std::size_t d = 1; d <= indel_max; ++d) {
      if (t_left >= d + 8 && r_left >= 8 && load_u64(t + d) == load_u64(r) &&
          std::all_of(t, t + d, is_base))
        consider({Event::insertion, d}, d, 0, 24 + 4 * static_cast<int>(d));
      if (r_left >= d + 8 && t_left >= 8 && load_u64(t) == load_u64(r + d))
        consider({Event::deletion, d}, 0, d, 28);
    }
    return best;
  }

  // Writes a copy as long as it goes. Returns where it ended in the target.
  std::size_t copy(const Match& match) {
    put_copy(match);
    const auto from = strand(match.reverse);
    auto at = match.target;
    auto source = match.source;
    bool substituted = false;
    std::size_t least = 1; // residues of the next run
    for (;;) {
      const char* t = target_.data() + at;
      const char* r = from.data() + source;
      const auto run = equal_run(t, r, std::min(target_.size() - at, from.size() - source));
      model_.run.encode(coder_, static_cast<std::uint32_t>(run - least));
      at += run;
      source += run;
      if (at == target_.size()) break;
      Step step;
      if (source < from.size())
        step = judge(t + run, target_.size() - at, r + run, from.size() - source);
      model_.encode(coder_, step.event, substituted);
      substituted = step.event == Event::substitution;
      least = 1;
      switch (step.event) {
      case Event::substitution:
        model_.encode_base(coder_, from[source], target_[at]);
        ++at, ++source;
        least = 0;
        break;
      case Event::other_residue:
        model_.residue.encode(coder_, static_cast<unsigned char>(target_[at]));
        ++at, ++source;
        least = 0;
        break;
      case Event::insertion:
        model_.indel[0].encode(coder_, static_cast<std::uint32_t>(step.length - 1));
        put_bases(at, at + step.length);
        at += step.length;
        break;
      case Event::deletion:
        model_.indel[1].encode(coder_, static_cast<std::uint32_t>(step.length - 1));
        source += step.length;
        break;
      case Event::end:
        last_ = {at, source, match.reverse};
        return at;
      }
      if (at == target_.size()) break;
    }
    return at;
  }

  std::string_view target_;
  std::string_view forward_;
  std::string_view reverse_;
  const SeedTable& table_;
  std::string& packed_;
  RangeEncoder coder_;
  Model model_;
  Match last_{0, 0, false};   // where the last copy ended
  std::uint64_t pending_ = 0; // bases that don't fill a byte yet
  unsigned pending_bits_ = 0;
};

// ---- Decoding ----

tl::unexpected<Error> not_a_difference() {
  return failure(errc::damaged, "not a difference of the stated size");
}

// Bases of 2 bits.
class PackedBases {
public:
  explicit PackedBases(std::string_view bytes) : bytes_(bytes) {}

  bool take(char* out, std::size_t count) noexcept {
    if (count > 4 * bytes_.size() - at_) return false;
    for (; count > 0 && at_ % 4 != 0; --count) *out++ = one();
    const char* p = bytes_.data() + at_ / 4;
    at_ += count;
    for (; count >= 4; count -= 4, out += 4)
      std::memcpy(out, unpacked[static_cast<unsigned char>(*p++)].data(), 4);
    at_ -= count;
    for (; count > 0; --count) *out++ = one();
    return true;
  }

  bool at_end() const noexcept { return (at_ + 3) / 4 == bytes_.size(); }

private:
  char one() noexcept {
    const auto byte = static_cast<unsigned char>(bytes_[at_ / 4]);
    return unpacked[byte][at_++ % 4];
  }

  std::string_view bytes_;
  std::size_t at_ = 0;
};

class Decoder {
public:
  Decoder(std::string_view packed, std::string_view events, std::string_view reference, char* out,
          std::size_t size)
      : packed_(packed),
        coder_(events),
        reference_(reference),
        start_(out),
        out_(out),
        end_(out + size) {}

  // Every turn of a loop here and below makes at least one residue, so damage cannot make it run on.
  bool run() {
    for (;;) {
      if (!gap()) return false;
      if (out_ == end_) break;
      if (!copy()) return false;
      if (out_ == end_) break;
    }
    return coder_.at_end() && packed_.at_end();
  }

private:
  std::size_t left() const noexcept { return static_cast<std::size_t>(end_ - out_); }

  bool gap() {
    std::size_t length = model_.gap.decode(coder_);
    if (length > left()) return false;
    if (length == 0) return true;
    if (!coder_.bit(model_.gap_of_bases)) return take_bases(length);
    while (length > 0) {
      const std::size_t run = model_.bases_run.decode(coder_);
      if (run > length || !take_bases(run)) return false;
      length -= run;
      if (length == 0) break;
      const auto residue = model_.residue.decode(coder_);
      const std::size_t repeats = std::size_t{model_.residue_repeats.decode(coder_)} + 1;
      if (repeats > length) return false;
      std::memset(out_, static_cast<int>(residue), repeats);
      out_ += repeats;
      length -= repeats;
    }
    return true;
  }

  bool take_bases(std::size_t count) {
    if (!packed_.take(out_, count)) return false;
    out_ += count;
    return true;
  }

  bool copy() {
    const bool last = reverse_;
    reverse_ = coder_.bit(model_.strand[last]);
    const bool far = reverse_ != last || coder_.bit(model_.far);
    if (far) {
      source_ = get_place(coder_, place_bits(reference_.size()));
    } else {
      const auto expected = source_ + static_cast<std::size_t>(out_ - start_) - target_;
      source_ = expected + static_cast<std::size_t>(zigzag_decode(model_.shift.decode(coder_)));
    }
    // A number below zero is now a large one.
    if (source_ > reference_.size()) return false;
    bool substituted = false;
    std::size_t least = 1;
    for (;;) {
      if (!take_run(model_.run.decode(coder_) + least)) return false;
      if (out_ == end_) return true;
      const auto event = model_.decode_event(coder_, substituted);
      substituted = event == Event::substitution;
      least = 1;
      switch (event) {
      case Event::substitution:
        if (source_ == reference_.size()) return false;
        *out_ = model_.decode_base(coder_, source_base());
        ++out_, ++source_;
        least = 0;
        break;
      case Event::other_residue:
        if (source_ == reference_.size()) return false;
        *out_ = static_cast<char>(model_.residue.decode(coder_));
        ++out_, ++source_;
        least = 0;
        break;
      case Event::insertion: {
        const std::size_t length = std::size_t{model_.indel[0].decode(coder_)} + 1;
        if (length > left() || !take_bases(length)) return false;
        break;
      }
      case Event::deletion: {
        const std::size_t length = std::size_t{model_.indel[1].decode(coder_)} + 1;
        if (length > reference_.size() - source_) return false;
        source_ += length;
        break;
      }
      case Event::end:
        target_ = static_cast<std::size_t>(out_ - start_);
        return true;
      }
      if (out_ == end_) return true;
    }
  }

  char source_base() const noexcept {
    return reverse_ ? complement(reference_[reference_.size() - 1 - source_]) : reference_[source_];
  }

  bool take_run(std::size_t length) {
    if (length > left() || length > reference_.size() - source_) return false;
    if (reverse_)
      copy_reverse(out_, reference_.data() + (reference_.size() - source_), length);
    else
      std::memcpy(out_, reference_.data() + source_, length);
    out_ += length;
    source_ += length;
    return true;
  }

  PackedBases packed_;
  RangeDecoder coder_;
  std::string_view reference_;
  Model model_;
  char* start_;
  char* out_;
  char* end_;
  // Where the last copy ended.
  std::size_t source_ = 0;
  std::size_t target_ = 0;
  bool reverse_ = false;
};

} // namespace

Result<void> DifferenceEncoder::encode(std::string_view target, std::string_view reference,
                                       std::string& out) {
  if (target.size() > difference_target_max)
    return failure(errc::limit_exceeded, "a difference makes at most 256 MiB");
  if (reference.size() > difference_reference_max)
    return failure(errc::limit_exceeded, "the reference of a difference has at most 32 MiB");
  reverse_.resize(reference.size());
  copy_reverse(reverse_.data(), reference.data() + reference.size(), reference.size());
  const SeedTable table(reference, slots_);
  std::string packed;
  std::string events;
  Difference(target, reference, reverse_, table, packed, events).run();
  const auto start = out.size();
  out.push_back(static_cast<char>(Method::coded));
  put_varint(out, packed.size());
  out += packed;
  out += events;
  if (out.size() - start > target.size()) {
    out.resize(start);
    out.push_back(static_cast<char>(Method::plain));
    out += target;
  }
  return {};
}

Result<void> decode_difference(std::string_view difference, std::string_view reference, char* out,
                               std::size_t size) {
  if (size > difference_target_max || reference.size() > difference_reference_max)
    return failure(errc::damaged, "a difference beyond its limits");
  ByteReader in(difference);
  TALARIA_TRY_ASSIGN(const auto method, in.u8());
  if (method == Method::plain) {
    if (in.remaining() != size) return not_a_difference();
    TALARIA_TRY_ASSIGN(const auto bytes, in.bytes(size));
    if (size > 0) std::memcpy(out, bytes.data(), size);
    return {};
  }
  if (method == Method::script) {
    TALARIA_TRY_ASSIGN(const auto events, in.bytes(in.remaining()));
    return decode_script(events, reference, out, size);
  }
  if (method == prefix_method)
    return decode_prefix_difference(difference.substr(1), reference, out, size);
  if (method != Method::coded) return failure(errc::damaged, "a difference of an unknown method");
  TALARIA_TRY_ASSIGN(const auto packed_size, in.varint());
  TALARIA_TRY_ASSIGN(const auto packed, in.bytes(packed_size));
  TALARIA_TRY_ASSIGN(const auto events, in.bytes(in.remaining()));
  if (!Decoder(packed, events, reference, out, size).run()) return not_a_difference();
  return {};
}

} // namespace talaria

#include "coding/seeds.hpp"

#include "coding/hashes.hpp"
#include "coding/one_of.hpp"
#include "coding/similarity.hpp"
#include "core/endian.hpp"

#include <algorithm>
#include <bit>

namespace talaria {

namespace {

constexpr std::size_t window = 64; // places that are looked at together

// The rarest residue of proteins, which also changes least in evolution (Henikoff, PNAS 1992), and the
// one that most proteins begin with.
struct OfProteins {
  static constexpr std::size_t reach = 8;    // bytes from a place on that are read
  static constexpr std::size_t dense = 4096; // longer sequences are thinned

  static bool begins(const char* p) noexcept { return is_one_of<'W', 'M'>(*p); }
  static uint64_t hash(const char* p) noexcept { return (load_u64(p) << 8) * odd_a; }
};

struct OfNucleotides {
  static constexpr std::size_t reach = 16;
  static constexpr std::size_t dense = 8192;

  static bool begins(const char* p) noexcept {
    return static_cast<int>(p[0] == 'A') & static_cast<int>(p[1] == 'C') & static_cast<int>(p[3] == 'G');
  }
  static uint64_t hash(const char* p) noexcept { return hash_words(load_u64(p), load_u64(p + 8)); }
};

template <class Kind>
class SeedFinder {
public:
  SeedFinder(std::string_view sequence, Seeds& out) noexcept : sequence_(sequence), out_(out) {
    for (auto size = sequence.size(); size > Kind::dense; size /= 2) mask_ = mask_ << 1 | 1;
  }

  std::size_t find() noexcept {
    if (sequence_.size() < Kind::reach) return 0;
    auto* begin = sequence_.data();
    auto places = sequence_.size() - Kind::reach + 1;
    if (places < window) {
      for (std::size_t i = 0; i < places; ++i)
        if (Kind::begins(begin + i)) take(begin + i);
      return count_;
    }
    std::size_t at = 0;
    for (; at + window <= places && count_ < most_seeds; at += window) take_window(begin + at, 0);
    if (at < places && count_ < most_seeds) take_window(begin + places - window, window - (places - at));
    return count_;
  }

private:
  // But for the first `taken` places.
  void take_window(const char* p, std::size_t taken) noexcept {
    std::array<char, window> begins;
    for (std::size_t i = 0; i < window; ++i) begins[i] = static_cast<char>(Kind::begins(p + i));
    for (auto bits = bits_of(begins) >> taken << taken; bits != 0; bits &= bits - 1)
      if (count_ < most_seeds) take(p + std::countr_zero(bits));
  }

  // The bytes, which are 0 or 1, as bits.
  static uint64_t bits_of(const std::array<char, window>& bytes) noexcept {
    uint64_t bits = 0;
    for (std::size_t i = 0; i < window; i += 8)
      bits |= (load_u64(bytes.data() + i) * 0x0102040810204080 >> 56) << i;
    return bits;
  }

  void take(const char* p) noexcept {
    auto hash = Kind::hash(p);
    out_[count_] = static_cast<uint32_t>(hash >> 32);
    count_ += (hash >> 28 & mask_) == 0;
  }

  std::string_view sequence_;
  Seeds& out_;
  uint64_t mask_ = 0;
  std::size_t count_ = 0;
};

} // namespace

std::size_t find_seeds(std::string_view sequence, Seeds& out) noexcept {
  return is_nucleotide(sequence) ? SeedFinder<OfNucleotides>(sequence, out).find()
                                 : SeedFinder<OfProteins>(sequence, out).find();
}

} // namespace talaria

// What models that mix predictions of bits are made of (dense_codec.cpp, dense_header_codec.cpp):
// estimates that learn, and mixers, which add predictions up in the logistic domain with weights that
// learn as well (Mahoney, "Adaptive Weighing of Context Models for Lossless Data Compression", 2005).
//
// All of it is integers, so that each machine makes the same decisions. docs/format.md, "Dense".
#pragma once

#include "coding/range_coder.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace talaria {

constexpr int probability_one = 4096;
constexpr int stretch_max = 2047;

// exp(x) for 0 <= x <= 8, by its series: the same on each machine, as a library's need not be.
constexpr double exponential(double x) {
  double term = 1;
  double sum = 1;
  for (int i = 1; i < 64; ++i) {
    term *= x / i;
    sum += term;
  }
  return sum;
}

// squash[x + 2048] = 4096 / (1 + exp(-x / 256)), rounded, within 1 .. 4095.
inline constexpr std::size_t squash_middle = 2048; // the place of x = 0
inline constexpr auto squash_table = [] {
  std::array<std::int16_t, 4096> table{};
  for (std::size_t x = 0; x < squash_middle; ++x) {
    auto e = exponential(static_cast<double>(x) / 256.0);
    auto halves = static_cast<int>(2 * probability_one * (e / (1 + e)));
    auto high = std::clamp((halves + 1) / 2, 1, probability_one - 1);
    table[squash_middle + x] = static_cast<std::int16_t>(high);
    if (x > 0) table[squash_middle - x] = static_cast<std::int16_t>(probability_one - high);
  }
  table[0] = 1;
  return table;
}();

inline int squash(int x) noexcept {
  auto place = std::clamp(x, -stretch_max, stretch_max) + static_cast<int>(squash_middle);
  return squash_table[static_cast<std::uint16_t>(place)];
}

// The least x whose squash is p or more.
inline constexpr auto stretch_table = [] {
  std::array<std::int16_t, 4096> table{};
  std::size_t place = squash_middle - stretch_max;
  int p = 0;
  for (auto& x : table) {
    while (place < squash_middle + stretch_max && squash_table[place] < p) ++place;
    x = static_cast<std::int16_t>(static_cast<int>(place) - static_cast<int>(squash_middle));
    ++p;
  }
  return table;
}();

// rate[n] = 65536 / (n + 1.5), rounded down.
inline constexpr auto estimate_rates = [] {
  std::array<std::uint16_t, 256> table{};
  for (unsigned n = 0; n < 256; ++n) table[n] = static_cast<std::uint16_t>(131072 / (2 * n + 3));
  return table;
}();

// The probability of a one, learnt from the bits seen.
struct Estimate {
  std::uint16_t one = 32768; // in 2^16ths
  std::uint16_t seen = 0;

  int stretch() const noexcept { return stretch_table[one >> 4]; }
  void learn(int bit, std::uint16_t seen_max) noexcept {
    auto distance = bit != 0 ? 65535 - one : -static_cast<int>(one);
    one = static_cast<std::uint16_t>(
        one + ((distance * static_cast<std::int64_t>(estimate_rates[seen])) >> 16));
    if (seen < seen_max) ++seen;
  }
};

// Inputs of a mixer: predictions, one that is always there, and zeros.
inline constexpr std::size_t mixer_lanes = 16;
using Inputs = std::array<std::int16_t, mixer_lanes>;

// Weights of 2^13ths for each of the sets; they learn the faster the smaller `shift` is.
template <int shift>
class Mixer {
public:
  Mixer(std::size_t sets, const Inputs& first) : first_(first), weights_(sets * mixer_lanes) {}

  void reset() {
    for (std::size_t i = 0; i < weights_.size(); ++i) weights_[i] = first_[i % mixer_lanes];
  }
  int mix(const Inputs& in, std::size_t set) noexcept {
    set_ = &weights_[set * mixer_lanes];
    int sum = 0;
    for (std::size_t k = 0; k < mixer_lanes; ++k) sum += in[k] * set_[k];
    sum_ = sum >> 13;
    return sum_;
  }
  void learn(const Inputs& in, int bit) noexcept {
    auto error = static_cast<std::int16_t>(((bit << 12) - squash(sum_)) * 8 - (bit << 3));
    for (std::size_t k = 0; k < mixer_lanes; ++k) {
      auto weight = set_[k] + ((in[k] * error + (1 << (shift - 1))) >> shift);
      set_[k] = static_cast<std::int16_t>(std::clamp(weight, -32768, 32767));
    }
  }

private:
  Inputs first_;
  std::vector<std::int16_t> weights_;
  std::int16_t* set_ = nullptr;
  int sum_ = 0;
};

// Of both directions, for models that are the same in both: codes a bit that is a one with a probability
// of `one` 2^16ths (neither 0 nor 65536), and answers it. Only an encoder needs to know what is wanted.
struct MixedEncoder {
  RangeEncoder coder;
  int bit(int one, int wanted) {
    coder.bit_of(static_cast<std::uint32_t>(65536 - one), wanted != 0);
    return wanted;
  }
};
struct MixedDecoder {
  RangeDecoder coder;
  int bit(int one, int) noexcept {
    return coder.bit_of(static_cast<std::uint32_t>(65536 - one)) ? 1 : 0;
  }
};

} // namespace talaria

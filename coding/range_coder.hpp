// Adaptive binary range coding: what a difference is written with. The coder is that of LZMA (Martin,
// "Range encoding", 1979, with carries); the probabilities are Krichevsky-Trofimov estimates that turn
// into moving averages. Fast enough where symbols are rare, as those of differences are.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace talaria {

// The probability of a zero, learnt from the bits seen so far.
class AdaptiveBit {
public:
  constexpr AdaptiveBit() = default;
  // Begins as if a share of `zero` had been zeros in `seen` bits.
  constexpr AdaptiveBit(double zero, unsigned seen) noexcept
      : zero_(static_cast<std::uint16_t>(zero * 65536)), seen_(static_cast<std::uint16_t>(seen)) {}

  // In 2^16ths; never so near 0 or 1 that a bit could not be coded.
  std::uint32_t zero() const noexcept { return zero_; }

  void learn(bool bit) noexcept {
    const std::int32_t goal = bit ? lowest : highest;
    zero_ = static_cast<std::uint16_t>(zero_ + ((goal - zero_) * rate[seen_] >> rate_bits));
    seen_ = static_cast<std::uint16_t>(seen_ + (seen_ < seen_max));
  }

private:
  static constexpr std::int32_t lowest = 64;
  static constexpr std::int32_t highest = 65536 - lowest;
  static constexpr unsigned rate_bits = 14;
  static constexpr std::size_t seen_max = 254;
  static constexpr auto rate = [] {
    std::array<std::int32_t, seen_max + 1> table{};
    for (std::size_t n = 0; n <= seen_max; ++n)
      table[n] = static_cast<std::int32_t>((1u << rate_bits) / (n + 2));
    return table;
  }();

  std::uint16_t zero_ = 1u << 15;
  std::uint16_t seen_ = 0;
};

// Appends bits to a string. finish() must be the last call.
class RangeEncoder {
public:
  explicit RangeEncoder(std::string& out) : out_(out), start_(out.size()) {}

  void bit(AdaptiveBit& model, bool value) {
    bit_of(model.zero(), value);
    model.learn(value);
  }

  // A bit that is a zero with a probability of `zero` 2^16ths, which is neither 0 nor 65536.
  void bit_of(std::uint32_t zero, bool value) {
    const std::uint32_t split = (range_ >> 16) * zero;
    if (value) {
      add(split);
      range_ -= split;
    } else {
      range_ = split;
    }
    normalise();
  }

  // The lowest `count` bits of `value`, at most 16, all equally likely.
  void uniform(std::uint32_t value, unsigned count) {
    range_ >>= count;
    add(value * range_);
    normalise();
  }

  // Of all numbers in the final interval the one with most zeros at its end, which a decoder makes up.
  void finish() {
    for (unsigned zeros = 32; zeros-- > 0;) {
      const std::uint64_t top = std::uint64_t{low_} + range_ - 1;
      const std::uint64_t number = top >> zeros << zeros;
      if (number < low_) continue;
      if (number >> 32) carry();
      low_ = static_cast<std::uint32_t>(number);
      break;
    }
    for (int i = 0; i < 4; ++i) put();
    while (out_.size() > start_ && out_.back() == 0) out_.pop_back();
  }

private:
  void add(std::uint32_t value) {
    low_ += value;
    if (low_ < value) carry();
  }
  void carry() {
    auto at = out_.end();
    while (static_cast<unsigned char>(++*--at) == 0) {
    }
  }
  void put() {
    out_.push_back(static_cast<char>(low_ >> 24));
    low_ <<= 8;
  }
  void normalise() {
    while (range_ < 1u << 24) {
      put();
      range_ <<= 8;
    }
  }

  std::string& out_;
  std::size_t start_;
  std::uint32_t low_ = 0;
  std::uint32_t range_ = ~std::uint32_t{0};
};

// Reads what RangeEncoder wrote. Bytes that no encoder makes give bits that mean nothing, never an
// access outside of the bytes; behind their end it reads zeros for ever, so callers bound what they ask
// for.
class RangeDecoder {
public:
  explicit RangeDecoder(std::string_view bytes) noexcept
      : next_(bytes.data()), end_(bytes.data() + bytes.size()) {
    for (int i = 0; i < 4; ++i) code_ = code_ << 8 | get();
  }

  bool bit(AdaptiveBit& model) noexcept {
    const bool value = bit_of(model.zero());
    model.learn(value);
    return value;
  }

  bool bit_of(std::uint32_t zero) noexcept {
    const std::uint32_t split = (range_ >> 16) * zero;
    const bool value = code_ >= split;
    if (value) {
      code_ -= split;
      range_ -= split;
    } else {
      range_ = split;
    }
    normalise();
    return value;
  }

  std::uint32_t uniform(unsigned count) noexcept {
    range_ >>= count;
    const std::uint32_t value = std::min(code_ / range_, (1u << count) - 1);
    code_ -= value * range_;
    normalise();
    return value;
  }

  // Whether all bytes have been read, as they have after the last bit.
  bool at_end() const noexcept { return next_ == end_; }

private:
  std::uint32_t get() noexcept { return next_ == end_ ? 0 : static_cast<unsigned char>(*next_++); }
  void normalise() noexcept {
    while (range_ < 1u << 24) {
      code_ = code_ << 8 | get();
      range_ <<= 8;
    }
  }

  const char* next_;
  const char* end_;
  std::uint32_t code_ = 0;
  std::uint32_t range_ = ~std::uint32_t{0};
};

// A symbol of `bits` bits, each coded in the context of those before it.
template <unsigned bits>
class AdaptiveSymbol {
public:
  void encode(RangeEncoder& coder, unsigned value) {
    unsigned node = 1;
    for (unsigned i = bits; i-- > 0;) {
      const bool bit = value >> i & 1;
      coder.bit(nodes_[node], bit);
      node = node << 1 | bit;
    }
  }
  unsigned decode(RangeDecoder& coder) noexcept {
    unsigned node = 1;
    for (unsigned i = 0; i < bits; ++i) node = node << 1 | coder.bit(nodes_[node]);
    return node - (1u << bits);
  }

private:
  std::array<AdaptiveBit, std::size_t{1} << bits> nodes_;
};

// A number below 2^31: its width as a symbol, then its highest bits in the context of the width (which
// is what makes the steps of the widths invisible), the rest as they are. Near the entropy for lengths
// that are spread as exponential, normal or power laws are.
class AdaptiveNumber {
public:
  static constexpr std::uint32_t max = (std::uint32_t{1} << 31) - 1;

  // Numbers within a width are spread nearly evenly, the small ones a little more frequent.
  AdaptiveNumber() {
    for (auto& nodes : high_) nodes.fill(AdaptiveBit(0.53, 16));
  }

  void encode(RangeEncoder& coder, std::uint32_t value) {
    ++value;
    const auto width = static_cast<unsigned>(std::bit_width(value | 1)) - 1; // 0 is none
    width_.encode(coder, width);
    unsigned left = width;
    unsigned node = 1;
    for (unsigned i = 0; i < modelled && left > 0; ++i) {
      const bool bit = value >> --left & 1;
      coder.bit(high_[width][node], bit);
      node = node << 1 | bit;
    }
    for (; left > 16; left -= 16) coder.uniform(value >> (left - 16) & 0xffff, 16);
    if (left > 0) coder.uniform(value & ((1u << left) - 1), left);
  }

  std::uint32_t decode(RangeDecoder& coder) noexcept {
    const unsigned width = width_.decode(coder);
    unsigned left = width;
    unsigned node = 1;
    std::uint32_t value = 1;
    for (unsigned i = 0; i < modelled && left > 0; ++i, --left) {
      const bool bit = coder.bit(high_[width][node]);
      node = node << 1 | bit;
      value = value << 1 | bit;
    }
    for (; left > 16; left -= 16) value = value << 16 | coder.uniform(16);
    if (left > 0) value = value << left | coder.uniform(left);
    return value - 1;
  }

private:
  static constexpr unsigned modelled = 2;
  AdaptiveSymbol<5> width_;
  std::array<std::array<AdaptiveBit, std::size_t{1} << modelled>, 32> high_;
};

} // namespace talaria

// The words of header lines, as their codec sees them. docs/format.md, "Coded headers".
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace talaria {

inline constexpr std::size_t header_word_max = 48; // bytes

// The digits at the end of a word are its number, at most so many.
inline constexpr unsigned header_digits_max = 9;

enum class ByteClass : std::uint8_t { digit, upper, lower, other };

inline constexpr auto byte_classes = [] {
  std::array<ByteClass, 256> classes{};
  for (unsigned c = 0; c < 256; ++c)
    classes[c] = c >= '0' && c <= '9'                ? ByteClass::digit
                 : c >= 'A' && c <= 'Z'              ? ByteClass::upper
                 : (c >= 'a' && c <= 'z') || c > 127 ? ByteClass::lower
                                                     : ByteClass::other;
  return classes;
}();

inline ByteClass class_of(char c) noexcept {
  return byte_classes[static_cast<unsigned char>(c)];
}

struct HeaderWord {
  std::uint32_t offset = 0; // in the text
  std::uint32_t value = 0;  // of its number
  std::uint8_t length = 0;
  std::uint8_t shape = 0;
  std::uint8_t digits = 0; // of its number
};

// A word of 1 to header_word_max bytes.
inline HeaderWord describe_word(const char* text, std::size_t offset, std::size_t length) noexcept {
  HeaderWord word;
  const char* p = text + offset;
  word.offset = static_cast<std::uint32_t>(offset);
  word.length = static_cast<std::uint8_t>(length);
  const auto first = static_cast<std::uint32_t>(static_cast<unsigned char>(p[0]));
  const auto next = static_cast<std::uint32_t>(length > 1 ? class_of(p[1]) : ByteClass::other);
  const auto last = static_cast<std::uint32_t>(class_of(p[length - 1]));
  word.shape = static_cast<std::uint8_t>(((first * 4 + next) * 4 + last) * 0x9E3779B1u >> 24);
  std::uint32_t scale = 1;
  while (word.digits < header_digits_max && word.digits < length &&
         class_of(p[length - 1 - word.digits]) == ByteClass::digit) {
    word.value += scale * static_cast<std::uint32_t>(p[length - 1 - word.digits] - '0');
    scale *= 10;
    ++word.digits;
  }
  return word;
}

// Writes a number with `digits` digits or more at `out`, at most 10; returns how many.
inline std::size_t write_digits(std::uint32_t value, unsigned digits, char* out) noexcept {
  std::array<char, 10> reversed;
  unsigned n = 0;
  for (; value != 0 || n < digits; value /= 10) reversed[n++] = static_cast<char>('0' + value % 10);
  for (unsigned i = 0; i < n; ++i) out[i] = reversed[n - 1 - i];
  return n;
}

// The words of a text whose number the fresh ones among them refer to, and like which they begin.
class WordPlaces {
public:
  static constexpr std::uint32_t none = 0xffffffff;

  void clear() noexcept {
    models_.fill(none);
    last_ = last_number_ = none;
    shape_ = 0;
  }

  // The last fresh word that followed one of the shape of the last word; the last word; the last one
  // with a number. `none` before there is any.
  std::uint32_t model() const noexcept { return models_[shape_]; }
  std::uint32_t last() const noexcept { return last_; }
  std::uint32_t last_number() const noexcept { return last_number_; }

  void add_fresh(const HeaderWord& word, std::uint32_t id) noexcept {
    models_[shape_] = id;
    add(word, id);
  }
  void add(const HeaderWord& word, std::uint32_t id) noexcept {
    last_ = id;
    shape_ = word.shape;
    last_number_ = word.digits != 0 ? id : last_number_;
  }

private:
  std::array<std::uint32_t, 256> models_{};
  std::uint32_t last_ = none;
  std::uint32_t last_number_ = none;
  std::uint8_t shape_ = 0;
};

// How a word is spelled, as the byte that says so.
namespace spelling {
inline constexpr unsigned from_last = 64;   // like the last word or number, else like the model
inline constexpr unsigned all_digits = 128; // what follows is digits only
inline constexpr unsigned low_bits = 63;    // equal bytes at the beginning, at most header_word_max; or
inline constexpr unsigned step = 56;        // plus the bytes of the step to a greater number, 0 to 4
inline constexpr unsigned step_bytes_max = 4;
} // namespace spelling

// Codes of words: 0 is a fresh word, then so many words of the dictionary have one byte, two, or three.
namespace word_code {
inline constexpr std::uint32_t two_bytes = 192;   // the first byte is this or more
inline constexpr std::uint32_t three_bytes = 255; // the first byte
inline constexpr std::uint32_t in_one = two_bytes - 1;
inline constexpr std::uint32_t in_two = (three_bytes - two_bytes) << 8;
inline constexpr std::uint32_t in_three = 1u << 16;
inline constexpr std::uint32_t words_max = in_one + in_two + in_three;
} // namespace word_code

// What the bytes of coded headers consist of, in this order.
enum HeaderStream : std::uint32_t { codes, spellings, lengths, letters, digits, low_steps, high_steps };
inline constexpr std::size_t header_stream_count = 7;

} // namespace talaria

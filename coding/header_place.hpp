// Where in a header line one is: in which field and which word, what stands before, and what stands in
// the same place of the line above. What a model of header lines predicts from; docs/format.md, "Dense
// headers".
#pragma once

#include "coding/hashes.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace talaria {

// Of contexts, in one number. Not the hash of anything outside of the codec.
inline std::uint64_t mixed_hash(std::uint64_t a, std::uint64_t b) noexcept {
  const std::uint64_t x = (a ^ b * odd_b) * odd_a;
  return x ^ x >> 29;
}

// Follows a text of lines byte by byte. The text begins with an LF in front of the first line, and
// places count from there.
class HeaderPlace {
public:
  // Of fields: what they began with.
  static constexpr std::size_t key_count = 128;

  // `text` must hold what was passed, and stay.
  void begin(const std::uint8_t* text) noexcept {
    *this = HeaderPlace();
    text_ = text;
    at = 1;
    begin_line();
  }

  // Of the next byte.
  std::size_t at = 0;
  unsigned key = 0;         // of its field
  unsigned word_number = 0; // in the field
  std::size_t word = 0;     // where the word began, with its separators
  std::size_t letters = 0;  // where the last separator ended

  // Hashes.
  std::uint64_t part = 0;                // of the word so far, with its separators
  std::array<std::uint64_t, 2> before{}; // of the last two words before
  std::uint64_t field = 0;               // of the field so far
  std::uint64_t field_before = 0;        // of the field before
  std::uint64_t lead = 0;                // of the word before the first space of the line

  bool as_above = false;  // the word so far is that above
  bool as_before = false; // its letters so far are those of the word before

  bool has_above() const noexcept { return above_ != 0; }
  // The byte `further` places behind that above the next one, but none behind the word above; 0 if there
  // is none.
  std::uint8_t above(std::size_t further = 0) const noexcept {
    return has_above() ? text_[std::min(above_ + (at - word) + further, above_end_)] : std::uint8_t{0};
  }
  // What follows in the word before, if that is as this one so far: a byte, or -1.
  int repeated() const noexcept {
    const std::size_t place = letters_before_ + (at - letters);
    return as_before && letters_before_ >= line_ && place <= word && place < at ? text_[place] : -1;
  }

  // The next byte is the one at `at`.
  void pass() noexcept {
    const std::uint8_t byte = text_[at];
    const bool in = is_in_word(at);
    if (has_above() && (above_ + (at - word) > above_end_ || above() != byte)) as_above = false;
    if (!in && in_word_) begin_word(byte);
    if (in) {
      as_before = as_before && repeated() == byte;
    } else {
      letters = at + 1;
      as_before = true;
    }
    in_word_ = in;
    part = mixed_hash(part, byte + 1u);
    field = mixed_hash(field, byte + 1u);
    ++at;
    find_field(byte);
  }

private:
  enum Key : unsigned { line = 1, first_space = 2, bracket = 3, bars = 8, names = 16 };
  static constexpr unsigned most_bars = 7;
  static constexpr std::size_t longest_name = 8;
  static constexpr std::size_t longest_word = 64; // further is not looked for the end of a word above

  static bool is_letter(std::uint8_t c) noexcept {
    return static_cast<std::uint8_t>((c | 0x20) - 'a') < 26 || c > 127;
  }
  bool is_in_word(std::size_t place) const noexcept {
    const std::uint8_t c = text_[place];
    return is_letter(c) || static_cast<std::uint8_t>(c - '0') < 10 ||
           ((c == ':' || c == '.') && is_letter(text_[place - 1]));
  }

  // Separators, then letters and digits, from `place` on.
  std::size_t end_of_word(std::size_t place) const noexcept {
    const std::size_t last = std::min(place + longest_word, at);
    while (place < last && text_[place] != '\n' && !is_in_word(place)) ++place;
    while (place < last && is_in_word(place)) ++place;
    return place;
  }

  void begin_word(std::uint8_t byte) noexcept {
    before = {part, before[0]};
    part = 0;
    letters_before_ = letters;
    word = at;
    ++word_number;
    if (!has_above()) return;
    above_ = above_end_;
    if (text_[above_] != '\n') above_end_ = end_of_word(above_);
    as_above = text_[above_] == byte;
  }

  void find_field(std::uint8_t byte) noexcept {
    switch (byte) {
    case '\n':
      return begin_line();
    case '|':
      bars_ = std::min(bars_ + 1, most_bars);
      return begin_field(Key::bars + bars_, field);
    case '[':
      return begin_field(Key::bracket, field);
    case ' ':
      field_at_space_ = field;
      if (had_space_) return;
      had_space_ = true;
      lead = before[0];
      return begin_field(Key::first_space, field);
    case '=':
      if (const unsigned name = name_before(); name != 0) begin_field(name, field_at_space_);
      return;
    default:
      return;
    }
  }

  // The key of a name in capitals behind a space, as of `OS=`; 0 if there is none before the `=`.
  unsigned name_before() const noexcept {
    std::uint64_t hash = 0;
    std::size_t first = at - 1;
    while (at - 1 - first < longest_name && text_[first - 1] >= 'A' && text_[first - 1] <= 'Z')
      hash = mixed_hash(hash, text_[--first]);
    if (first == at - 1 || text_[first - 1] != ' ') return 0;
    return Key::names + static_cast<unsigned>(hash % (key_count - Key::names));
  }

  void begin_line() noexcept {
    above_fields_ = fields_;
    fields_ = {};
    line_ = at;
    bars_ = 0;
    had_space_ = false;
    lead = 0;
    before = {};
    letters_before_ = at;
    begin_field(Key::line, 0);
  }

  void begin_field(unsigned its_key, std::uint64_t the_one_before) noexcept {
    field_before = the_one_before;
    key = its_key;
    field = 0;
    word_number = 0;
    part = 0;
    word = letters = at;
    in_word_ = false;
    as_before = true;
    if (fields_[key] == 0) fields_[key] = static_cast<std::uint32_t>(at);
    above_ = above_fields_[key];
    above_end_ = has_above() ? end_of_word(above_) : 0;
    as_above = has_above();
  }

  const std::uint8_t* text_ = nullptr;
  bool in_word_ = false;
  bool had_space_ = false;
  unsigned bars_ = 0;
  std::size_t line_ = 0;
  std::size_t letters_before_ = 0; // of the word before
  std::size_t above_ = 0;          // the word above; 0: none
  std::size_t above_end_ = 0;
  std::uint64_t field_at_space_ = 0; // at the last space
  // Where the first field of each key began, in this line and that above; 0: nowhere.
  std::array<std::uint32_t, key_count> fields_{};
  std::array<std::uint32_t, key_count> above_fields_{};
};

} // namespace talaria

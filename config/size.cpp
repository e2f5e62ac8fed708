#include "config/size.hpp"

#include <algorithm>
#include <array>

namespace talaria {

namespace {

struct Unit {
  std::string_view name; // in lower case
  uint64_t bytes;
};

constexpr std::array units{Unit{"", 1},
                           Unit{"b", 1},
                           Unit{"kb", 1000},
                           Unit{"mb", 1'000'000},
                           Unit{"gb", 1'000'000'000},
                           Unit{"tb", 1'000'000'000'000},
                           Unit{"pb", 1'000'000'000'000'000},
                           Unit{"kib", uint64_t{1} << 10},
                           Unit{"mib", uint64_t{1} << 20},
                           Unit{"gib", uint64_t{1} << 30},
                           Unit{"tib", uint64_t{1} << 40},
                           Unit{"pib", uint64_t{1} << 50}};

constexpr bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
constexpr bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

std::optional<uint64_t> unit_of(std::string_view name) {
  std::string lower(name);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; });
  for (const auto& unit : units)
    if (unit.name == lower) return unit.bytes;
  return std::nullopt;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

std::string_view take_digits(std::string_view& text) {
  const auto end = std::find_if_not(text.begin(), text.end(), is_digit);
  const auto digits = text.substr(0, static_cast<std::size_t>(end - text.begin()));
  text.remove_prefix(digits.size());
  return digits;
}

// The decimal number without its point, and the power of ten that the point divides it by.
struct Decimal {
  uint64_t digits = 0;
  uint64_t divisor = 1;
};

std::optional<Decimal> take_decimal(std::string_view& text) {
  Decimal number;
  auto add = [&](std::string_view digits) {
    for (const char c : digits)
      if (__builtin_mul_overflow(number.digits, uint64_t{10}, &number.digits) ||
          __builtin_add_overflow(number.digits, static_cast<uint64_t>(c - '0'), &number.digits))
        return false;
    return true;
  };
  const auto whole = take_digits(text);
  if (whole.empty() || !add(whole)) return std::nullopt;
  if (text.empty() || text.front() != '.') return number;
  text.remove_prefix(1);
  const auto fraction = take_digits(text);
  if (fraction.empty() || !add(fraction)) return std::nullopt;
  for (std::size_t i = 0; i < fraction.size(); ++i)
    if (__builtin_mul_overflow(number.divisor, uint64_t{10}, &number.divisor)) return std::nullopt;
  return number;
}

} // namespace

std::optional<uint64_t> parse_size(std::string_view text) {
  text = trimmed(text);
  const auto number = take_decimal(text);
  const auto unit = unit_of(trimmed(text));
  if (!number || !unit) return std::nullopt;
  __extension__ using Wide = unsigned __int128;
  const Wide scaled = Wide{number->digits} * *unit;
  if (scaled % number->divisor != 0) return std::nullopt;
  const Wide bytes = scaled / number->divisor;
  if (bytes > UINT64_MAX) return std::nullopt;
  return static_cast<uint64_t>(bytes);
}

std::string format_size(uint64_t bytes) {
  constexpr std::array names{"", "KiB", "MiB", "GiB", "TiB", "PiB"};
  std::size_t unit = 0;
  while (unit + 1 < names.size() && bytes != 0 && bytes % 1024 == 0) {
    bytes /= 1024;
    ++unit;
  }
  return std::to_string(bytes) + names[unit];
}

} // namespace talaria

#include "backends/object_name.hpp"

#include <algorithm>
#include <string>

namespace talaria {

namespace {

constexpr bool is_name_character(char c) noexcept {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '_' || c == '-';
}

// A refused name in a message: cut short, and with nothing that could garble a terminal.
std::string quoted(std::string_view name) {
  std::string text = "'";
  for (char c : name.substr(0, 80)) text += c >= ' ' && c <= '~' ? c : '?';
  return text + (name.size() > 80 ? "...'" : "'");
}

} // namespace

bool is_name_part(std::string_view part) noexcept {
  return !part.empty() && part.size() <= name_part_max && part.front() != '.' &&
         std::all_of(part.begin(), part.end(), is_name_character);
}

bool is_object_name(std::string_view name) noexcept {
  if (name.size() > object_name_max || name == "refs" || name.starts_with("refs/")) return false;
  for (;;) {
    const auto slash = name.find('/');
    if (!is_name_part(name.substr(0, slash))) return false;
    if (slash == std::string_view::npos) return true;
    name.remove_prefix(slash + 1);
  }
}

Result<void> check_object_name(std::string_view name) {
  if (is_object_name(name)) return {};
  return failure(errc::invalid_argument, "no object can be named " + quoted(name));
}

Result<void> check_single_name(std::string_view what, std::string_view name) {
  if (is_name_part(name)) return {};
  return failure(errc::invalid_argument, "no " + std::string(what) + " can be named " + quoted(name));
}

Result<void> check_ref_value(std::string_view ref, std::string_view value) {
  if (value.size() <= ref_value_max) return {};
  return failure(errc::limit_exceeded, "ref " + std::string(ref) + ": a value of " +
                                           std::to_string(value.size()) + " bytes, where at most " +
                                           std::to_string(ref_value_max) + " are possible");
}

Result<void> check_range(std::string_view name, std::uint64_t offset, std::uint64_t length,
                         std::uint64_t size) {
  if (offset <= size && length <= size - offset) return {};
  return failure(errc::damaged, std::string(name) + ": " + std::to_string(length) + " bytes from " +
                                    std::to_string(offset) + " on, but it has only " +
                                    std::to_string(size));
}

} // namespace talaria

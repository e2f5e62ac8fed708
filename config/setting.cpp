#include "config/setting.hpp"

#include "coding/codec.hpp"
#include "config/size.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace talaria {

namespace {

template <class T>
bool read_number(std::string_view text, T& out) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return false;
  out = value;
  return true;
}

bool read_size(std::string_view text, uint64_t& out) {
  const auto size = parse_size(text);
  if (size) out = *size;
  return size.has_value();
}

bool read_seconds(std::string_view text, std::chrono::milliseconds& out) {
  constexpr double longest = 365.0 * 24 * 3600;
  double seconds = 0;
  if (!read_number(text, seconds) || !std::isfinite(seconds) || seconds < 0 || seconds > longest)
    return false;
  out = std::chrono::milliseconds(std::llround(seconds * 1000));
  return true;
}

bool read_codec(std::string_view text, std::string& out) {
  if (!codec_from_name(text)) return false;
  out = text;
  return true;
}

constexpr std::array settings_table{
    Setting{"threads", "a whole number from 0 (one for each core) to 1024",
            [](Settings& s, std::string_view text) { return read_number(text, s.threads); }},
    Setting{"memory", "a size of at least 128MiB, as 1GiB",
            [](Settings& s, std::string_view text) { return read_size(text, s.memory); }},
    Setting{"cache", "a size, as 384MiB, or 0 for three eighths of the memory",
            [](Settings& s, std::string_view text) { return read_size(text, s.cache); }},
    Setting{"block_size", "a size from 4KiB to 4MiB, as 64KiB",
            [](Settings& s, std::string_view text) { return read_size(text, s.block_size); }},
    Setting{"pack_size", "a size from 1MiB to 1GiB, as 64MiB",
            [](Settings& s, std::string_view text) { return read_size(text, s.pack_size); }},
    Setting{"page_chain", "a whole number from 0 (no differences) to 64",
            [](Settings& s, std::string_view text) { return read_number(text, s.page_chain); }},
    Setting{"codec", "zstd, lz4, gzip, dense or none",
            [](Settings& s, std::string_view text) { return read_codec(text, s.codec); }},
    Setting{"level", "a whole number: -7 to 22 for zstd, 1 to 12 for lz4, 0 to 3 for gzip",
            [](Settings& s, std::string_view text) { return read_number(text, s.level); }},
    Setting{"delta_depth", "a whole number from 0 (no differences) to 32",
            [](Settings& s, std::string_view text) { return read_number(text, s.delta_depth); }},
    Setting{"lock_wait", "a number of seconds from 0 to a year, as 30 or 0.5",
            [](Settings& s, std::string_view text) { return read_seconds(text, s.lock_wait); }},
};

// Whether the value is in the range of its setting, whatever the others are. The default codec takes the
// widest range of levels.
bool in_range(const Setting& setting, std::string_view text) {
  Settings alone;
  return setting.read(alone, text) && (setting.key == "codec" || alone.check());
}

} // namespace

std::span<const Setting> all_settings() {
  return settings_table;
}

const Setting* find_setting(std::string_view key) {
  const auto* found = std::find_if(settings_table.begin(), settings_table.end(),
                                   [&](const Setting& setting) { return setting.key == key; });
  return found == settings_table.end() ? nullptr : found;
}

Result<void> change_setting(Settings& settings, const Setting& setting, std::string_view text) {
  if (in_range(setting, text) && setting.read(settings, text)) return {};
  return failure(errc::invalid_argument, std::string(setting.key) + ": '" + std::string(text) +
                                             "' is not usable; right would be " +
                                             std::string(setting.right));
}

} // namespace talaria

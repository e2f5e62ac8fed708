// The settings by name: one table for the configuration file, the environment and the command line.
#pragma once

#include "talaria/settings.hpp"

#include <span>
#include <string>
#include <string_view>

namespace talaria {

struct Setting {
  std::string_view key;   // as in the file: "block_size"
  std::string_view right; // what a right value is: "a size from 4KiB to 4MiB, as 64KiB"

  // Reads a value into the settings; false if the text isn't one. What it isn't asked about stays.
  bool (*read)(Settings& settings, std::string_view text);
};

// All of them, in the order of the documentation.
std::span<const Setting> all_settings();

// The setting of that name, or null.
const Setting* find_setting(std::string_view key);

// Gives one setting a new value. errc::invalid_argument, "memory: 'x' is not usable; right would be
// ...", if it has the wrong form or range; then the settings are as before. What depends on several
// settings together (the level on the codec) is for Settings::check().
Result<void> change_setting(Settings& settings, const Setting& setting, std::string_view text);

} // namespace talaria

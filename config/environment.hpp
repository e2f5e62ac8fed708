// Settings from environment variables: TALARIA_ and the key in capitals, as TALARIA_BLOCK_SIZE.
#pragma once

#include "talaria/settings.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace talaria {

// The value of an environment variable, if it is set.
using Environment = std::function<std::optional<std::string>(const std::string& name)>;

// The environment of this process. Not safe while another thread changes it.
std::optional<std::string> process_environment(const std::string& name);

// "TALARIA_BLOCK_SIZE" for "block_size".
std::string environment_name(std::string_view key);

// `base` with what the environment sets; a variable that is empty sets nothing. errc::invalid_argument
// names the variable and what would be right.
Result<Settings> settings_from_environment(Settings base,
                                           const Environment& environment = process_environment);

} // namespace talaria

#include "config/environment.hpp"

#include "config/setting.hpp"

#include <cstdlib>

namespace talaria {

std::optional<std::string> process_environment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  if (!value) return std::nullopt;
  return value;
}

std::string environment_name(std::string_view key) {
  std::string name = "TALARIA_";
  for (const char c : key) name += c >= 'a' && c <= 'z' ? static_cast<char>(c - ('a' - 'A')) : c;
  return name;
}

Result<Settings> settings_from_environment(Settings base, const Environment& environment) {
  for (const auto& setting : all_settings()) {
    const auto name = environment_name(setting.key);
    const auto value = environment(name);
    if (!value || value->empty()) continue;
    if (auto changed = change_setting(base, setting, *value); !changed)
      return tl::unexpected(changed.error().within("environment variable " + name));
  }
  return base;
}

} // namespace talaria

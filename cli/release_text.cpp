#include "cli/release_text.hpp"

#include "cli/text.hpp"

#include <nlohmann/json.hpp>

namespace talaria::cli {

Result<ReleaseName> parse_full_name(std::string_view text) {
  const auto at = text.find('@');
  if (at == std::string_view::npos || at == 0 || at + 1 == text.size())
    return failure(errc::invalid_argument,
                   "'" + std::string(text) +
                       "' does not name a release; right would be NAME@VERSION, as sprot@2026_04");
  return ReleaseName{std::string(text.substr(0, at)), std::string(text.substr(at + 1))};
}

std::string full_name(const ReleaseInfo& release) {
  return release.name + "@" + release.version;
}

nlohmann::json to_json(const ReleaseInfo& release) {
  return {{"name", release.name},
          {"version", release.version},
          {"created", utc_time(release.created)},
          {"digest", release.digest.hex()},
          {"bytes", release.bytes},
          {"records", release.records},
          {"residues", release.residues}};
}

nlohmann::json to_json(const std::vector<ReleaseInfo>& releases) {
  auto list = nlohmann::json::array();
  for (const auto& release : releases) list.push_back(to_json(release));
  return list;
}

} // namespace talaria::cli

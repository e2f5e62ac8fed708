// Releases as the program names and shows them.
#pragma once

#include "talaria/store.hpp"

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace talaria::cli {

struct ReleaseName {
  std::string name;
  std::string version;
};

// NAME@VERSION apart; errc::invalid_argument if one of them is missing. Which letters they may have is
// for the store to say.
Result<ReleaseName> parse_full_name(std::string_view text);

// "NAME@VERSION".
std::string full_name(const ReleaseInfo& release);

nlohmann::json to_json(const ReleaseInfo& release);
nlohmann::json to_json(const std::vector<ReleaseInfo>& releases);

} // namespace talaria::cli

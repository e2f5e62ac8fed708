// Magic bytes: what kind of file it is, and of which version.
#pragma once

#include "talaria/error.hpp"

#include <string>
#include <string_view>

namespace talaria {

// What to do about a damaged or missing file: of one that nothing else can be made from, and of one that
// can.
inline constexpr std::string_view restore_advice = "restore it from a backup";
inline constexpr std::string_view rebuild_advice = "`talaria rebuild` makes it anew";

// Checks the first bytes of a file; errc::damaged. (That a whole repository has a newer format is said
// by its marker, which is looked at first.)
inline Result<void> check_magic(std::string_view bytes, std::string_view magic, const std::string& name,
                                std::string_view advice = restore_advice) {
  if (bytes.substr(0, magic.size()) == magic) return {};
  return failure(errc::damaged, name + " doesn't begin like a file of its kind: " + std::string(advice));
}

} // namespace talaria

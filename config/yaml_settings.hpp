// Settings from a YAML file: a map of the keys threads, memory, cache, block_size, pack_size,
// page_chain, codec, level, delta_depth and lock_wait (seconds). config/talaria.example.yaml explains
// each.
#pragma once

#include "talaria/settings.hpp"

#include <string>

namespace talaria {

// `base` with what the file sets; an empty file sets nothing. No exception escapes.
//   errc::not_found         there is no such file
//   errc::io_error          it can't be read
//   errc::invalid_argument  it isn't YAML, holds an unknown or repeated key or a wrong value, or its
//   codec
//                           doesn't know the level: "FILE:LINE: what is wrong; right would be ..."
Result<Settings> load_settings(const std::string& path, Settings base);

} // namespace talaria

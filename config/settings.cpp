#include "talaria/settings.hpp"

#include "coding/codec.hpp"
#include "core/try.hpp"

#include <algorithm>
#include <thread>

namespace talaria {

namespace {

Result<void> within(std::string_view name, uint64_t value, uint64_t low, uint64_t high) {
  if (value >= low && value <= high) return {};
  return failure(errc::invalid_argument, std::string(name) + " is " + std::to_string(value) +
                                             "; it must be from " + std::to_string(low) + " to " +
                                             std::to_string(high));
}

} // namespace

Result<void> Settings::check() const {
  TALARIA_TRY(within("threads", threads, 0, 1024));
  TALARIA_TRY(within("memory", memory, uint64_t{128} << 20, uint64_t{1} << 46));
  TALARIA_TRY(within("block_size", block_size, 4 << 10, 4 << 20));
  TALARIA_TRY(within("pack_size", pack_size, 1 << 20, 1 << 30));
  TALARIA_TRY(within("page_chain", page_chain, 0, 64));
  TALARIA_TRY(within("delta_depth", delta_depth, 0, 32));
  TALARIA_TRY_ASSIGN(auto id, codec_from_name(codec));
  if (!level_is_valid(id, level))
    return failure(errc::invalid_argument,
                   "level " + std::to_string(level) + " is none of the codec " + codec);
  return {};
}

unsigned Settings::resolved_threads() const {
  return threads != 0 ? threads : std::max(1u, std::thread::hardware_concurrency());
}

} // namespace talaria

// Which names objects, refs and locks may have: what include/talaria/object_store.hpp promises.
#pragma once

#include "talaria/error.hpp"

#include <string_view>

namespace talaria {

inline constexpr std::size_t object_name_max = 512; // bytes
inline constexpr std::size_t name_part_max = 200;   // bytes
inline constexpr std::size_t ref_value_max = std::size_t{64} << 10;

// Whether `part` can stand between two slashes.
bool is_name_part(std::string_view part) noexcept;

bool is_object_name(std::string_view name) noexcept;

// errc::invalid_argument for a name that no object may have.
Result<void> check_object_name(std::string_view name);

// The same for refs and locks, whose names are a single part. `what` is "ref" or "lock".
Result<void> check_single_name(std::string_view what, std::string_view name);

// errc::limit_exceeded for a value that is too long for a ref.
Result<void> check_ref_value(std::string_view ref, std::string_view value);

// errc::damaged if [offset, offset + length) isn't within `size` bytes.
Result<void> check_range(std::string_view name, std::uint64_t offset, std::uint64_t length,
                         std::uint64_t size);

} // namespace talaria

// The columns of a block whose chunks are differences by edit script: what is of one sort in all of them
// lies together, and so takes less space. docs/format.md, "Columns".
#pragma once

#include "talaria/error.hpp"

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

namespace talaria {

inline constexpr std::size_t difference_column_count = 8;

// Takes the contents of chunks, one behind the other, apart. False, with columns that mean nothing, if
// one of them isn't a difference by edit script.
bool split_into_columns(std::string_view contents,
                        std::array<std::string, difference_column_count>& columns);

// Puts contents of `size` bytes together at `out`; errc::damaged if the columns don't make just that
// many.
Result<void> join_columns(const std::array<std::string_view, difference_column_count>& columns,
                          char* out, std::size_t size);

} // namespace talaria

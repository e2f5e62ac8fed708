// Numbers and tables as people read them.
#pragma once

#include "talaria/digest.hpp"
#include "talaria/error.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace talaria::cli {

// "66.2 MB": three digits, powers of 1000; below 1000 bytes exact.
std::string human_size(uint64_t bytes);

// "516,371".
std::string grouped(uint64_t number);

// "42%", rounded down.
std::string percentage(uint64_t part, uint64_t whole);

// The number of a percentage from 0 to 100, as "5%", "0.5" or "100", or nothing.
std::optional<double> parse_percentage(std::string_view text);

// "2026-04-01T12:00:00Z" for seconds since 1970.
std::string utc_time(uint64_t seconds);

// "1 record", "516,371 records".
std::string counted(uint64_t number, std::string_view noun);

// Columns as wide as their widest cell; those marked 'r' in `alignment` end together, 'l' begin
// together.
std::string table(const std::vector<std::vector<std::string>>& rows, std::string_view alignment);

// A SHA-256 in hexadecimal digits; errc::invalid_argument if it is none.
Result<Digest> parse_digest(const std::string& text);

} // namespace talaria::cli

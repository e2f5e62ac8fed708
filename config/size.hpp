// Sizes as people write them: "64KiB", "512 MB", "1.5GiB", "4096".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace talaria {

// Reads a number of bytes. Units, in either case and after optional blanks: B, KB MB GB TB PB (powers of
// 1000), KiB MiB GiB TiB PiB (powers of 1024); none means bytes. Nothing if the text is no size, isn't a
// whole number of bytes, or exceeds 64 bits.
std::optional<uint64_t> parse_size(std::string_view text);

// The shortest exact form in binary units: "64KiB", "1GiB", "4097". parse_size() gives the same back.
std::string format_size(uint64_t bytes);

} // namespace talaria

// What a file is that isn't FASTA: told from its first bytes, to name it in messages.
#pragma once

#include "talaria/error.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace talaria {

// How many first bytes the functions below make use of.
inline constexpr std::size_t content_head = 1024;

// If a file that begins with `head` is of a binary kind that Talaria doesn't read (an archive, a BLAST
// volume, BAM, text in UTF-16 ...): what it is and what to do about it, as a sentence for a message.
// Compressed formats that `open_input` reads are named too: it asks only about what it can't decompress.
std::optional<std::string> binary_content(std::string_view head);

// The same for a text file in which a line that begins with `line` stands where '>' was expected: FASTQ,
// GenBank, SAM, XML ... Always has an answer.
std::string text_content(std::string_view line);

} // namespace talaria

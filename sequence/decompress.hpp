// Decompression of sequence files, one function per format. Internal to sequence/.
#pragma once

#include "sequence/input.hpp"
#include "sequence/source.hpp"

#include <memory>
#include <string>

namespace talaria {

enum class ArchiveFilter { bzip2, xz };

// Each takes a window at the beginning of the source, which begins as that format does.
Result<std::unique_ptr<Input>> gzip_input(SourceWindow window); // BGZF too
Result<std::unique_ptr<Input>> zstd_input(SourceWindow window);
Result<std::unique_ptr<Input>> archive_input(SourceWindow window, ArchiveFilter filter);

// Errors of compressed input: errc::corrupt_input with the offset in the compressed file.
tl::unexpected<Error> truncated_input(const SourceWindow& window);
tl::unexpected<Error> damaged_input(const SourceWindow& window, const std::string& what);

// Offsets are of where decompression stood: the damage lies there or not far before.
tl::unexpected<Error> damaged_input(const std::string& name, std::uint64_t offset,
                                    const std::string& what);

} // namespace talaria

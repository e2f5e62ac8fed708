// Where the bytes of a sequence file come from: a file or standard input, plain or compressed.
#pragma once

#include "talaria/error.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

namespace talaria {

// A stream of plain bytes. Used by one thread at a time.
class Input {
public:
  virtual ~Input() = default;

  // Reads up to `size` bytes; 0 at the end. Errors: errc::corrupt_input (truncated or damaged compressed
  // data, with the offset in the compressed file), errc::io_error, errc::unsupported_input.
  virtual Result<std::size_t> read(char* out, std::size_t size) = 0;

  // "plain", "gzip", "bgzf", "zstd", "bzip2", "xz": told by content, not by name.
  virtual std::string format() const = 0;

  // What messages call it: the path, or "standard input".
  virtual std::string name() const = 0;
};

// Opens `path`, or standard input for "-". Compression is recognised by magic bytes; several gzip
// members, zstd frames, xz and bzip2 streams one after another are one input. What is another kind of
// file (an archive, a BLAST volume, text in UTF-16) is errc::unsupported_input, named. No such file:
// errc::not_found; a directory: errc::invalid_argument; not readable: errc::io_error. A BGZF file
// without its end-of-file block is errc::corrupt_input, because it was cut between two blocks. While it
// waits for a pipe or a terminal, setting `*cancel` ends opening and reading with errc::cancelled.
Result<std::unique_ptr<Input>> open_input(const std::string& path,
                                          std::shared_ptr<const std::atomic<bool>> cancel = {});

// An input over bytes in memory, decompressed in the same way: for tests and for embedding programs.
Result<std::unique_ptr<Input>> open_input_bytes(std::string name, std::string bytes);

} // namespace talaria

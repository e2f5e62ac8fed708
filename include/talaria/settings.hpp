// Settings of a running store. Every value has a default that suits a small machine.
#pragma once

#include "talaria/error.hpp"

#include <chrono>
#include <cstdint>
#include <string>

namespace talaria {

struct Settings {
  // Threads that compress, decompress and verify; 0 means one for each core.
  unsigned threads = 0;

  // Bytes of memory that an operation may use, and of which the following defaults are parts.
  // At least 128 MiB.
  uint64_t memory = uint64_t{1} << 30;

  // Bytes of decompressed blocks that are kept for later reads; 0 means three eighths of `memory`.
  uint64_t cache = 0;

  // Bytes of a block before compression: smaller ones are read faster, larger ones are denser.
  // 4 KiB to 4 MiB.
  uint64_t block_size = uint64_t{64} << 10;

  // Bytes after which a pack is closed. 1 MiB to 1 GiB.
  uint64_t pack_size = uint64_t{64} << 20;

  // How many page files, each the difference from the next, may follow each other from a release on.
  // More takes less space, fewer are faster to read; 0 to 64, 0: each is whole.
  unsigned page_chain = 8;

  // "zstd", "dense", "lz4", "gzip" or "none", and its level, which dense and none have not.
  std::string codec = "zstd";
  int level = 1;

  // How many differences, of long nucleotide sequences or of chunks, may be built on one another, 0 to
  // 32: longer chains take less space, shorter ones are read faster. With 0 there are no differences:
  // long nucleotide sequences take 2 bits a base, and all else is stored whole, however similar to old
  // ones.
  unsigned delta_depth = 8;

  // How long a writer waits for another one to finish.
  std::chrono::milliseconds lock_wait{0};

  // errc::invalid_argument with what would be right, if a value is not usable.
  Result<void> check() const;

  // `threads` and `cache` with their defaults resolved.
  unsigned resolved_threads() const;
  uint64_t resolved_cache() const { return cache != 0 ? cache : memory / 8 * 3; }
};

} // namespace talaria

// Releases: what is said of each, in the snapshots that list it and in an object of its own, from which
// a lost snapshot is made again. docs/format.md, "Releases".
#pragma once

#include "core/endian.hpp"
#include "talaria/digest.hpp"
#include "talaria/error.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace talaria {

struct ReleaseEntry {
  std::string name;     // of the database: "uniprot/sprot"
  std::string version;  // "2026_04"
  uint64_t created = 0; // seconds since 1970, UTC
  Digest stream;        // of the file that was ingested, decompressed
  uint64_t bytes = 0;   // of that file
  uint64_t records = 0;
  uint64_t residues = 0;
  Digest pages; // its page file
  uint64_t pages_size = 0;

  // The fields as they stand in a snapshot and in a release object.
  void write(std::string& out) const;
  static Result<ReleaseEntry> read(ByteReader& in);
};

// The object that holds the release object with this digest.
std::string release_name(const Digest& digest);

// The bytes of the release object. It follows from the entry, so no snapshot names it.
std::string encode_release(const ReleaseEntry& entry);

// errc::damaged for bytes that no writer makes.
Result<ReleaseEntry> decode_release(std::string_view bytes);

} // namespace talaria

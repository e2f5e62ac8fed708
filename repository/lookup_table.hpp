// Look-up tables: from a uniform 64-bit key to the few slots that may hold it.
//
// The first bits of a key choose a bucket (about 32 entries); an entry keeps the next bits as a
// fingerprint, which answers for most absent keys at once, and a slot, both packed to the bit. The
// caller compares the few candidates with the full key, kept elsewhere. docs/format.md, "Look-up
// tables".
#pragma once

#include "core/endian.hpp"
#include "repository/checked_file.hpp"
#include "talaria/error.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace talaria {

// The shape of a table; follows from the number of entries and the wanted fingerprint.
struct LookupShape {
  uint32_t entries = 0;
  uint8_t bucket_bits = 0;
  uint8_t fingerprint_bits = 0;
  uint8_t slot_bits = 0;

  // The table for `entries` keys with slots below `slots`. `fingerprint` bits of each entry: more mean
  // fewer false candidates and more bytes.
  static LookupShape of(uint32_t entries, uint32_t slots, unsigned fingerprint) noexcept;

  // Whether a reader can use it.
  bool valid() const noexcept;

  // The first bits of a key, as many as the table tells apart: bucket and fingerprint.
  uint64_t key_bits(uint64_t key) const noexcept { return key >> (64 - bucket_bits - fingerprint_bits); }

  uint64_t bucket_bytes() const noexcept { return (uint64_t{4} << bucket_bits) + 4; }
  uint64_t entry_bits() const noexcept { return uint64_t{fingerprint_bits} + slot_bits; }
  // Seven bytes of padding let a reader load any entry by one eight-byte access.
  uint64_t entry_bytes() const noexcept { return (entries * entry_bits() + 7) / 8 + 7; }
  uint64_t size() const noexcept { return bucket_bytes() + entry_bytes(); }

  uint64_t buckets() const noexcept { return uint64_t{1} << bucket_bits; }
  uint64_t bucket_of(uint64_t key) const noexcept;
  // The entry of a key, entry_bits() wide.
  uint64_t entry(uint64_t key, uint32_t slot) const noexcept;
};

// Appends the table of (key, slot) pairs to `out`. The pairs are sorted in place.
void write_lookup_table(const LookupShape& shape, std::vector<std::pair<uint64_t, uint32_t>>& pairs,
                        std::string& out);

// Appends to `slots` the slots whose fingerprint agrees with `key`, at most `most` of them. Of those
// with the same key the highest comes first: it is the newest. `offset`: of the table in `file`.
// errc::damaged if a checksum fails or the table contradicts itself.
Result<void> find_in_lookup_table(const CheckedFile& file, uint64_t offset, const LookupShape& shape,
                                  uint64_t key, std::size_t most, std::vector<uint32_t>& slots);

// Walks through a table from its first entry to its last. The file must outlive it.
class LookupCursor {
public:
  LookupCursor(const CheckedFile& file, uint64_t offset, const LookupShape& shape)
      : file_(&file), offset_(offset), shape_(shape) {}

  // Goes to the first entry, then to each next one; false behind the last. errc::damaged if a checksum
  // fails or the table contradicts itself.
  Result<bool> next();

  // The bits of the key that the table keeps: the highest, of bucket and fingerprint.
  uint64_t prefix() const noexcept { return prefix_; }
  uint32_t slot() const noexcept { return slot_; }

private:
  Result<uint64_t> bucket_end(uint64_t bucket) const;

  const CheckedFile* file_;
  uint64_t offset_;
  LookupShape shape_;
  uint64_t next_ = 0;       // the entry that comes next
  uint64_t bucket_ = 0;     // of the entry before it
  uint64_t bucket_end_ = 0; // the first entry behind that bucket
  bool begun_ = false;
  uint64_t prefix_ = 0;
  uint32_t slot_ = 0;
};

// Reads `bits` (at most 57) at bit `position` of packed little-endian bits. Eight bytes must be readable
// from the byte of the first bit on.
inline uint64_t load_bits(const char* bytes, uint64_t position, unsigned bits) noexcept {
  return load_u64(bytes + position / 8) >> (position % 8) & ((uint64_t{1} << bits) - 1);
}

// Appends values of `bits` each, packed from the lowest bit on, and pad zero bytes.
class BitWriter {
public:
  explicit BitWriter(std::string& out) : out_(out) {}
  void put(uint64_t value, unsigned bits);
  void finish(std::size_t padding);

private:
  std::string& out_;
  uint64_t pending_ = 0;
  unsigned filled_ = 0;
};

// Bits needed for values below `bound`; at least 1.
unsigned bits_for(uint64_t bound) noexcept;

} // namespace talaria

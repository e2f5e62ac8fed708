// Numbers: how the parts of a repository refer to stored chunks without knowing where they lie.
#pragma once

#include "talaria/digest.hpp"

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace talaria {

// What a stored chunk is. Each kind has numbers of its own. Part of the format.
enum class Kind : uint8_t {
  sequence = 0, // the residues of a record
  header = 1,   // the header line of a record
  text = 2,     // layout of a very long or irregular record
  bytes = 3,    // what an application stored through the chunk interface
  part = 4,     // a piece of a value too long for one chunk
};
inline constexpr std::size_t kind_count = 5;
inline constexpr std::array<Kind, kind_count> all_kinds{Kind::sequence, Kind::header, Kind::text,
                                                        Kind::bytes, Kind::part};

constexpr std::size_t index_of(Kind kind) noexcept {
  return static_cast<std::size_t>(kind);
}

// Whether chunks of a kind may be stored as differences from others (repository/difference.hpp).
constexpr bool may_be_difference(Kind kind) noexcept {
  return kind == Kind::sequence || kind == Kind::bytes || kind == Kind::part;
}

// "sequence", "header", ...
std::string_view to_string(Kind kind) noexcept;

// Names the commit that first stored a chunk: 16 random bytes, so that writers need no agreement.
struct GenerationId {
  static constexpr std::size_t size = 16;
  std::array<uint8_t, size> bytes{};

  std::string_view view() const noexcept { return {reinterpret_cast<const char*>(bytes.data()), size}; }
  std::string hex() const;

  // `bytes` must hold at least `size` bytes.
  static GenerationId from(std::string_view bytes) noexcept {
    GenerationId id;
    std::memcpy(id.bytes.data(), bytes.data(), size);
    return id;
  }
  static GenerationId random();

  friend auto operator<=>(const GenerationId&, const GenerationId&) = default;
};

// A chunk of a known kind: the generation (its place in the table of whoever names it: a snapshot, a
// page file) and the place in the order in which that generation first met it.
struct Number {
  uint32_t generation = 0;
  uint32_t ordinal = 0;

  friend auto operator<=>(const Number&, const Number&) = default;
};

// The first 128 bits of a digest: what the index keeps, and enough to decide that two chunks are equal.
struct Key128 {
  uint64_t high = 0; // big-endian first 8 bytes, so that keys order as digests do
  uint64_t low = 0;

  static Key128 of(const Digest& digest) noexcept { return from(digest.bytes.data()); }
  static Key128 from(const uint8_t* bytes) noexcept {
    uint64_t h = 0;
    uint64_t l = 0;
    for (int i = 0; i < 8; ++i) {
      h = h << 8 | bytes[i];
      l = l << 8 | bytes[i + 8];
    }
    return {h, l};
  }

  friend bool operator==(const Key128&, const Key128&) = default;
};

// A value longer than this is stored as a list of content-defined parts (coding/chunker.hpp).
inline constexpr std::size_t longest_chunk = std::size_t{256} << 10;

} // namespace talaria

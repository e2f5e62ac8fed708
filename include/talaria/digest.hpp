// SHA-256 digests (FIPS 180-4): the address of every chunk and the name of every immutable file.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace talaria {

// The SHA-256 of a byte string. A plain value.
struct Digest {
  static constexpr std::size_t size = 32;
  std::array<std::uint8_t, size> bytes{};

  // 64 lower-case hexadecimal digits.
  std::string hex() const;

  // Reads 64 hexadecimal digits of either case; nothing else is a digest.
  static std::optional<Digest> from_hex(std::string_view text) noexcept;

  std::string_view view() const noexcept { return {reinterpret_cast<const char*>(bytes.data()), size}; }

  friend auto operator<=>(const Digest&, const Digest&) = default;
};

// For hash maps: a digest is uniform, so its first bytes serve.
struct DigestHash {
  std::size_t operator()(const Digest& d) const noexcept {
    std::size_t h = 0;
    std::memcpy(&h, d.bytes.data(), sizeof h);
    return h;
  }
};

// Computes digests of byte strings that arrive in pieces. One object serves one thread at a time, and
// any number of digests one after another.
class Hasher {
public:
  Hasher();
  ~Hasher();
  Hasher(Hasher&&) noexcept;
  Hasher& operator=(Hasher&&) noexcept;

  void update(std::string_view data);

  // The digest of all that came since the last call (or construction); then starts anew.
  Digest finish();

  // The digest of `data` alone. Must not be called between update() and finish().
  Digest of(std::string_view data);

private:
  struct State;
  std::unique_ptr<State> state_;
};

// The digest of `data`. For many short strings, keep a Hasher instead.
Digest digest_of(std::string_view data);

} // namespace talaria

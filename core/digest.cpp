#include "talaria/digest.hpp"

// OpenSSL's newer interface looks for providers and reads a configuration first, which takes longer than
// to open a repository. The functions of this one can't fail.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>

namespace talaria {

namespace {

// The value of a hexadecimal digit, or -1.
int hex_value(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

} // namespace

std::string Digest::hex() const {
  static constexpr char digits[] = "0123456789abcdef";
  std::string text(2 * size, '0');
  for (std::size_t i = 0; i < size; ++i) {
    text[2 * i] = digits[bytes[i] >> 4];
    text[2 * i + 1] = digits[bytes[i] & 15];
  }
  return text;
}

std::optional<Digest> Digest::from_hex(std::string_view text) noexcept {
  if (text.size() != 2 * size) return std::nullopt;
  Digest d;
  for (std::size_t i = 0; i < size; ++i) {
    int high = hex_value(text[2 * i]);
    int low = hex_value(text[2 * i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    d.bytes[i] = static_cast<std::uint8_t>(high << 4 | low);
  }
  return d;
}

struct Hasher::State {
  SHA256_CTX sha{};
  bool begun = false;

  void begin() { SHA256_Init(&sha); }
  void add(std::string_view data) { SHA256_Update(&sha, data.data(), data.size()); }
  Digest end() {
    Digest d;
    SHA256_Final(d.bytes.data(), &sha);
    return d;
  }
};

Hasher::Hasher() : state_(std::make_unique<State>()) {}
Hasher::~Hasher() = default;
Hasher::Hasher(Hasher&&) noexcept = default;
Hasher& Hasher::operator=(Hasher&&) noexcept = default;

void Hasher::update(std::string_view data) {
  if (!state_->begun) state_->begin();
  state_->begun = true;
  state_->add(data);
}

Digest Hasher::finish() {
  if (!state_->begun) state_->begin();
  state_->begun = false;
  return state_->end();
}

Digest Hasher::of(std::string_view data) {
  state_->begin();
  state_->add(data);
  return state_->end();
}

Digest digest_of(std::string_view data) {
  return Hasher().of(data);
}

} // namespace talaria

#include "talaria/digest.hpp"

#include <openssl/evp.h>

#include <new>
#include <stdexcept>

namespace talaria {

namespace {

// The value of a hexadecimal digit, or -1.
int hex_value(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

struct FreeMd {
  void operator()(EVP_MD* md) const noexcept { EVP_MD_free(md); }
};
struct FreeCtx {
  void operator()(EVP_MD_CTX* ctx) const noexcept { EVP_MD_CTX_free(ctx); }
};

// OpenSSL's digest functions fail only where SHA-256 itself is unavailable, which construction finds
// out.
void require(int ok) {
  if (ok != 1) throw std::runtime_error("OpenSSL cannot compute SHA-256");
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

// Fetching the algorithm and making a context each cost more than hashing a short sequence: both are
// kept.
struct Hasher::State {
  std::unique_ptr<EVP_MD, FreeMd> md{EVP_MD_fetch(nullptr, "SHA2-256", nullptr)};
  std::unique_ptr<EVP_MD_CTX, FreeCtx> ctx{EVP_MD_CTX_new()};
  bool begun = false;

  State() {
    if (!ctx) throw std::bad_alloc();
    if (!md) throw std::runtime_error("OpenSSL offers no SHA-256");
  }

  void begin() { require(EVP_DigestInit_ex2(ctx.get(), md.get(), nullptr)); }
  void add(std::string_view data) { require(EVP_DigestUpdate(ctx.get(), data.data(), data.size())); }
  Digest end() {
    Digest d;
    require(EVP_DigestFinal_ex(ctx.get(), d.bytes.data(), nullptr));
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

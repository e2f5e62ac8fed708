// Fields that several kinds of files have.
#pragma once

#include "core/endian.hpp"
#include "core/try.hpp"
#include "talaria/digest.hpp"
#include "talaria/error.hpp"

#include <algorithm>
#include <string>
#include <string_view>

namespace talaria {

inline void put_string(std::string& out, std::string_view text) {
  put_varint(out, text.size());
  out += text;
}

inline Result<std::string> read_string(ByteReader& in) {
  TALARIA_TRY_ASSIGN(auto size, in.varint());
  TALARIA_TRY_ASSIGN(auto text, in.bytes(size));
  return std::string(text);
}

inline Result<Digest> read_digest(ByteReader& in) {
  TALARIA_TRY_ASSIGN(auto bytes, in.bytes(Digest::size));
  Digest digest;
  std::copy(bytes.begin(), bytes.end(), reinterpret_cast<char*>(digest.bytes.data()));
  return digest;
}

} // namespace talaria

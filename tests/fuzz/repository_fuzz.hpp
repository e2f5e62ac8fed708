// What the fuzz targets of the repository's files share.
//
// Every file of a repository carries checksums, which random bytes never get past. So a target takes the
// bytes apart into what a file is made of, puts them together as the writer does, with right checksums
// and compression, and reads that; or, if the first byte says so, it reads the bytes as they are.
#pragma once

#include "core/endian.hpp"
#include "talaria/error.hpp"
#include "talaria/object_store.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace talaria::fuzz {

inline void require(bool condition) {
  if (!condition) std::abort();
}

// What may go wrong with damaged bytes is that, and is said.
template <class T>
void require_sound(const Result<T>& result) {
  if (!result) require(result.error().code() == errc::damaged && !result.error().message().empty());
}

// Takes fields off the front of a test input; beyond its end there are zeros.
class Fields {
public:
  Fields(const std::uint8_t* data, std::size_t size)
      : rest_(reinterpret_cast<const char*>(data), size) {}

  std::uint8_t u8() { return static_cast<std::uint8_t>(number(1)); }
  std::uint16_t u16() { return static_cast<std::uint16_t>(number(2)); }
  std::uint32_t u32() { return static_cast<std::uint32_t>(number(4)); }

  std::string_view bytes(std::size_t count) {
    auto taken = rest_.substr(0, count);
    rest_.remove_prefix(taken.size());
    return taken;
  }

  // Bytes that a two-byte length stands before.
  std::string_view sized() { return bytes(u16()); }

  std::string_view rest() { return bytes(rest_.size()); }
  bool empty() const { return rest_.empty(); }

private:
  std::uint64_t number(std::size_t size) {
    std::string little(bytes(size));
    little.resize(8);
    return load_u64(little.data());
  }
  std::string_view rest_;
};

inline void put(ObjectStore& store, const std::string& name, std::string_view bytes) {
  require(store.put(name, bytes).has_value());
}

} // namespace talaria::fuzz

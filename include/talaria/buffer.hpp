// Immutable, reference-counted bytes: how bulk data travels, from a mapped file to a reply, uncopied.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace talaria {

// A copy shares the bytes; a slice keeps the whole alive. Safe to share between threads.
class Buffer {
public:
  Buffer() = default;

  // Takes the string over, without copying its bytes.
  explicit Buffer(std::string bytes) {
    auto owner = std::make_shared<const std::string>(std::move(bytes));
    data_ = owner->data();
    size_ = owner->size();
    owner_ = std::move(owner);
  }

  // Bytes that `owner` keeps alive: a mapped file, a block of a cache.
  Buffer(std::shared_ptr<const void> owner, std::string_view bytes) noexcept
      : owner_(std::move(owner)), data_(bytes.data()), size_(bytes.size()) {}

  static Buffer copy_of(std::string_view bytes) { return Buffer(std::string(bytes)); }

  const char* data() const noexcept { return data_; }
  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }
  std::string_view view() const noexcept { return {data_, size_}; }

  // `length` bytes from `offset` on; clipped at the end.
  Buffer slice(std::size_t offset, std::size_t length = std::string_view::npos) const {
    return {owner_, view().substr(offset < size_ ? offset : size_, length)};
  }

  friend bool operator==(const Buffer& a, const Buffer& b) noexcept { return a.view() == b.view(); }

private:
  std::shared_ptr<const void> owner_;
  const char* data_ = "";
  std::size_t size_ = 0;
};

} // namespace talaria

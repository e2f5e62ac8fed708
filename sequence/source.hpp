// The bytes of a file as they are stored: what decompression works on. Internal to sequence/.
#pragma once

#include "talaria/error.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace talaria {

// Used by one thread at a time.
class Source {
public:
  virtual ~Source() = default;

  // Reads up to `size` bytes; 0 at the end. Errors: errc::io_error.
  virtual Result<std::size_t> read(char* out, std::size_t size) = 0;

  virtual std::string name() const = 0;
};

// A file, or standard input for "-". Errors: errc::not_found (no such file), errc::invalid_argument (a
// directory), errc::io_error (no permission, too many open files ...). Waiting for a pipe, a terminal or
// a socket, or for somebody to write to a named pipe, ends with errc::cancelled within a moment after
// `*cancel` was set.
Result<std::unique_ptr<Source>> open_source(const std::string& path,
                                            std::shared_ptr<const std::atomic<bool>> cancel = {});

// Bytes in memory.
std::unique_ptr<Source> memory_source(std::string name, std::string bytes);

// A source with a buffer, to look ahead in it.
class SourceWindow {
public:
  static constexpr std::size_t capacity = std::size_t{256} << 10; // bytes

  explicit SourceWindow(std::unique_ptr<Source> source);

  // Reads until `size` bytes (at most `capacity`) are in view, or the source ends.
  Result<void> want(std::size_t size);

  // What was read and not yet consumed. Valid until the next call of want() or read().
  std::string_view view() const noexcept { return {buffer_.get() + begin_, end_ - begin_}; }

  // Drops the first `size` bytes in view.
  void consume(std::size_t size) noexcept {
    begin_ += size;
    offset_ += size;
  }

  // Reads and consumes up to `size` bytes; 0 at the end. Large reads are not copied through the buffer.
  Result<std::size_t> read(char* out, std::size_t size);

  // Of the first byte in view, in the source.
  std::uint64_t offset() const noexcept { return offset_; }

  std::string name() const { return source_->name(); }

private:
  std::unique_ptr<Source> source_;
  std::unique_ptr<char[]> buffer_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::uint64_t offset_ = 0;
  bool ended_ = false;
};

} // namespace talaria

// A mapped file whose bytes are checked when they are first touched, so that opening costs nothing.
// docs/format.md, "Checked files".
#pragma once

#include "talaria/buffer.hpp"
#include "talaria/error.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace talaria {

// The file is its body, then a CRC-64 for each region of 16 KiB of the body, then whatever its owner
// adds. Safe to share between threads.
class CheckedFile {
public:
  static constexpr uint64_t region_size = uint64_t{16} << 10;

  // `body_size`: bytes of the body, which the owner knows from its own trailer. errc::damaged if the
  // file is too short for its checksums.
  static Result<CheckedFile> open(std::string name, Buffer file, uint64_t body_size);

  // The checksums of a body, to be written behind it.
  static std::string checksums(std::string_view body);
  static uint64_t checksums_size(uint64_t body_size) noexcept {
    return (body_size + region_size - 1) / region_size * 8;
  }

  // A pointer to `size` checked bytes of the body; errc::damaged if they lie outside or fail their
  // checksum.
  Result<const char*> at(uint64_t offset, uint64_t size) const;

  const std::string& name() const noexcept { return name_; }
  const Buffer& file() const noexcept { return file_; }
  uint64_t body_size() const noexcept { return body_size_; }

private:
  Result<void> check(uint64_t region) const;

  std::string name_;
  Buffer file_;
  uint64_t body_size_ = 0;
  std::unique_ptr<std::atomic<uint8_t>[]> checked_; // per region
};

} // namespace talaria

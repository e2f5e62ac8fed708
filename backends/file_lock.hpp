// Exclusive locks between processes, and between handles within one.
//
// A lock is an flock() on a file that stays when the lock is released: deleting it would let two holders
// lock two files of the same name. The kernel releases it when the holder dies, so none is ever stale.
// The file holds the holder's process number, for messages only.
#pragma once

#include "backends/fd.hpp"
#include "talaria/error.hpp"

#include <chrono>
#include <string>
#include <string_view>

namespace talaria {

class FileLock {
public:
  // Locks `path` (relative to `folder`, made if missing), waiting up to `patience`: not at all if that
  // is zero or less. errc::locked if another holds it that long. `what` and `shown` (the whole path) are
  // for messages.
  static Result<FileLock> take(int folder, const std::string& path, std::chrono::milliseconds patience,
                               std::string_view what, std::string_view shown);

  FileLock(FileLock&&) noexcept = default;
  FileLock& operator=(FileLock&&) = delete;
  ~FileLock();

private:
  explicit FileLock(Fd fd) noexcept : fd_(std::move(fd)) {}

  Fd fd_;
};

} // namespace talaria

// An open file descriptor that closes itself.
#pragma once

#include <unistd.h>
#include <utility>

namespace talaria {

class Fd {
public:
  Fd() = default;
  explicit Fd(int fd) noexcept : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Fd() { close(); }

  int get() const noexcept { return fd_; }
  explicit operator bool() const noexcept { return fd_ >= 0; }

  // For another owner, as fdopendir() is one.
  int release() noexcept { return std::exchange(fd_, -1); }

  // Errors of close() are of no use here: what must be durable was synced before. After EINTR, Linux
  // has closed the descriptor all the same.
  void close() noexcept {
    if (fd_ >= 0) ::close(release());
  }

private:
  int fd_ = -1;
};

} // namespace talaria

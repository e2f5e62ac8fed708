// File descriptors: owned ones, and what reading and writing need beyond the system calls.
#pragma once

#include "talaria/error.hpp"

#include <string>
#include <string_view>
#include <utility>

namespace talaria::cli {

// Owns a file descriptor; -1 is none.
class Descriptor {
public:
  explicit Descriptor(int fd = -1) noexcept : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor() { reset(); }

  explicit operator bool() const noexcept { return fd_ >= 0; }
  int get() const noexcept { return fd_; }
  void reset() noexcept;

private:
  int fd_;
};

// Gives the standard streams that the caller closed a place, so that no file of the repository gets
// their numbers: reading or writing them fails.
void occupy_standard_streams() noexcept;

// errc::no_space or errc::io_error with the message of the system: "FILE: writing failed: ...".
Error system_error(const std::string& name, std::string_view what, int error_number);

// Writes all bytes. 0, or the error number.
int write_all(int fd, std::string_view bytes) noexcept;

} // namespace talaria::cli

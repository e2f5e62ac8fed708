// System calls as the local store needs them: interrupted and short ones are continued, and every error
// says on which path it happened, what the system said, and what to do if that is known.
//
// Paths are relative to an open folder. All functions are safe to call from any thread, and throw
// nothing but std::bad_alloc.
#pragma once

#include "backends/fd.hpp"
#include "talaria/buffer.hpp"
#include "talaria/error.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <sys/types.h>

namespace talaria {

// An error of the operating system: errc::no_space for ENOSPC and EDQUOT, else errc::io_error. What
// absence means is for the caller to say. `doing` is as in "cannot open".
Error system_error(std::string_view doing, std::string_view path, int error_number);
tl::unexpected<Error> system_failure(std::string_view doing, std::string_view path, int error_number);

// As openat(), with O_CLOEXEC; retried when interrupted. An invalid Fd and errno on failure.
Fd open_at(int folder, const char* path, int flags, mode_t mode = 0) noexcept;

// `shown` is the path for messages.
Result<void> write_all(int fd, std::string_view bytes, std::string_view shown);

// Reads exactly `length` bytes from `offset` on; errc::damaged if the file ends before.
Result<void> read_exactly(int fd, char* to, std::uint64_t length, std::uint64_t offset,
                          std::string_view shown);

// A new buffer with `length` bytes of the file; errc::limit_exceeded if memory doesn't suffice.
Result<Buffer> read_buffer(int fd, std::uint64_t offset, std::uint64_t length, std::string_view shown);

// Makes the content of a file, or the entries of a folder, survive a power cut.
Result<void> sync_file(int fd, std::string_view shown);
Result<void> sync_folder(int folder, const char* path, std::string_view shown);

} // namespace talaria

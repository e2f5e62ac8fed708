#include "backends/posix_io.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <memory>
#include <new>
#include <system_error>

namespace talaria {

namespace {

// One call moves at most 2 GiB on Linux; a smaller bound keeps a call interruptible.
constexpr std::size_t bytes_per_call = std::size_t{1} << 30;

std::string_view advice(int error_number) noexcept {
  switch (error_number) {
  case ENOSPC:
    return "; free some space (or inodes), then try again";
  case EDQUOT:
    return "; free some space or raise the quota, then try again";
  case EMFILE:
    return "; this process has reached its limit of file descriptors: raise it (ulimit -n)";
  case ENFILE:
    return "; the system has reached its limit of open files: raise it (sysctl fs.file-max)";
  case EACCES:
  case EPERM:
    return "; give this user the right to read and write there";
  case EROFS:
    return "; mount it for writing";
  case EFBIG:
    return "; raise the limit of the file size (ulimit -f)";
  case ESTALE:
    return "; the network folder went away: mount it again";
  default:
    return "";
  }
}

} // namespace

Error system_error(std::string_view doing, std::string_view path, int error_number) {
  const bool full = error_number == ENOSPC || error_number == EDQUOT;
  std::string message(path);
  message.append(": ").append(doing).append(": ");
  message.append(std::system_category().message(error_number)).append(advice(error_number));
  return {full ? errc::no_space : errc::io_error, std::move(message)};
}

tl::unexpected<Error> system_failure(std::string_view doing, std::string_view path, int error_number) {
  return tl::unexpected<Error>(system_error(doing, path, error_number));
}

Fd open_at(int folder, const char* path, int flags, mode_t mode) noexcept {
  int fd = -1;
  do fd = ::openat(folder, path, flags | O_CLOEXEC, mode);
  while (fd < 0 && errno == EINTR);
  return Fd(fd);
}

Result<void> write_all(int fd, std::string_view bytes, std::string_view shown) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd, bytes.data(), std::min(bytes.size(), bytes_per_call));
    if (n >= 0)
      bytes.remove_prefix(static_cast<std::size_t>(n));
    else if (errno != EINTR)
      return system_failure("cannot write", shown, errno);
  }
  return {};
}

Result<void> read_exactly(int fd, char* to, std::uint64_t length, std::uint64_t offset,
                          std::string_view shown) {
  while (length != 0) {
    const ssize_t n =
        ::pread(fd, to, std::min<std::uint64_t>(length, bytes_per_call), static_cast<off_t>(offset));
    if (n == 0) return failure(errc::damaged, std::string(shown) + ": the file ends early");
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return system_failure("cannot read", shown, errno);
    to += n;
    length -= static_cast<std::uint64_t>(n);
    offset += static_cast<std::uint64_t>(n);
  }
  return {};
}

Result<Buffer> read_buffer(int fd, std::uint64_t offset, std::uint64_t length, std::string_view shown) {
  if (length == 0) return Buffer();
  std::shared_ptr<char[]> bytes;
  try {
    bytes = std::make_shared_for_overwrite<char[]>(length);
  } catch (const std::bad_alloc&) {
    return failure(errc::limit_exceeded,
                   std::string(shown) + ": no memory for " + std::to_string(length) + " bytes");
  }
  if (auto read = read_exactly(fd, bytes.get(), length, offset, shown); !read)
    return tl::unexpected<Error>(std::move(read).error());
  const char* data = bytes.get();
  return Buffer(std::move(bytes), {data, length});
}

Result<void> sync_file(int fd, std::string_view shown) {
  int code = -1;
  do code = ::fsync(fd);
  while (code != 0 && errno == EINTR);
  if (code != 0) return system_failure("cannot make durable (fsync)", shown, errno);
  return {};
}

Result<void> sync_folder(int folder, const char* path, std::string_view shown) {
  Fd fd = open_at(folder, path, O_RDONLY | O_DIRECTORY);
  if (!fd) return system_failure("cannot open folder", shown, errno);
  int code = -1;
  do code = ::fsync(fd.get());
  while (code != 0 && errno == EINTR);
  // Some file systems (network and user-space ones) have no such call for folders and need none.
  if (code != 0 && errno != EINVAL && errno != ENOTSUP)
    return system_failure("cannot make durable (fsync)", shown, errno);
  return {};
}

} // namespace talaria

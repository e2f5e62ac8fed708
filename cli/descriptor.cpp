#include "cli/descriptor.hpp"

#include <cerrno>
#include <fcntl.h>
#include <system_error>
#include <unistd.h>

namespace talaria::cli {

void Descriptor::reset() noexcept {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

void occupy_standard_streams() noexcept {
  // open() takes the lowest free number.
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd)
    if (::fcntl(fd, F_GETFD) < 0 && ::open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) < 0)
      return;
}

Error system_error(const std::string& name, std::string_view what, int error_number) {
  const bool full = error_number == ENOSPC || error_number == EDQUOT;
  std::string message =
      name + ": " + std::string(what) + ": " + std::generic_category().message(error_number);
  if (full) message += "; free some space and try again";
  return {full ? errc::no_space : errc::io_error, std::move(message)};
}

int write_all(int fd, std::string_view bytes) noexcept {
  while (!bytes.empty()) {
    const auto written = ::write(fd, bytes.data(), bytes.size());
    if (written >= 0)
      bytes.remove_prefix(static_cast<std::size_t>(written));
    else if (errno != EINTR)
      return errno;
  }
  return 0;
}

} // namespace talaria::cli

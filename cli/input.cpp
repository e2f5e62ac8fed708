#include "cli/input.hpp"

#include "core/try.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

namespace talaria::cli {

namespace {

constexpr std::string_view standard_input = "standard input";
constexpr std::string_view reading_failed = "reading failed";
constexpr std::size_t copy_size = 256 << 10;

std::string shown(const std::string& path) {
  return path == "-" ? std::string(standard_input) : path;
}

// Opening a named pipe must not wait for its writer: poll() does.
Result<Descriptor> open_source(const std::string& path) {
  if (path == "-") {
    Descriptor fd(::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
    if (!fd) return tl::unexpected(system_error(shown(path), reading_failed, errno));
    return fd;
  }
  Descriptor fd(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  if (fd) return fd;
  if (errno == ENOENT || errno == ENOTDIR)
    return failure(errc::not_found, path + ": there is no such file");
  return tl::unexpected(system_error(path, "opening failed", errno));
}

// As read(), but waits as long as `stop` lets it; -1 with ECANCELED after that.
ssize_t read_waiting(int fd, char* out, std::size_t size, int stop) {
  while (true) {
    if (!wait_ready(fd, POLLIN, stop)) {
      errno = ECANCELED;
      return -1;
    }
    const auto got = ::read(fd, out, size);
    if (got >= 0 || (errno != EINTR && errno != EAGAIN)) return got;
  }
}

} // namespace

Result<InputFile> InputFile::open(const std::string& path, Interrupt& interrupt) {
  TALARIA_TRY_ASSIGN(auto fd, open_source(path));
  struct stat status {};
  if (::fstat(fd.get(), &status) == 0 && S_ISDIR(status.st_mode))
    return failure(errc::invalid_argument, path + ": this is a folder; right would be a file");
  return InputFile(std::move(fd), shown(path), interrupt.descriptor());
}

Result<std::size_t> InputFile::read(char* out, std::size_t size) {
  const auto got = read_waiting(fd_.get(), out, size, stop_);
  if (got >= 0) return static_cast<std::size_t>(got);
  if (errno == ECANCELED) return failure(errc::cancelled, "interrupted");
  return tl::unexpected(system_error(name_, reading_failed, errno));
}

Result<std::string> InputFile::read_all(std::size_t most) {
  std::string bytes;
  std::size_t size = 0;
  while (true) {
    if (size > most)
      return failure(errc::limit_exceeded,
                     name_ + ": more than the " + std::to_string(most) +
                         " bytes that a chunk may have with this memory: raise --memory");
    if (bytes.size() < size + copy_size) bytes.resize(std::max(2 * size, size + copy_size));
    TALARIA_TRY_ASSIGN(const auto got, read(bytes.data() + size, bytes.size() - size));
    if (got == 0) break;
    size += got;
  }
  bytes.resize(size);
  return bytes;
}

Result<bool> InputFile::read_line(std::string& line) {
  line.clear();
  while (true) {
    const auto end = buffer_.find('\n', at_);
    if (end != std::string::npos) {
      line.append(buffer_, at_, end - at_);
      at_ = end + 1;
      return true;
    }
    line.append(buffer_, at_);
    buffer_.resize(copy_size);
    at_ = 0;
    const auto got = read(buffer_.data(), buffer_.size());
    buffer_.resize(got ? *got : 0);
    if (!got) return tl::unexpected(got.error());
    if (*got == 0) return !line.empty();
  }
}

} // namespace talaria::cli

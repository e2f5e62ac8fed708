#include "sequence/source.hpp"

#include "core/try.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace talaria {
namespace {

std::string describe(int error) {
  return std::generic_category().message(error);
}

using CancelFlag = std::shared_ptr<const std::atomic<bool>>;

// How long a wait for input may overlook that it was cancelled.
constexpr int poll_milliseconds = 100;

// Closes what it opened; standard input stays open.
class FileSource final : public Source {
public:
  // `cancel` is set if reading may have to wait for somebody.
  FileSource(int fd, bool owned, std::string name, CancelFlag cancel)
      : fd_(fd), owned_(owned), name_(std::move(name)), cancel_(std::move(cancel)) {}
  FileSource(const FileSource&) = delete;
  FileSource& operator=(const FileSource&) = delete;
  ~FileSource() override {
    if (owned_) ::close(fd_);
  }

  Result<std::size_t> read(char* out, std::size_t size) override {
    constexpr std::size_t most = 1u << 30; // some systems refuse to read 2 GiB at once
    for (;;) {
      if (cancel_) TALARIA_TRY(wait());
      const ssize_t got = ::read(fd_, out, std::min(size, most));
      if (got >= 0) return static_cast<std::size_t>(got);
      if (errno != EINTR && errno != EAGAIN)
        return failure(errc::io_error, name_ + ": reading failed: " + describe(errno));
    }
  }

  std::string name() const override { return name_; }

private:
  // Until there is something to read, or the end, or an error that read() will tell.
  Result<void> wait() const {
    pollfd polled{fd_, POLLIN, 0};
    while (!cancel_->load(std::memory_order_relaxed)) {
      const int ready = ::poll(&polled, 1, poll_milliseconds);
      if (ready > 0 || (ready < 0 && errno != EINTR)) return {};
    }
    return failure(errc::cancelled, "cancelled");
  }

  int fd_;
  bool owned_;
  std::string name_;
  CancelFlag cancel_;
};

class MemorySource final : public Source {
public:
  MemorySource(std::string name, std::string bytes) : name_(std::move(name)), bytes_(std::move(bytes)) {}

  Result<std::size_t> read(char* out, std::size_t size) override {
    const std::size_t got = bytes_.copy(out, size, at_);
    at_ += got;
    return got;
  }

  std::string name() const override { return name_; }

private:
  std::string name_;
  std::string bytes_;
  std::size_t at_ = 0;
};

bool may_wait(mode_t mode) {
  return S_ISFIFO(mode) || S_ISCHR(mode) || S_ISSOCK(mode);
}

tl::unexpected<Error> open_failure(const std::string& path, int error) {
  if (error == ENOENT || error == ENOTDIR)
    return failure(errc::not_found, path + ": there is no such file");
  return failure(errc::io_error, path + ": opening failed: " + describe(error));
}

} // namespace

Result<std::unique_ptr<Source>> open_source(const std::string& path, CancelFlag cancel) {
  const bool standard = path == "-";
  std::string name = standard ? "standard input" : path;
  int fd = STDIN_FILENO;
  if (!standard) {
    // Opening a named pipe would wait for its writer, which wait() does.
    do fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | (cancel ? O_NONBLOCK : 0));
    while (fd < 0 && errno == EINTR);
    if (fd < 0) return open_failure(path, errno);
  }
  struct stat status {};
  const bool known = ::fstat(fd, &status) == 0;
  const int error = errno;
  if (known && !may_wait(status.st_mode)) cancel.reset();
  auto source = std::make_unique<FileSource>(fd, !standard, name, std::move(cancel));
  if (!known) return open_failure(name, error);
  if (S_ISDIR(status.st_mode))
    return failure(errc::invalid_argument, name + ": this is a directory; give the files in it");
#ifdef POSIX_FADV_SEQUENTIAL
  // Advice only: what it returns doesn't matter (a pipe refuses it).
  if (S_ISREG(status.st_mode)) ::posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
#endif
  return source;
}

std::unique_ptr<Source> memory_source(std::string name, std::string bytes) {
  return std::make_unique<MemorySource>(std::move(name), std::move(bytes));
}

SourceWindow::SourceWindow(std::unique_ptr<Source> source)
    : source_(std::move(source)), buffer_(std::make_unique_for_overwrite<char[]>(capacity)) {}

Result<void> SourceWindow::want(std::size_t size) {
  size = std::min(size, capacity);
  if (end_ - begin_ >= size) return {};
  std::memmove(buffer_.get(), buffer_.get() + begin_, end_ - begin_);
  end_ -= begin_;
  begin_ = 0;
  while (!ended_ && end_ < size) {
    TALARIA_TRY_ASSIGN(const std::size_t got, source_->read(buffer_.get() + end_, capacity - end_));
    end_ += got;
    ended_ = got == 0;
  }
  return {};
}

Result<std::size_t> SourceWindow::read(char* out, std::size_t size) {
  const std::size_t buffered = end_ - begin_;
  if (buffered == 0 && !ended_ && size > 0) {
    TALARIA_TRY_ASSIGN(const std::size_t got, source_->read(out, size));
    ended_ = got == 0;
    offset_ += got;
    return got;
  }
  const std::size_t taken = std::min(size, buffered);
  std::memcpy(out, buffer_.get() + begin_, taken);
  consume(taken);
  return taken;
}

} // namespace talaria

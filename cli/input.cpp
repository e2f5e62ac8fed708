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
ssize_t read_waiting(int fd, char* out, std::size_t size, int stop, int other_stop = -1) {
  while (true) {
    if (!wait_ready(fd, POLLIN, stop, other_stop)) {
      errno = ECANCELED;
      return -1;
    }
    const auto got = ::read(fd, out, size);
    if (got >= 0 || (errno != EINTR && errno != EAGAIN)) return got;
  }
}

bool may_wait(mode_t mode) {
  return S_ISFIFO(mode) || S_ISCHR(mode) || S_ISSOCK(mode);
}

} // namespace

Result<InputFile> InputFile::open(const std::string& path, const Interrupt& interrupt) {
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

InterruptibleInput::InterruptibleInput(std::string path, const Interrupt& interrupt)
    : original_(std::move(path)),
      path_(original_),
      stop_(interrupt.descriptor()),
      cancel_(interrupt.flag()) {}

Result<std::unique_ptr<InterruptibleInput>> InterruptibleInput::open(const std::string& path,
                                                                     const Interrupt& interrupt) {
  std::unique_ptr<InterruptibleInput> input(new InterruptibleInput(path, interrupt));
  struct stat status {};
  const int found = path == "-" ? ::fstat(STDIN_FILENO, &status) : ::stat(path.c_str(), &status);
  if (found == 0 && may_wait(status.st_mode)) TALARIA_TRY(input->start());
  return input;
}

Result<void> InterruptibleInput::start() {
  TALARIA_TRY_ASSIGN(source_, open_source(original_));
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0)
    return tl::unexpected(system_error("pipe", "making it failed", errno));
  const Descriptor reading_end(ends[0]);
  sink_ = Descriptor(ends[1]);
  (void)::fcntl(sink_.get(), F_SETPIPE_SZ, 1 << 20);
  (void)::fcntl(sink_.get(), F_SETFL, O_NONBLOCK);
  if (::dup2(reading_end.get(), STDIN_FILENO) < 0)
    return tl::unexpected(system_error(shown(original_), reading_failed, errno));
  path_ = "-";
  done_ = make_event();
  thread_ = std::thread([this] { copy(); });
  return {};
}

InterruptibleInput::~InterruptibleInput() {
  if (!thread_.joinable()) return;
  set_event(done_);
  thread_.join();
}

// However it ends, the store finds the end of its input. After a signal, the operation is cancelled, so
// it never takes that for the end of the file.
void InterruptibleInput::copy() {
  std::string buffer(copy_size, '\0');
  ssize_t got = 0;
  while ((got = read_waiting(source_.get(), buffer.data(), buffer.size(), stop_, done_.get())) > 0) {
    std::string_view rest(buffer.data(), static_cast<std::size_t>(got));
    while (!rest.empty() && wait_ready(sink_.get(), POLLOUT, stop_, done_.get())) {
      const auto written = ::write(sink_.get(), rest.data(), rest.size());
      if (written > 0) rest.remove_prefix(static_cast<std::size_t>(written));
    }
    if (!rest.empty()) break;
  }
  if (got < 0 && errno != ECANCELED) {
    read_error_ = errno;
    cancel_->store(true);
  }
  sink_.reset();
}

Error InterruptibleInput::explain(const Error& error) const {
  if (read_error_ != 0) return system_error(shown(original_), reading_failed, read_error_);
  const auto& message = error.message();
  if (path_ == original_ || !message.starts_with(standard_input)) return error;
  return {error.code(), original_ + message.substr(standard_input.size())};
}

} // namespace talaria::cli

#include "backends/file_lock.hpp"

#include "backends/posix_io.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <fcntl.h>
#include <sys/file.h>
#include <thread>

namespace talaria {

namespace {

using std::chrono::milliseconds;

// Waiting begins with short pauses, for locks that are held a moment, and ends with long ones.
constexpr auto first_pause = std::chrono::microseconds(500);
constexpr auto longest_pause = std::chrono::microseconds(50'000);
// A longer wait would overflow the clock.
constexpr milliseconds longest_patience = std::chrono::hours(24 * 365);

// 0 if the lock was taken, EWOULDBLOCK if another holds it, else the error.
int try_lock(int fd) noexcept {
  int code = -1;
  do code = ::flock(fd, LOCK_EX | LOCK_NB);
  while (code != 0 && errno == EINTR);
  return code == 0 ? 0 : errno;
}

// The lock serves without it, so a full disk is no obstacle.
void note_holder(int fd) noexcept {
  std::array<char, 24> text{};
  char* end = std::to_chars(text.data(), text.data() + text.size() - 1, ::getpid()).ptr;
  *end++ = '\n';
  if (::ftruncate(fd, 0) == 0) {
    [[maybe_unused]] auto written =
        ::pwrite(fd, text.data(), static_cast<std::size_t>(end - text.data()), 0);
  }
}

// " by process 4711", or nothing where the holder has not written its number.
std::string holder(int fd) {
  std::array<char, 24> text{};
  const auto n = ::pread(fd, text.data(), text.size(), 0);
  long pid = 0;
  if (n <= 0 || std::from_chars(text.data(), text.data() + n, pid).ec != std::errc() || pid <= 0)
    return "";
  return " by process " + std::to_string(pid);
}

} // namespace

Result<FileLock> FileLock::take(int folder, const std::string& path, milliseconds patience,
                                std::string_view what, std::string_view shown) {
  Fd fd = open_at(folder, path.c_str(), O_RDWR | O_CREAT, 0666);
  if (!fd) return system_failure("cannot open the lock file", shown, errno);
  const auto deadline =
      std::chrono::steady_clock::now() + std::clamp(patience, milliseconds(0), longest_patience);
  for (std::chrono::microseconds pause = first_pause;; pause = std::min(2 * pause, longest_pause)) {
    const int error_number = try_lock(fd.get());
    if (error_number == 0) break;
    if (error_number != EWOULDBLOCK) return system_failure("cannot lock", shown, error_number);
    const auto left = deadline - std::chrono::steady_clock::now();
    if (left <= left.zero())
      return failure(errc::locked, std::string(what) + " is held" + holder(fd.get()) + " (" +
                                       std::string(shown) + "); wait for it to end, then try again");
    std::this_thread::sleep_for(std::min<std::chrono::nanoseconds>(left, pause));
  }
  note_holder(fd.get());
  return FileLock(std::move(fd));
}

FileLock::~FileLock() {
  if (!fd_) return;
  [[maybe_unused]] const int code = ::ftruncate(fd_.get(), 0);
  // Explicitly, since a forked child may still have the descriptor open.
  ::flock(fd_.get(), LOCK_UN);
}

} // namespace talaria

#include "cli/interrupt.hpp"

#include "cli/exit_code.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

namespace talaria::cli {

namespace {

// What the caller told us to ignore (nohup, a shell's background job) stays ignored; blocked, it would
// not.
sigset_t watched_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : {SIGINT, SIGTERM}) {
    struct sigaction action {};
    if (::sigaction(number, nullptr, &action) != 0 || action.sa_handler != SIG_IGN)
      sigaddset(&set, number);
  }
  return set;
}

// An event that never ends once it is set.
Descriptor make_event() noexcept {
  return Descriptor(::eventfd(0, EFD_CLOEXEC));
}

void set_event(const Descriptor& event) noexcept {
  (void)::eventfd_write(event.get(), 1);
}

[[noreturn]] void end_at_once() {
  // A progress line may stand on the terminal.
  if (::isatty(STDERR_FILENO)) (void)write_all(STDERR_FILENO, "\r\x1b[K");
  ::_exit(static_cast<int>(ExitCode::interrupted));
}

} // namespace

bool wait_ready(int fd, short events, int stop) noexcept {
  std::array<pollfd, 2> polled{{{fd, events, 0}, {stop, POLLIN, 0}}};
  while (::poll(polled.data(), polled.size(), -1) < 0 && errno == EINTR) {
  }
  return polled[1].revents == 0;
}

Interrupt::Interrupt() {
  struct sigaction action {};
  action.sa_handler = [](int) { end_at_once(); };
  const sigset_t set = watched_signals();
  for (const int number : {SIGINT, SIGTERM})
    if (sigismember(&set, number) == 1) ::sigaction(number, &action, nullptr);
  // A reader that went away is an error of write(), not the end.
  ::signal(SIGPIPE, SIG_IGN);
}

void Interrupt::watch() {
  if (thread_.joinable()) return;
  const sigset_t set = watched_signals();
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
  requested_ = make_event();
  stop_ = make_event();
  signals_ = Descriptor(::signalfd(-1, &set, SFD_CLOEXEC));
  thread_ = std::thread([this] { wait_for_signals(); });
}

Interrupt::~Interrupt() {
  if (!thread_.joinable()) return;
  set_event(stop_);
  thread_.join();
}

void Interrupt::wait_for_signals() {
  while (wait_ready(signals_.get(), POLLIN, stop_.get())) {
    signalfd_siginfo info{};
    if (::read(signals_.get(), &info, sizeof info) != static_cast<ssize_t>(sizeof info)) return;
    if (signalled_.exchange(true) || orderly_ == 0) end_at_once();
    flag_->store(true);
    set_event(requested_);
  }
}

} // namespace talaria::cli

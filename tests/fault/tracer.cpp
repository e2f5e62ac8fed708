#include "tests/fault/tracer.hpp"

#include "tests/fault/fixture.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <map>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

namespace talaria::test {

namespace {

#ifdef __x86_64__
constexpr bool supported = true;

const std::map<std::string, std::uint64_t>& calls() {
  static const std::map<std::string, std::uint64_t> numbers{
      {"write", SYS_write},         {"writev", SYS_writev},
      {"pwrite64", SYS_pwrite64},   {"fsync", SYS_fsync},
      {"fdatasync", SYS_fdatasync}, {"rename", SYS_rename},
      {"renameat", SYS_renameat},   {"renameat2", SYS_renameat2},
      {"link", SYS_link},           {"linkat", SYS_linkat},
      {"unlink", SYS_unlink},       {"unlinkat", SYS_unlinkat},
      {"openat", SYS_openat},       {"mkdir", SYS_mkdir},
      {"mkdirat", SYS_mkdirat},     {"ftruncate", SYS_ftruncate},
      {"flock", SYS_flock},         {"sync_file_range", SYS_sync_file_range},
      {"pread64", SYS_pread64},     {"mmap", SYS_mmap}};
  return numbers;
}

void set_register(pid_t thread, std::size_t offset, std::int64_t value) {
  ::ptrace(PTRACE_POKEUSER, thread, offset, value);
}

// Makes the call that is about to be made none.
void skip_call(pid_t thread) {
  set_register(thread, offsetof(user_regs_struct, orig_rax), -1);
}

void set_result(pid_t thread, std::int64_t value) {
  set_register(thread, offsetof(user_regs_struct, rax), value);
}
#else
constexpr bool supported = false;
const std::map<std::string, std::uint64_t>& calls() {
  static const std::map<std::string, std::uint64_t> none;
  return none;
}
void skip_call(pid_t) {}
void set_result(pid_t, std::int64_t) {}
#endif

std::string text_at(pid_t thread, std::uint64_t address) {
  std::array<char, 4096> buffer{};
  // Not over the end of a page: the next one may not be there.
  const std::size_t size = buffer.size() - address % buffer.size();
  iovec local{buffer.data(), size};
  iovec remote{reinterpret_cast<void*>(address), size};
  const auto got = ::process_vm_readv(thread, &local, 1, &remote, 1, 0);
  if (got <= 0) return {};
  return {buffer.data(), ::strnlen(buffer.data(), static_cast<std::size_t>(got))};
}

// The path of the file behind a descriptor; something else than a path for what is no file.
std::string file_behind(pid_t thread, std::uint64_t fd) {
  std::array<char, 4096> target{};
  const std::string link = "/proc/" + std::to_string(thread) + "/fd/" + std::to_string(fd);
  const auto size = ::readlink(link.c_str(), target.data(), target.size());
  return {target.data(), static_cast<std::size_t>(std::max<ssize_t>(size, 0))};
}

class Tracer {
public:
  Tracer(const std::string& folder, const Change& change)
      : folder_(folder),
        real_folder_(std::filesystem::canonical(folder)),
        change_(change),
        number_(calls().at(change.call)) {}

  // The status of the program `pid`, which has stopped itself.
  int trace(pid_t pid) {
    int status = 0;
    ::waitpid(pid, &status, __WALL);
    ::ptrace(PTRACE_SETOPTIONS, pid, nullptr,
             PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL);
    ::ptrace(PTRACE_SYSCALL, pid, nullptr, nullptr);
    for (;;) {
      const pid_t thread = ::waitpid(-1, &status, __WALL);
      if (thread < 0) return status;
      if (WIFSTOPPED(status))
        ::ptrace(PTRACE_SYSCALL, thread, nullptr, signal_to_pass(pid, thread, status));
      else if (thread == pid)
        return status;
    }
  }

  bool happened() const { return happened_; }

private:
  std::intptr_t signal_to_pass(pid_t pid, pid_t thread, int status) {
    const int signal = WSTOPSIG(status);
    if (status >> 16 == PTRACE_EVENT_EXEC) started_ = true;
    if (signal == (SIGTRAP | 0x80)) at_call(pid, thread);
    // The first stop of a new thread, and events of the tracing itself, are not the program's.
    if (signal == (SIGTRAP | 0x80) || signal == SIGSTOP || status >> 16 != 0) return 0;
    return signal;
  }

  void at_call(pid_t pid, pid_t thread) {
    __ptrace_syscall_info info{};
    if (::ptrace(PTRACE_GET_SYSCALL_INFO, thread, sizeof info, &info) <= 0) return;
    if (info.op == PTRACE_SYSCALL_INFO_EXIT && thread == changed_) {
      set_result(thread, -change_.error);
      changed_ = 0;
    }
    if (info.op != PTRACE_SYSCALL_INFO_ENTRY || !counts(thread, info) || ++seen_ != change_.n) return;
    happened_ = true;
    if (change_.error == 0) {
      ::kill(pid, SIGKILL);
    } else {
      skip_call(thread);
      changed_ = thread;
    }
  }

  bool counts(pid_t thread, const __ptrace_syscall_info& info) const {
    if (!started_ || info.entry.nr != number_) return false;
    if (change_.call == "write" || change_.call == "pread64")
      return file_behind(thread, info.entry.args[0]).starts_with(real_folder_);
    if (change_.call != "openat" || static_cast<int>(info.entry.args[0]) != AT_FDCWD) return true;
    return text_at(thread, info.entry.args[1]).starts_with(folder_);
  }

  const std::string folder_;
  const std::string real_folder_; // as the system says it
  const Change change_;
  const std::uint64_t number_;
  bool started_ = false; // the child has become the program
  int seen_ = 0;
  bool happened_ = false;
  pid_t changed_ = 0; // the thread within the call whose result is to be changed
};

} // namespace

Injected run_changed(const std::string& folder, const Arguments& command, const Change& change) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
    ::raise(SIGSTOP);
    become(folder, command);
  }
  Tracer tracer(folder, change);
  const int status = tracer.trace(pid);
  return {outcome_of(folder, status), tracer.happened()};
}

std::string why_no_changes(const std::string& folder) {
  if (!supported) return "system calls are changed on x86-64 only";
  const pid_t pid = ::fork();
  if (pid == 0) ::_exit(::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) == 0 ? 0 : 1);
  int status = 0;
  ::waitpid(pid, &status, 0);
  if (status != 0) return "ptrace is not allowed here";
  const auto failed = run_changed(folder, {"mkdir", folder + "/never"}, {"mkdir", ENOSPC, 1});
  return failed.happened && failed.outcome.code != 0 ? "" : "ptrace does not change calls here";
}

} // namespace talaria::test

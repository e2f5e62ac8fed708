#include "tests/fault/fixture.hpp"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <sys/mount.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace talaria::test {

namespace fs = std::filesystem;

namespace {

// More calls than any swept command makes; so a sweep that never ends is a failure, not a hang.
constexpr int calls_max = 400;

std::size_t count_files(const fs::path& folder) {
  if (!fs::exists(folder)) return 0;
  std::size_t count = 0;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) count += !entry.is_directory();
  return count;
}

} // namespace

void become(const std::string& folder, const Arguments& command) {
  redirect("/dev/null", O_RDONLY, STDIN_FILENO);
  redirect(folder + "/executed.out", O_WRONLY | O_CREAT | O_TRUNC, STDOUT_FILENO);
  redirect(folder + "/executed.err", O_WRONLY | O_CREAT | O_TRUNC, STDERR_FILENO);
  for (const char* name : {"TALARIA_REPO", "TALARIA_CONFIG", "TALARIA_THREADS", "TALARIA_MEMORY",
                           "TALARIA_CACHE", "TALARIA_BLOCK_SIZE", "TALARIA_PACK_SIZE", "TALARIA_CODEC",
                           "TALARIA_LEVEL", "TALARIA_LOCK_WAIT"})
    ::unsetenv(name);
  std::vector<char*> argv;
  for (const auto& argument : command) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  if (::chdir(folder.c_str()) != 0) ::_exit(97);
  ::execvp(argv[0], argv.data());
  ::_exit(127);
}

Outcome outcome_of(const std::string& folder, int status) {
  const int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return {code, content(folder + "/executed.out"), content(folder + "/executed.err")};
}

Outcome execute(const std::string& folder, const Arguments& command) {
  const pid_t pid = ::fork();
  if (pid == 0) become(folder, command);
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  int status = 0;
  bool late = false;
  while (::waitpid(pid, &status, WNOHANG) == 0) {
    if (!late && std::chrono::steady_clock::now() > deadline) {
      late = true;
      ::kill(pid, SIGKILL);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  auto outcome = outcome_of(folder, status);
  if (late) outcome.code = -1;
  return outcome;
}

void FaultTest::make_first_release() {
  first_ = fasta(200, 1);
  second_ = fasta(120, 1) + fasta(200, 2);
  write("first.fasta", first_);
  write("second.fasta", second_);
  make_repository();
  done({"ingest", path("first.fasta"), "--release", "db@1"});
  keep();
  done(ingest_second());
  whole_ = object_counts();
  restore();
}

void FaultTest::sweep(const std::string& call, int error, const Arguments& arguments, int stride,
                      const std::function<void()>& prepare,
                      const std::function<void(const Injected&)>& check) const {
  Arguments command{TALARIA_PROGRAM, "--repo", path("repo"), "--threads", "2"};
  command.insert(command.end(), arguments.begin(), arguments.end());
  for (int n = 1;; n += stride) {
    SCOPED_TRACE(call + ", number " + std::to_string(n));
    ASSERT_LT(n, calls_max);
    prepare();
    const auto injected = run_changed(folder(), command, {call, error, n});
    check(injected);
    if (!injected.happened || HasFatalFailure()) return;
  }
}

void FaultTest::keep() const {
  fs::remove_all(path("kept"));
  fs::copy(path("repo"), path("kept"), fs::copy_options::recursive);
}

void FaultTest::restore() const {
  fs::remove_all(path("repo"));
  if (fs::exists(path("kept"))) fs::copy(path("kept"), path("repo"), fs::copy_options::recursive);
}

void FaultTest::expect_survived() const {
  const auto there = releases();
  EXPECT_TRUE(there == std::vector<std::string>{"db@1"} ||
              there == (std::vector<std::string>{"db@1", "db@2"}))
      << testing::PrintToString(there);
  if (there.size() == 2) expect_exports("db@2", second_);
  expect_sound();
  done(ingest_second());
  expect_exports("db@2", second_);
  EXPECT_EQ(object_counts(), whole_);
}

void FaultTest::expect_sound() const {
  expect_exports("db@1", first_);
  const auto verified = run({"verify"});
  EXPECT_EQ(verified.code, 0) << verified.out << verified.err;
}

void FaultTest::expect_exports(const std::string& release, const std::string& bytes) const {
  const auto outcome = run({"export", release});
  EXPECT_EQ(outcome.code, 0) << release << ": " << outcome.err;
  EXPECT_TRUE(outcome.out == bytes) << release << ": " << outcome.out.size() << " bytes instead of "
                                    << bytes.size() << ", or others";
}

std::vector<std::string> FaultTest::releases() const {
  const auto outcome = done({"releases", "--json"});
  std::vector<std::string> names;
  if (outcome.code != 0) return names;
  const auto list = outcome.json();
  for (const auto& release : list.at("releases"))
    names.push_back(release.at("name").get<std::string>() + "@" +
                    release.at("version").get<std::string>());
  return names;
}

std::map<std::string, std::size_t> FaultTest::object_counts() const {
  std::map<std::string, std::size_t> counts;
  for (const char* name : {"packs", "index", "pages", "releases", ".tmp"})
    counts[name] = count_files(path("repo") + "/" + name);
  return counts;
}

Mount::~Mount() {
  if (mounted_ && ::umount(at_.c_str()) != 0) ::umount2(at_.c_str(), MNT_DETACH);
}

bool Mount::mount(const Arguments& options) {
  fs::create_directories(at_);
  Arguments command{"mount"};
  command.insert(command.end(), options.begin(), options.end());
  command.push_back(at_);
  mounted_ = execute(fs::path(at_).parent_path(), command).code == 0;
  return mounted_;
}

void Mount::unmount() {
  EXPECT_EQ(::umount(at_.c_str()), 0) << at_;
  mounted_ = false;
}

} // namespace talaria::test

#include "tests/cli/program.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>
#include <sys/stat.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace talaria::test {

std::string content(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

void redirect(const std::string& path, int flags, int target) {
  const int fd = ::open(path.c_str(), flags, 0600);
  if (fd < 0 || ::dup2(fd, target) < 0) ::_exit(99);
  ::close(fd);
}

namespace {

[[noreturn]] void become_program(const Arguments& arguments, const Variables& variables) {
  // What the test runner ignores or sets is not the program's affair.
  ::signal(SIGINT, SIG_DFL);
  ::signal(SIGTERM, SIG_DFL);
  ::signal(SIGPIPE, SIG_DFL);
  for (const char* name : {"TALARIA_REPO", "TALARIA_CONFIG", "TALARIA_THREADS", "TALARIA_MEMORY",
                           "TALARIA_CACHE", "TALARIA_BLOCK_SIZE", "TALARIA_PACK_SIZE",
                           "TALARIA_PAGE_CHAIN", "TALARIA_CODEC", "TALARIA_LEVEL", "TALARIA_LOCK_WAIT"})
    ::unsetenv(name);
  for (const auto& [name, value] : variables) ::setenv(name.c_str(), value.c_str(), 1);
  std::vector<char*> argv{const_cast<char*>(TALARIA_PROGRAM)};
  for (const auto& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  ::execv(TALARIA_PROGRAM, argv.data());
  ::_exit(98);
}

} // namespace

Program::Program(const std::string& folder, const Arguments& arguments, const Variables& variables,
                 const std::string& input, const std::string& output) {
  static int number = 0;
  const std::string base = folder + "/said." + std::to_string(++number);
  out_ = output.empty() ? base + ".out" : output;
  err_ = base + ".err";
  pid_ = ::fork();
  if (pid_ != 0) return;
  redirect(input, O_RDONLY, STDIN_FILENO);
  redirect(out_, O_WRONLY | O_CREAT, STDOUT_FILENO);
  redirect(err_, O_WRONLY | O_CREAT, STDERR_FILENO);
  if (::chdir(folder.c_str()) != 0) ::_exit(97);
  become_program(arguments, variables);
}

Program::~Program() {
  if (pid_ > 0) {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
}

void Program::signal(int number) const {
  ::kill(pid_, number);
}

Outcome Program::wait() {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  int status = 0;
  while (::waitpid(pid_, &status, WNOHANG) == 0) {
    if (std::chrono::steady_clock::now() > deadline) return {-1, content(out_), content(err_)};
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  pid_ = -1;
  const bool special = out_.starts_with("/dev/");
  return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), special ? "" : content(out_),
          content(err_)};
}

ProgramTest::ProgramTest() {
  std::string pattern = testing::TempDir() + "talaria-cli-XXXXXX";
  folder_ = ::mkdtemp(pattern.data());
}

ProgramTest::~ProgramTest() {
  std::filesystem::remove_all(folder_);
}

std::string ProgramTest::write(const std::string& name, std::string_view bytes) const {
  std::ofstream(path(name), std::ios::binary) << bytes;
  return path(name);
}

std::string ProgramTest::read(const std::string& name) const {
  return content(path(name));
}

std::vector<std::string> ProgramTest::files(const std::string& name) const {
  std::vector<std::string> found;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(path(name)))
    if (entry.is_regular_file() && entry.path().extension() != ".lock") found.push_back(entry.path());
  std::sort(found.begin(), found.end());
  return found;
}

Outcome ProgramTest::run(Arguments arguments, const std::string& input,
                         const Variables& variables) const {
  arguments.insert(arguments.begin(), {"--repo", path("repo"), "--threads", "2"});
  return Program(folder_, arguments, variables, input).wait();
}

std::unique_ptr<Program> ProgramTest::start(Arguments arguments) const {
  arguments.insert(arguments.begin(), {"--repo", path("repo"), "--threads", "2"});
  return std::make_unique<Program>(folder_, arguments);
}

Outcome ProgramTest::done(Arguments arguments, const std::string& input) const {
  auto outcome = run(std::move(arguments), input);
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  return outcome;
}

std::string ProgramTest::fasta(int records, int seed) {
  std::minstd_rand random(static_cast<unsigned>(seed));
  constexpr std::string_view letters = "ACDEFGHIKLMNPQRSTVWY";
  std::string text;
  for (int i = 1; i <= records; ++i) {
    std::string number = std::to_string(i);
    text += ">sp|P" + std::string(5 - std::min<std::size_t>(5, number.size()), '0') + number +
            "|X_Y protein " + number + "\n";
    for (int line = 0; line < 3; ++line) {
      for (int j = 0; j < 60; ++j) text += letters[random() % letters.size()];
      text += '\n';
    }
  }
  return text;
}

void ProgramTest::make_release() const {
  make_repository();
  done({"ingest", write("db.fasta", fasta(50)), "--release", "db@1"});
}

Fifo::Fifo(const std::string& path) : path_(path) {
  EXPECT_EQ(::mkfifo(path.c_str(), 0600), 0);
}

void Fifo::write(std::string_view bytes) {
  if (fd_ < 0) fd_ = ::open(path_.c_str(), O_WRONLY | O_CLOEXEC);
  while (!bytes.empty()) {
    const auto written = ::write(fd_, bytes.data(), bytes.size());
    ASSERT_GT(written, 0);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

void Fifo::close() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

} // namespace talaria::test

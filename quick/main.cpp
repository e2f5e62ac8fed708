// The program `talaria`: it runs the commands that only read, and becomes talaria-full for the others.
// It needs neither CAF nor most other libraries, whose loading would take longer than a read (decision
// 0015).
#include "cli/commands.hpp"
#include "cli/interrupt.hpp"
#include "cli/run.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <string>
#include <string_view>
#include <unistd.h>
#include <vector>

namespace {

using namespace talaria::cli;

void add_chunk_reads(CLI::App& app, Action& chosen) {
  add_chunk_get(add_chunk_group(app), chosen);
}

struct Command {
  std::string_view name;
  AddCommand add;
};
constexpr std::array<Command, 5> commands{{{"get", add_get},
                                           {"releases", add_releases},
                                           {"stats", add_stats},
                                           {"chunk", add_chunk_reads},
                                           {"version", add_version}}};

// Only those that the line may ask for are declared: to declare one takes 10 us.
std::vector<AddCommand> named_commands(int argc, char** argv) {
  std::vector<AddCommand> named;
  for (auto& command : commands)
    if (std::find(argv, argv + argc, command.name) != argv + argc) named.push_back(command.add);
  return named;
}

std::string folder_of_program() {
  std::string path(PATH_MAX, '\0');
  const auto size = ::readlink("/proc/self/exe", path.data(), path.size());
  path.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
  return path.substr(0, path.find_last_of('/') + 1);
}

// Returns only if it failed. In a build, the program lies beside this one.
ExitCode become_full_program(int argc, char** argv) {
  const auto folder = folder_of_program();
  if (!folder.empty())
    for (const char* place : {"talaria-full", TALARIA_BIN_TO_LIBEXEC "/talaria-full"})
      ::execv((folder + place).c_str(), argv);
  report_error({talaria::errc::unavailable,
                "talaria-full, which runs this command, can't be started: " +
                    system_error(folder + "talaria-full", "running it failed", errno).message() +
                    "; install both programs"},
               std::find(argv, argv + argc, std::string_view("--json")) != argv + argc);
  return ExitCode::failed;
}

} // namespace

int main(int argc, char** argv) {
  const auto line = read_if_known(argc, argv, named_commands(argc, argv));
  if (!line) return static_cast<int>(become_full_program(argc, argv));
  prepare_process();
  Interrupt interrupt;
  return static_cast<int>(run(*line, interrupt));
}

// The command line: the global options, which may stand before or after the command, and the command.
#pragma once

#include "cli/session.hpp"

#include <optional>
#include <span>

namespace CLI {
class App;
}

namespace talaria::cli {

struct CommandLine {
  GlobalOptions options;
  Action action;
};

// Declares a command (cli/commands.hpp).
using AddCommand = void (*)(CLI::App& app, Action& chosen);

// Reads the command line and the environment variables TALARIA_REPO and TALARIA_CONFIG. If there is
// nothing left to do (--help) or it makes no sense, says so and returns the exit code instead.
tl::expected<CommandLine, ExitCode> read_command_line(int argc, char** argv,
                                                      std::span<const AddCommand> commands);

// For a program that has some of the commands: nothing if the line asks for anything else, or if it
// makes no sense.
std::optional<CommandLine> read_if_known(int argc, char** argv, std::span<const AddCommand> commands);

} // namespace talaria::cli

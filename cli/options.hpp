// The command line: the global options, which may stand before or after the command, and the command.
#pragma once

#include "cli/session.hpp"

namespace talaria::cli {

struct CommandLine {
  GlobalOptions options;
  Action action;
};

// Reads the command line and the environment variables TALARIA_REPO and TALARIA_CONFIG. If there is
// nothing left to do (--help) or it makes no sense, says so and returns the exit code instead.
tl::expected<CommandLine, ExitCode> read_command_line(int argc, char** argv);

} // namespace talaria::cli

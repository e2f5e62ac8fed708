// How a program runs a command, from its options to the exit code.
#pragma once

#include "cli/options.hpp"

namespace talaria::cli {

// What a program does first: it sets up memory and the standard streams.
void prepare_process() noexcept;

// Runs the command and reports what failed.
ExitCode run(const CommandLine& line, Interrupt& interrupt);

} // namespace talaria::cli

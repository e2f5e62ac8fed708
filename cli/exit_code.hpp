// The exit codes of the program: the only place where they and their meaning are decided.
#pragma once

#include "talaria/error.hpp"

namespace talaria::cli {

enum class ExitCode : int {
  done = 0,
  failed = 1,         // something failed, or something asked for was not found
  usage = 2,          // the command line, the configuration or a value in them is not usable
  damaged = 3,        // stored data are damaged
  no_repository = 10, // there is no repository at that place
  locked = 11,        // another writer holds the repository
  interrupted = 130,  // SIGINT or SIGTERM
};

ExitCode exit_code_of(errc code) noexcept;

// The table above as --help shows it.
const char* exit_code_help() noexcept;

} // namespace talaria::cli

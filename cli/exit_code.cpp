#include "cli/exit_code.hpp"

namespace talaria::cli {

ExitCode exit_code_of(errc code) noexcept {
  switch (code) {
  case errc::invalid_argument:
    return ExitCode::usage;
  case errc::damaged:
    return ExitCode::damaged;
  case errc::no_repository:
    return ExitCode::no_repository;
  case errc::locked:
    return ExitCode::locked;
  case errc::cancelled:
    return ExitCode::interrupted;
  default:
    return ExitCode::failed;
  }
}

const char* exit_code_help() noexcept {
  return "Exit codes:\n"
         "  0    done\n"
         "  1    failed, or something asked for was not found\n"
         "  2    wrong usage: command line, configuration or a value in them\n"
         "  3    damaged data found\n"
         "  10   no repository at that place\n"
         "  11   locked by another writer (--wait SECONDS waits for it)\n"
         "  130  interrupted\n";
}

} // namespace talaria::cli

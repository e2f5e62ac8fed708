// The program `talaria`.
#include "cli/descriptor.hpp"
#include "cli/interrupt.hpp"
#include "cli/options.hpp"

namespace talaria::cli {
namespace {

ExitCode run(const CommandLine& line, Interrupt& interrupt) {
  Session session(line.options, interrupt);
  Result<ExitCode> result = failure(errc::internal, "the command did nothing");
  try {
    result = line.action(session);
  } catch (const std::bad_alloc&) {
    result = failure(errc::limit_exceeded, "memory is exhausted: lower the setting 'memory'");
  } catch (const std::exception& e) {
    result = failure(errc::internal, std::string("unexpected failure: ") + e.what());
  }
  if (result) return *result;
  // What fails because it was interrupted may put it in other words.
  const Error error = interrupt.requested() ? Error(errc::cancelled, "interrupted") : result.error();
  session.report(error);
  return exit_code_of(error.code());
}

} // namespace
} // namespace talaria::cli

int main(int argc, char** argv) {
  using namespace talaria::cli;
  occupy_standard_streams();
  Interrupt interrupt;
  const auto line = read_command_line(argc, argv);
  return static_cast<int>(line ? run(*line, interrupt) : line.error());
}

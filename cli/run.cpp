#include "cli/run.hpp"

#include "cli/descriptor.hpp"

#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace talaria::cli {

// Buffers of a megabyte come and go all the time; without this, glibc returns each to the operating
// system and asks for it again, page by page.
void prepare_process() noexcept {
#ifdef __GLIBC__
  mallopt(M_MMAP_THRESHOLD, 32 << 20);
  mallopt(M_TRIM_THRESHOLD, 256 << 20);
#endif
  occupy_standard_streams();
}

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

} // namespace talaria::cli

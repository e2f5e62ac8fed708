// Errors of Talaria: one enumeration, one error value, one result type.
//
// Every operation that can fail returns Result<T>; no function of the public API throws on bad input,
// damaged data or a failing disk. Values of this header are immutable and may be shared by threads.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>

namespace talaria {

// What kind of failure it was. The message of an Error says what failed, on what, and what to do.
enum class errc : std::uint8_t {
  not_found = 1,     // the release, sequence, chunk or object does not exist
  exists,            // a release of that name exists with other content
  invalid_argument,  // the caller's value is not usable
  unsupported_input, // the input is not a sequence file that Talaria reads
  corrupt_input,     // the input is truncated or damaged
  damaged,           // stored data fail their checksum or contradict each other
  io_error,          // the operating system or backend reported an error
  no_space,          // the disk or quota is full
  locked,            // another writer holds the repository
  no_repository,     // there is no repository at that place
  conflict,          // another writer moved the ref first
  limit_exceeded,    // a stated bound would have been passed
  in_use,            // a release, or a chunk that differs from it, still needs it
  cancelled,         // the operation was stopped by its caller
  unavailable,       // the runtime is shutting down or lost an actor
  internal,          // a broken invariant: a defect of Talaria
};

// The name of an error code, as `--json` prints it ("not_found"). Never empty.
std::string_view to_string(errc code) noexcept;

class Error {
public:
  Error(errc code, std::string message) : code_(code), message_(std::move(message)) {}

  errc code() const noexcept { return code_; }
  const std::string& message() const noexcept { return message_; }

  // The same error, its message led by `context` and a colon.
  Error within(std::string_view context) const {
    return {code_, std::string(context) + ": " + message_};
  }

private:
  errc code_;
  std::string message_;
};

template <class T>
using Result = tl::expected<T, Error>;

// Shorthand for `return failure(errc::not_found, "...")` in a function that returns Result<T>.
inline tl::unexpected<Error> failure(errc code, std::string message) {
  return tl::unexpected<Error>(Error{code, std::move(message)});
}

} // namespace talaria

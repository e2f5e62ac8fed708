// Where results go: standard output, or a file that appears only when it is whole.
#pragma once

#include "cli/descriptor.hpp"
#include "talaria/error.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace talaria::cli {

// Bytes on their way out; small writes are gathered. Used by one thread at a time. Without commit(),
// nothing is promised of what was written.
class Output {
public:
  virtual ~Output() = default;

  // errc::no_space or errc::io_error. After an error, nothing more is taken.
  Result<void> write(std::string_view bytes);

  // Writes what is gathered and, for a file, makes it durable under its name.
  Result<void> commit();

  // Whether the reader of standard output went away: a program that filters has nothing to say then.
  bool reader_left() const { return reader_left_; }

  // Whether there is an unfinished file to remove.
  virtual bool is_file() const { return false; }

protected:
  Output(Descriptor fd, std::string name) : fd_(std::move(fd)), name_(std::move(name)) {}
  virtual Result<void> publish() { return {}; }

  const Descriptor fd_;
  const std::string name_;

private:
  Result<void> flush(std::string_view bytes);

  std::string gathered_;
  bool reader_left_ = false;
};

// Standard output for an empty path. Otherwise a file: it is written as PATH.partial.NUMBER beside it,
// removed when the object is destroyed, and renamed by commit(). A path that is no regular file (a pipe,
// a device) is written directly.
Result<std::unique_ptr<Output>> open_output(const std::string& path);

} // namespace talaria::cli

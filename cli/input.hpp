// Input that may never come: a pipe or a terminal. Waiting for it ends with the first signal.
#pragma once

#include "cli/descriptor.hpp"
#include "cli/interrupt.hpp"

#include <string>

namespace talaria::cli {

// Reads a file, or standard input for "-". Used by one thread at a time.
class InputFile {
public:
  // errc::not_found, errc::io_error; errc::invalid_argument for a folder.
  static Result<InputFile> open(const std::string& path, Interrupt& interrupt);

  // Up to `size` bytes; 0 at the end. errc::cancelled after a signal.
  Result<std::size_t> read(char* out, std::size_t size);

  // Everything that is left; errc::limit_exceeded beyond `most` bytes.
  Result<std::string> read_all(std::size_t most);

  // The next line without its end; false at the end.
  Result<bool> read_line(std::string& line);

  const std::string& name() const { return name_; }

private:
  InputFile(Descriptor fd, std::string name, int stop)
      : fd_(std::move(fd)), name_(std::move(name)), stop_(stop) {}

  Descriptor fd_;
  std::string name_;
  int stop_;
  std::string buffer_; // for lines
  std::size_t at_ = 0;
};

} // namespace talaria::cli

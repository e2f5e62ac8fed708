// Input that may never come: a pipe or a terminal. Waiting for it ends with the first signal.
#pragma once

#include "cli/descriptor.hpp"
#include "cli/interrupt.hpp"

#include <memory>
#include <string>
#include <thread>

namespace talaria::cli {

// Reads a file, or standard input for "-". Used by one thread at a time.
class InputFile {
public:
  // errc::not_found, errc::io_error; errc::invalid_argument for a folder.
  static Result<InputFile> open(const std::string& path, const Interrupt& interrupt);

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

// Stands between a pipe and the store, whose reading can't be interrupted: copies it into a pipe that
// replaces standard input, and ends that one with the first signal. For a regular file, it does nothing.
// If reading fails, the operation is cancelled, for the store could only see the end of its input.
class InterruptibleInput {
public:
  static Result<std::unique_ptr<InterruptibleInput>> open(const std::string& path,
                                                          const Interrupt& interrupt);
  ~InterruptibleInput();
  InterruptibleInput(const InterruptibleInput&) = delete;
  InterruptibleInput& operator=(const InterruptibleInput&) = delete;

  // What the store shall read.
  const std::string& path() const { return path_; }

  // The error of the store in the user's terms: reading failed, or with the name that was given.
  Error explain(const Error& error) const;

private:
  InterruptibleInput(std::string path, const Interrupt& interrupt);
  Result<void> start();
  void copy();

  std::string original_;
  std::string path_;
  int stop_;
  std::shared_ptr<std::atomic<bool>> cancel_;
  std::atomic<int> read_error_{0};
  Descriptor source_;
  Descriptor sink_;
  Descriptor done_; // ends the thread when the store is done
  std::thread thread_;
};

} // namespace talaria::cli

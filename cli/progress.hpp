// How far a long operation is, on a terminal: one line on standard error, rewritten in place.
#pragma once

#include "talaria/store.hpp"

#include <chrono>
#include <functional>
#include <mutex>
#include <string>

namespace talaria::cli {

// Shows nothing unless standard error is a terminal. The line is gone when the object is.
class ProgressLine {
public:
  explicit ProgressLine(bool wanted);
  ~ProgressLine() { clear(); }
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  // For OperationOptions; empty if nothing is shown. The object must outlive the operation.
  std::function<void(const Progress&)> callback();

  // Takes the line from the terminal, so that a message can stand there. Any thread may call it.
  void clear();

private:
  void show(const Progress& progress);

  const bool enabled_;
  std::mutex mutex_;
  std::string what_;
  std::chrono::steady_clock::time_point began_; // this stage
  bool shown_ = false;
};

} // namespace talaria::cli

#include "cli/progress.hpp"

#include "cli/descriptor.hpp"
#include "cli/text.hpp"

#include <cstdlib>
#include <cstring>
#include <unistd.h>

namespace talaria::cli {

namespace {

constexpr std::string_view clear_line = "\r\x1b[K";

bool is_terminal() {
  const char* kind = std::getenv("TERM");
  return ::isatty(STDERR_FILENO) && kind && std::strcmp(kind, "dumb") != 0;
}

} // namespace

ProgressLine::ProgressLine(bool wanted) : enabled_(wanted && is_terminal()) {}

std::function<void(const Progress&)> ProgressLine::callback() {
  if (!enabled_) return {};
  return [this](const Progress& progress) { show(progress); };
}

void ProgressLine::clear() {
  const std::lock_guard lock(mutex_);
  if (!shown_) return;
  (void)write_all(STDERR_FILENO, clear_line);
  shown_ = false;
}

void ProgressLine::show(const Progress& progress) {
  const std::lock_guard lock(mutex_);
  const auto now = std::chrono::steady_clock::now();
  if (what_ != progress.what) {
    what_ = progress.what;
    began_ = now;
  }
  std::string line(clear_line);
  line += what_ + " " + human_size(progress.done);
  if (progress.total != 0)
    line += " of " + human_size(progress.total) + ", " + percentage(progress.done, progress.total);
  const std::chrono::duration<double> seconds = now - began_;
  if (seconds.count() > 0.5)
    line += ", " +
            human_size(static_cast<uint64_t>(static_cast<double>(progress.done) / seconds.count())) +
            "/s";
  (void)write_all(STDERR_FILENO, line);
  shown_ = true;
}

} // namespace talaria::cli

// What every command works with: the global options, the settings, the store, and ways to say something.
#pragma once

#include "cli/exit_code.hpp"
#include "cli/interrupt.hpp"
#include "cli/output.hpp"
#include "reads/reader.hpp"
#include "talaria/store.hpp"

#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>

namespace talaria::cli {

struct GlobalOptions {
  std::string repository = "talaria-repo";
  std::string config; // empty: none
  bool json = false;
  bool quiet = false;
  std::map<std::string, std::string> settings; // flag by the key of the setting
};

class Session {
public:
  Session(const GlobalOptions& options, Interrupt& interrupt)
      : options_(options), interrupt_(interrupt) {}

  bool json() const { return options_.json; }
  bool quiet() const { return options_.quiet; }
  bool wants_progress() const { return !options_.json && !options_.quiet; }
  const std::string& repository() const { return options_.repository; }
  Interrupt& interrupt() { return interrupt_; }

  // Flags over environment over configuration file over defaults; errc::invalid_argument,
  // errc::not_found.
  Result<Settings> settings() const;

  Result<std::unique_ptr<Store>> open_store() const;
  Result<std::unique_ptr<Reader>> open_reader() const;

  // Says what failed on standard error: a line, or {"error":{"code":...,"message":...}} with --json.
  void report(const Error& error) const;

  // Writes a result to standard output. `code` is what the command then ends with.
  Result<ExitCode> print(std::string_view text, ExitCode code = ExitCode::done) const;
  Result<ExitCode> print_json(const nlohmann::json& value, ExitCode code = ExitCode::done) const;

  // A sentence for people about what was done: not with --quiet, and not with --json.
  Result<ExitCode> print_summary(std::string_view text) const;

private:
  // The error of opening, with what to do about it.
  Error no_store(const Error& error) const;

  const GlobalOptions& options_;
  Interrupt& interrupt_;
};

// What a command does once its options are read. An error is reported and becomes the exit code.
using Action = std::function<Result<ExitCode>(Session&)>;

// Says what failed on standard error, in either form.
void report_error(const Error& error, bool json);

// One line of JSON; bytes that are not UTF-8 (file names may hold any) are replaced.
std::string json_line(const nlohmann::json& value);

// What a command ends with when its output failed: nothing is left to say to a reader that went away.
Result<ExitCode> output_failure(const Output& output, const Error& error);

} // namespace talaria::cli

#include "cli/session.hpp"

#include "config/environment.hpp"
#include "config/setting.hpp"
#include "config/yaml_settings.hpp"
#include "core/try.hpp"

#include <cerrno>
#include <nlohmann/json.hpp>
#include <unistd.h>

namespace talaria::cli {

namespace {

std::string flag_name(std::string_view key) {
  if (key == "lock_wait") return "--wait";
  std::string name = "--" + std::string(key);
  for (char& c : name)
    if (c == '_') c = '-';
  return name;
}

} // namespace

Result<Settings> Session::settings() const {
  Settings settings;
  if (!options_.config.empty()) {
    TALARIA_TRY_ASSIGN(settings, load_settings(options_.config, settings));
  }
  TALARIA_TRY_ASSIGN(settings, settings_from_environment(settings));
  for (const auto& [key, value] : options_.settings)
    if (auto changed = change_setting(settings, *find_setting(key), value); !changed)
      return tl::unexpected(changed.error().within("option " + flag_name(key)));
  TALARIA_TRY(settings.check());
  return settings;
}

Error Session::no_store(const Error& error) const {
  if (error.code() != errc::no_repository || error.message().find('`') != std::string::npos)
    return error;
  return {errc::no_repository, error.message() + ": `talaria init` makes a repository"};
}

Result<std::unique_ptr<Reader>> Session::open_reader() const {
  TALARIA_TRY_ASSIGN(auto settings, this->settings());
  auto reader = Reader::open(repository(), settings);
  if (!reader) return tl::unexpected(no_store(reader.error()));
  return reader;
}

void Session::report(const Error& error) const {
  report_error(error, json());
}

Result<ExitCode> Session::print(std::string_view text, ExitCode code) const {
  const int error = write_all(STDOUT_FILENO, text);
  if (error == 0) return code;
  if (error == EPIPE) return ExitCode::failed;
  return tl::unexpected(system_error("standard output", "writing failed", error));
}

Result<ExitCode> Session::print_json(const nlohmann::json& value, ExitCode code) const {
  return print(json_line(value), code);
}

Result<ExitCode> Session::print_summary(std::string_view text) const {
  return quiet() || json() ? ExitCode::done : print(text);
}

void report_error(const Error& error, bool json) {
  std::string line = "talaria: " + error.message() + "\n";
  if (json)
    line = json_line({{"error", {{"code", to_string(error.code())}, {"message", error.message()}}}});
  (void)write_all(STDERR_FILENO, line);
}

std::string json_line(const nlohmann::json& value) {
  return value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

Result<ExitCode> output_failure(const Output& output, const Error& error) {
  if (output.reader_left()) return ExitCode::failed;
  return tl::unexpected(error);
}

} // namespace talaria::cli

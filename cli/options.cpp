#include "cli/options.hpp"

#include "config/environment.hpp"
#include "config/setting.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <string_view>

namespace talaria::cli {

namespace {

constexpr const char* description =
    "Talaria keeps every release of a sequence database: byte for byte, in the space of what changed.";

std::string footer() {
  return "Settings: a flag overrides an environment variable (TALARIA_MEMORY), which overrides the "
         "file of\n"
         "--config or TALARIA_CONFIG. Sizes: bytes, or with a unit: 64KiB, 1GiB, 512MB.\n\n" +
         std::string(exit_code_help()) +
         "\nExample: talaria init && talaria ingest sprot.fasta.gz --release uniprot/sprot@2026_04";
}

void add_global_options(CLI::App& app, GlobalOptions& options) {
  app.add_option("--repo", options.repository,
                 "The repository (default: $TALARIA_REPO, else talaria-repo)")
      ->type_name("PATH")
      ->envname("TALARIA_REPO");
  app.add_option("--config", options.config, "A YAML file of settings (default: $TALARIA_CONFIG)")
      ->type_name("FILE")
      ->envname("TALARIA_CONFIG");
  app.add_flag("--json", options.json,
               "Results and errors as JSON: results on stdout, errors on stderr");
  app.add_flag("--quiet", options.quiet, "Nothing but results and errors");
}

void add_settings(CLI::App& app, GlobalOptions& options) {
  auto add = [&](const char* flag, const char* key, const char* type, const char* help) {
    auto set = [&options, key](const std::string& value) { options.settings[key] = value; };
    app.add_option_function<std::string>(flag, set, help)->type_name(type)->group("Settings");
  };
  add("--threads", "threads", "COUNT", "Threads that compress and verify; 0: one for each core");
  add("--memory", "memory", "SIZE", "Memory that an operation may use (default 1GiB)");
  add("--cache", "cache", "SIZE", "Blocks kept for later reads; 0: three eighths of the memory");
  add("--block-size", "block_size", "SIZE", "A block before compression (default 64KiB)");
  add("--pack-size", "pack_size", "SIZE", "The size at which a pack is closed (default 64MiB)");
  add("--page-chain", "page_chain", "COUNT", "Releases stored as differences in a row (default 8)");
  add("--codec", "codec", "NAME", "zstd, dense (smallest, slow), lz4, gzip or none (default zstd)");
  add("--level", "level", "LEVEL", "The level of the codec (default 1)");
  add("--delta-depth", "delta_depth", "COUNT",
      "Differences of long sequences on one another (default 8; 0: none of any sort)");
  add("--wait", "lock_wait", "SECONDS", "How long to wait for another writer (default 0)");
}

void declare(CLI::App& app, CommandLine& line, std::span<const AddCommand> commands) {
  app.require_subcommand(0, 1);
  app.set_version_flag("--version", "talaria " TALARIA_VERSION);
  add_global_options(app, line.options);
  add_settings(app, line.options);
  for (auto add : commands) add(app, line.action);
}

// The innermost command that the line named, "talaria chunk" in "talaria chunk --json".
const CLI::App& innermost(const CLI::App& app) {
  const auto named = app.get_subcommands();
  return named.empty() ? app : innermost(*named.front());
}

std::string name_of(const CLI::App& app) {
  return app.get_parent() ? name_of(*app.get_parent()) + " " + app.get_name() : "talaria";
}

ExitCode wrong_usage(const CLI::App& app, std::string what, bool json) {
  std::replace(what.begin(), what.end(), '\n', ' ');
  report_error(
      {errc::invalid_argument, what + ": `" + name_of(innermost(app)) + " --help` shows what is right"},
      json);
  return ExitCode::usage;
}

ExitCode no_command(const CLI::App& app, bool json) {
  if (json) return wrong_usage(app, "a command is missing", json);
  (void)write_all(STDERR_FILENO, innermost(app).help(innermost(app).get_parent() ? "talaria" : ""));
  return ExitCode::usage;
}

} // namespace

tl::expected<CommandLine, ExitCode> read_command_line(int argc, char** argv,
                                                      std::span<const AddCommand> commands) {
  CommandLine line;
  CLI::App app{description, "talaria"};
  app.footer(footer());
  declare(app, line, commands);
  // A command line that can't be read has no options yet.
  const bool json = std::any_of(argv, argv + argc,
                                [](const char* text) { return std::string_view(text) == "--json"; });
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    if (e.get_exit_code() != static_cast<int>(CLI::ExitCodes::Success))
      return tl::unexpected(wrong_usage(app, e.what(), json));
    return tl::unexpected(static_cast<ExitCode>(app.exit(e)));
  }
  if (!line.action) return tl::unexpected(no_command(app, json));
  return line;
}

std::optional<CommandLine> read_if_known(int argc, char** argv, std::span<const AddCommand> commands) {
  CommandLine line;
  CLI::App app{description, "talaria"};
  declare(app, line, commands);
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForVersion& version) {
    line.action = [text = std::string(version.what()) + "\n"](Session& session) {
      return session.print(text);
    };
  } catch (const CLI::ParseError&) {
    return std::nullopt;
  }
  if (!line.action) return std::nullopt;
  return line;
}

} // namespace talaria::cli

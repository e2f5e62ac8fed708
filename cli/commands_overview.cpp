// releases, stats and version: what is there.
#include "cli/commands.hpp"
#include "cli/release_text.hpp"
#include "cli/text.hpp"
#include "core/try.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

namespace talaria::cli {

namespace {

using nlohmann::json;

std::string to_text(const std::vector<ReleaseInfo>& releases) {
  std::vector<std::vector<std::string>> rows{{"RELEASE", "STORED", "RECORDS", "RESIDUES", "SIZE"}};
  for (const auto& release : releases)
    rows.push_back({full_name(release), utc_time(release.created), grouped(release.records),
                    grouped(release.residues), human_size(release.bytes)});
  return table(rows, "llrrr");
}

Result<ExitCode> releases(Session& session, const std::string& name) {
  TALARIA_TRY_ASSIGN(auto reader, session.open_reader());
  TALARIA_TRY_ASSIGN(auto releases, reader->releases(name));
  if (session.json()) return session.print_json({{"releases", to_json(releases)}});
  if (releases.empty())
    return session.print_summary(
        "no release yet: `talaria ingest FILE --release NAME@VERSION` stores one\n");
  return session.print(to_text(releases));
}

Result<ExitCode> version(Session& session) {
  if (session.json()) return session.print_json({{"version", TALARIA_VERSION}});
  return session.print("talaria " TALARIA_VERSION "\n");
}

json to_json(const StoreStats& stats) {
  return {{"repository_bytes", stats.repository_bytes},
          {"raw_bytes", stats.raw_bytes},
          {"releases", stats.releases},
          {"records", stats.records},
          {"sequences", stats.sequences},
          {"residues", stats.residues},
          {"headers", stats.headers},
          {"chunks", stats.chunks},
          {"application_chunks", stats.application_chunks},
          {"packs", stats.packs},
          {"pack_bytes", stats.pack_bytes},
          {"index_segments", stats.index_segments},
          {"index_bytes", stats.index_bytes},
          {"page_bytes", stats.page_bytes}};
}

std::string to_text(const StoreStats& stats) {
  return table(
      {
          {"repository", human_size(stats.repository_bytes), "all files"},
          {"releases", grouped(stats.releases), human_size(stats.raw_bytes) + " as exported"},
          {"records", grouped(stats.records), "of all releases"},
          {"sequences", grouped(stats.sequences), "distinct, " + counted(stats.residues, "residue")},
          {"headers", grouped(stats.headers), "distinct"},
          {"chunks", grouped(stats.chunks), grouped(stats.application_chunks) + " put by applications"},
          {"packs", grouped(stats.packs), human_size(stats.pack_bytes)},
          {"index", counted(stats.index_segments, "segment"), human_size(stats.index_bytes)},
          {"pages", "", human_size(stats.page_bytes)},
      },
      "lrl");
}

Result<ExitCode> stats(Session& session) {
  TALARIA_TRY_ASSIGN(auto reader, session.open_reader());
  TALARIA_TRY_ASSIGN(auto stats, reader->stats());
  return session.json() ? session.print_json(to_json(stats)) : session.print(to_text(stats));
}

} // namespace

void add_releases(CLI::App& app, Action& chosen) {
  auto* command = app.add_subcommand("releases", "List the releases, oldest first");
  auto name = std::make_shared<std::string>();
  command->add_option("NAME", *name, "Those of one database only");
  command->fallthrough()->footer("Example: talaria releases uniprot/sprot");
  command->callback(
      [&chosen, name] { chosen = [name](Session& session) { return releases(session, *name); }; });
}

void add_version(CLI::App& app, Action& chosen) {
  auto* command = app.add_subcommand("version", "Show the version of this program");
  command->fallthrough()->footer("Example: talaria version --json");
  command->callback([&chosen] { chosen = version; });
}

void add_stats(CLI::App& app, Action& chosen) {
  auto* command = app.add_subcommand("stats", "Count what is stored and what it takes");
  command->fallthrough()->footer("Example: talaria stats --json");
  command->callback([&chosen] { chosen = stats; });
}

} // namespace talaria::cli

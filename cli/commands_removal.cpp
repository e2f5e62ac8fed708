// remove and gc: what is no longer wanted, and its space.
#include "cli/commands.hpp"
#include "cli/progress.hpp"
#include "cli/release_text.hpp"
#include "cli/text.hpp"
#include "core/try.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

namespace talaria::cli {

namespace {

using nlohmann::json;

Result<ExitCode> remove(Session& session, const std::vector<std::string>& names) {
  TALARIA_TRY_ASSIGN(auto store, session.open_store());
  TALARIA_TRY_ASSIGN(auto removed, store->remove(names));
  if (session.json()) return session.print_json({{"removed", to_json(removed)}});
  std::string text;
  for (const auto& release : removed) text += "removed " + full_name(release) + "\n";
  return session.print_summary(text + "`talaria gc` frees the space\n");
}

struct GcChoice {
  std::string dead_share = "20%";
  bool dry_run = false;
};

Result<double> parse_share(std::string_view text) {
  if (auto percent = parse_percentage(text)) return *percent;
  return failure(errc::invalid_argument, "--dead-share: '" + std::string(text) +
                                             "' is not usable; right would be 0% to 100%, as 20%");
}

json to_json(const GcReport& report, bool dry_run) {
  return {{"dry_run", dry_run},
          {"packs_kept", report.packs_kept},
          {"packs_rewritten", report.packs_rewritten},
          {"packs_dropped", report.packs_dropped},
          {"chunks", report.chunks},
          {"bytes_before", report.bytes_before},
          {"bytes_after", report.bytes_after}};
}

std::string to_text(const GcReport& report, bool dry_run) {
  const std::string would = dry_run ? "would be " : "";
  std::string text = counted(report.chunks, "chunk") + " " + would +
                     "freed; packs: " + grouped(report.packs_dropped) + " dropped, " +
                     grouped(report.packs_rewritten) + " rewritten, " + grouped(report.packs_kept) +
                     " kept\n";
  return text + "the repository " + (dry_run ? "would go from " : "went from ") +
         human_size(report.bytes_before) + " to " + (dry_run ? "about " : "") +
         human_size(report.bytes_after) + "\n";
}

Result<ExitCode> gc(Session& session, const GcChoice& choice) {
  GcOptions options;
  options.dry_run = choice.dry_run;
  TALARIA_TRY_ASSIGN(options.dead_percent, parse_share(choice.dead_share));
  TALARIA_TRY_ASSIGN(auto store, session.open_store());
  ProgressLine progress(session.wants_progress());
  options.options = {progress.callback(), session.interrupt().flag()};
  const Interrupt::OrderlyEnd orderly(session.interrupt());
  auto report = store->collect_garbage(options);
  progress.clear();
  if (!report) return tl::unexpected(report.error());
  if (session.json()) return session.print_json(to_json(*report, choice.dry_run));
  // Of a dry run the text is the result.
  if (choice.dry_run) return session.print(to_text(*report, true));
  return session.print_summary(to_text(*report, false));
}

} // namespace

void add_remove_releases(CLI::App& app, Action& chosen) {
  auto* command = app.add_subcommand("remove", "Take releases out");
  auto names = std::make_shared<std::vector<std::string>>();
  command->add_option("RELEASE", *names, "NAME@VERSION; several are taken out in one commit")
      ->required();
  command->fallthrough()->footer(
      "What only these releases had is freed by `talaria gc`. There is no way back.\n\n"
      "Example: talaria remove uniprot/sprot@2019_01 uniprot/sprot@2019_02");
  command->callback(
      [&chosen, names] { chosen = [names](Session& session) { return remove(session, *names); }; });
}

void add_gc(CLI::App& app, Action& chosen) {
  auto* command =
      app.add_subcommand("gc", "Free what no release and no chunk of an application needs any more");
  auto choice = std::make_shared<GcChoice>();
  command
      ->add_option("--dead-share", choice->dead_share,
                   "Rewrite packs of which more than this isn't needed (default 20%)")
      ->type_name("P%");
  command->add_flag("--dry-run", choice->dry_run, "Say what would be freed, and change nothing");
  command->fallthrough()->footer(
      "Others may read meanwhile. If it is interrupted, what it had freed stays freed.\n\n"
      "Example: talaria gc --dry-run");
  command->callback(
      [&chosen, choice] { chosen = [choice](Session& session) { return gc(session, *choice); }; });
}

} // namespace talaria::cli

// rebase: the lists of records of releases, written anew with other chains.
#include "cli/commands.hpp"
#include "cli/progress.hpp"
#include "cli/text.hpp"
#include "core/try.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

namespace talaria::cli {

namespace {

using nlohmann::json;

struct RebaseChoice {
  std::vector<std::string> releases;
  bool dry_run = false;
};

json to_json(const RebaseReport& report, bool dry_run) {
  auto rebased = json::array();
  for (const auto& release : report.rebased) {
    json item{{"release", release.release},
              {"chain_before", release.chain_before},
              {"bytes_before", release.bytes_before}};
    if (!dry_run)
      item.update({{"chain_after", release.chain_after}, {"bytes_after", release.bytes_after}});
    rebased.push_back(std::move(item));
  }
  json value{{"dry_run", dry_run},
             {"rebased", std::move(rebased)},
             {"releases", report.releases},
             {"page_bytes_before", report.page_bytes_before}};
  if (!dry_run) value["page_bytes_after"] = report.page_bytes_after;
  return value;
}

std::string to_text(const RebaseReport& report, bool dry_run) {
  if (report.rebased.empty()) return "nothing to rebase\n";
  std::vector<std::vector<std::string>> rows;
  for (const auto& release : report.rebased) {
    auto chain = std::to_string(release.chain_before);
    auto size = human_size(release.bytes_before);
    if (!dry_run) {
      chain += " -> " + std::to_string(release.chain_after);
      size += " -> " + human_size(release.bytes_after);
    }
    rows.push_back({release.release, "chain " + chain, size});
  }
  auto text = table(rows, "lll");
  text += counted(report.rebased.size(), "release") + (dry_run ? " would be rebased" : " rebased") +
          "; all page files " + human_size(report.page_bytes_before);
  if (!dry_run) text += " -> " + human_size(report.page_bytes_after);
  return text + "\n";
}

Result<ExitCode> rebase(Session& session, const RebaseChoice& choice) {
  TALARIA_TRY_ASSIGN(auto store, session.open_store());
  ProgressLine progress(session.wants_progress());
  const Interrupt::OrderlyEnd orderly(session.interrupt());
  TALARIA_TRY_ASSIGN(auto report, store->rebase({choice.releases,
                                                 choice.dry_run,
                                                 {progress.callback(), session.interrupt().flag()}}));
  progress.clear();
  if (session.json()) return session.print_json(to_json(report, choice.dry_run));
  return session.print(to_text(report, choice.dry_run));
}

} // namespace

void add_rebase(CLI::App& app, Action& chosen) {
  auto* command = app.add_subcommand(
      "rebase", "Write the lists of records of releases anew, in chains as --page-chain says");
  auto choice = std::make_shared<RebaseChoice>();
  command->add_option(
      "RELEASE", choice->releases,
      "NAME@VERSION, or NAME for its latest version; without: all whose chain is longer");
  command->add_flag("--dry-run", choice->dry_run, "Say which would be written anew, and change nothing");
  command->fallthrough()->footer(
      "What a release holds doesn't change. Releases that are the difference from one that is written "
      "anew are, too.\n\nExample: talaria rebase --page-chain 2");
  command->callback(
      [&chosen, choice] { chosen = [choice](Session& session) { return rebase(session, *choice); }; });
}

} // namespace talaria::cli

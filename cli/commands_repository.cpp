// init, verify and rebuild: the repository as a whole.
#include "cli/commands.hpp"
#include "cli/progress.hpp"
#include "cli/text.hpp"
#include "core/try.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <nlohmann/json.hpp>

namespace talaria::cli {

namespace {

using nlohmann::json;

Result<ExitCode> init(Session& session) {
  TALARIA_TRY(session.settings());
  TALARIA_TRY(Store::init(session.repository()));
  if (session.json()) return session.print_json({{"repository", session.repository()}});
  return session.print_summary("made an empty repository: " + session.repository() + "\n");
}

struct VerifyChoice {
  bool quick = false;
  std::string sample;
};

Result<double> parse_sample(std::string_view text) {
  auto percent = parse_percentage(text);
  if (percent && *percent > 0) return *percent;
  return failure(errc::invalid_argument, "--sample: '" + std::string(text) +
                                             "' is not usable; right would be a part of 100%, as 5%");
}

Result<VerifyOptions> to_options(const VerifyChoice& choice) {
  VerifyOptions options;
  options.quick = choice.quick;
  if (!choice.sample.empty()) {
    TALARIA_TRY_ASSIGN(options.sample_percent, parse_sample(choice.sample));
  }
  return options;
}

json to_json(const std::vector<Damage>& damages) {
  auto list = json::array();
  for (const auto& damage : damages)
    list.push_back({{"object", damage.object},
                    {"message", damage.message},
                    {"releases", damage.releases},
                    {"derived", damage.derived}});
  return list;
}

json to_json(const VerifyReport& report, double sample_percent) {
  return {{"ok", report.damages.empty()},
          {"data_read", report.data_read},
          {"sample_percent", report.data_read ? sample_percent : 0},
          {"files", report.files},
          {"blocks", report.blocks},
          {"chunks", report.chunks},
          {"bytes", report.bytes},
          {"releases", report.releases},
          {"damages", to_json(report.damages)}};
}

// A file and what is wrong with it, which may begin with its name.
std::string with_object(const std::string& object, const std::string& message) {
  return message.starts_with(object) ? message : object + ": " + message;
}

std::string to_text(const Damage& damage) {
  std::string text = "DAMAGED  " + with_object(damage.object, damage.message) + "\n         it hits ";
  if (damage.releases.empty()) text += "no release";
  for (std::size_t i = 0; i < damage.releases.size(); ++i)
    text += (i == 0 ? "" : ", ") + damage.releases[i];
  return text + "\n";
}

// What was looked at, so that nobody takes a glance for an examination.
std::string scope_text(const VerifyReport& report, double sample_percent) {
  std::string text =
      "checked " + counted(report.files, "file") + " of " + counted(report.releases, "release");
  if (!report.data_read)
    return text + "; the data were NOT read: `talaria verify` without --quick reads them";
  text += "; read " + counted(report.blocks, "block") + ", " + counted(report.chunks, "chunk") + ", " +
          human_size(report.bytes);
  if (sample_percent < 100) text += "; this is a sample: the other blocks were NOT read";
  return text;
}

std::string to_text(const VerifyReport& report, double sample_percent) {
  std::string text;
  for (const auto& damage : report.damages) text += to_text(damage);
  text += scope_text(report, sample_percent) + "\n";
  text += report.damages.empty() ? "no damage found\n"
                                 : counted(report.damages.size(), "damage") + " found\n";
  const auto derived = std::count_if(report.damages.begin(), report.damages.end(),
                                     [](const Damage& damage) { return damage.derived; });
  if (derived > 0)
    text += "`talaria rebuild` makes anew what is damaged of snapshot, ref, releases/ and index/\n";
  return text;
}

Result<ExitCode> verify(Session& session, const VerifyChoice& choice) {
  TALARIA_TRY_ASSIGN(auto options, to_options(choice));
  TALARIA_TRY_ASSIGN(auto store, session.open_store());
  ProgressLine progress(session.wants_progress());
  options.options = {progress.callback(), session.interrupt().flag()};
  const Interrupt::OrderlyEnd orderly(session.interrupt());
  TALARIA_TRY_ASSIGN(auto report, store->verify(options));
  progress.clear();
  const auto code = report.damages.empty() ? ExitCode::done : ExitCode::damaged;
  if (session.json()) return session.print_json(to_json(report, options.sample_percent), code);
  return session.print(to_text(report, options.sample_percent), code);
}

json to_json(const RebuildReport& report, bool dry_run) {
  auto rebuilt = json::array();
  for (const auto& file : report.rebuilt)
    rebuilt.push_back({{"object", file.object}, {"reason", file.reason}});
  return {{"ok", report.damages.empty()},  {"dry_run", dry_run},
          {"rebuilt", std::move(rebuilt)}, {"segments", report.segments},
          {"chunks", report.chunks},       {"releases", report.releases},
          {"notes", report.notes},         {"damages", to_json(report.damages)}};
}

std::string to_text(const RebuildReport& report, bool dry_run) {
  const std::string done = dry_run ? "would be made anew" : "made anew";
  std::string text;
  for (const auto& file : report.rebuilt)
    text += done + ": " + with_object(file.object, file.reason) + "\n";
  if (report.chunks > 0)
    text += dry_run ? counted(report.chunks, "chunk") + " would be indexed\n"
                    : counted(report.chunks, "chunk") + " indexed in " +
                          counted(report.segments, "new segment") + "\n";
  for (const auto& note : report.notes) text += "note: " + note + "\n";
  if (report.rebuilt.empty() && report.chunks == 0) text += "nothing to make anew\n";
  for (const auto& damage : report.damages)
    text += "DAMAGED  " + with_object(damage.object, damage.message) + "\n";
  if (!report.damages.empty())
    text += counted(report.damages.size(), "damage") +
            " found that can't be made good; `talaria verify` says which releases they hit\n";
  return text;
}

Result<ExitCode> rebuild(Session& session, bool dry_run) {
  TALARIA_TRY_ASSIGN(auto store, session.open_store());
  ProgressLine progress(session.wants_progress());
  const Interrupt::OrderlyEnd orderly(session.interrupt());
  TALARIA_TRY_ASSIGN(auto report,
                     store->rebuild({dry_run, {progress.callback(), session.interrupt().flag()}}));
  progress.clear();
  const auto code = report.damages.empty() ? ExitCode::done : ExitCode::damaged;
  if (session.json()) return session.print_json(to_json(report, dry_run), code);
  return session.print(to_text(report, dry_run), code);
}

} // namespace

void add_init(CLI::App& app, Action& chosen) {
  auto* command = app.add_subcommand("init", "Make an empty repository");
  command->fallthrough()->footer("Example: talaria init --repo /data/sequences");
  command->callback([&chosen] { chosen = init; });
}

void add_verify(CLI::App& app, Action& chosen) {
  auto* command =
      app.add_subcommand("verify", "Look for damage: reads and checks everything that is stored");
  auto choice = std::make_shared<VerifyChoice>();
  auto* quick = command->add_flag("--quick", choice->quick, "The structure only: no data are read");
  command->add_option("--sample", choice->sample, "Read only this share of the data, as 5%")
      ->type_name("P%")
      ->excludes(quick);
  command->fallthrough()->footer(
      "Ends with exit code 3 if there is damage.\n\nExample: talaria verify --sample 5%");
  command->callback(
      [&chosen, choice] { chosen = [choice](Session& session) { return verify(session, *choice); }; });
}

void add_rebuild(CLI::App& app, Action& chosen) {
  auto* command = app.add_subcommand(
      "rebuild", "Make anew what is lost or damaged and follows from other files: index, snapshot, ref");
  auto dry_run = std::make_shared<bool>(false);
  command->add_flag("--dry-run", *dry_run, "Say what would be made anew, and change nothing");
  command->fallthrough()->footer(
      "Packs and page files are never changed. Ends with exit code 3 if damage remains.\n\n"
      "Example: talaria rebuild --dry-run");
  command->callback([&chosen, dry_run] {
    chosen = [dry_run](Session& session) { return rebuild(session, *dry_run); };
  });
}

} // namespace talaria::cli

// ingest and export: whole releases.
#include "cli/commands.hpp"
#include "cli/input.hpp"
#include "cli/progress.hpp"
#include "cli/release_text.hpp"
#include "cli/text.hpp"
#include "core/try.hpp"

#include <CLI/CLI.hpp>
#include <chrono>
#include <nlohmann/json.hpp>

namespace talaria::cli {

namespace {

using nlohmann::json;

struct IngestChoice {
  std::string input;
  std::string release;
};

json report_json(const IngestReport& report, double seconds) {
  return {{"release", to_json(report.release)},    {"unchanged", report.unchanged},
          {"new_sequences", report.new_sequences}, {"new_residues", report.new_residues},
          {"stored_bytes", report.stored_bytes},   {"seconds", seconds}};
}

std::string to_text(const IngestReport& report, double seconds) {
  const auto& release = report.release;
  std::string text = full_name(release) + ": ";
  if (report.unchanged) return text + "it was stored already, with the same content: nothing to do\n";
  text += counted(release.records, "record") + ", " + human_size(release.bytes) +
          "; new: " + counted(report.new_sequences, "sequence") + ", " +
          human_size(report.stored_bytes) + " stored; ";
  std::array<char, 32> time{};
  std::snprintf(time.data(), time.size(), "%.1f s\n", seconds);
  return text + time.data();
}

Result<ExitCode> ingest(Session& session, const IngestChoice& choice) {
  TALARIA_TRY_ASSIGN(auto release, parse_full_name(choice.release));
  TALARIA_TRY_ASSIGN(auto store, session.open_store());
  const Interrupt::OrderlyEnd orderly(session.interrupt());
  ProgressLine progress(session.wants_progress());
  const auto began = std::chrono::steady_clock::now();
  auto report = store->ingest(
      {choice.input, release.name, release.version, {progress.callback(), session.interrupt().flag()}});
  progress.clear();
  if (!report) return tl::unexpected(report.error());
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  if (session.json()) return session.print_json(report_json(*report, seconds));
  return session.print_summary(to_text(*report, seconds));
}

struct ExportChoice {
  std::string release;
  std::string output;
};

Result<ExitCode> export_release(Session& session, const ExportChoice& choice) {
  TALARIA_TRY_ASSIGN(auto store, session.open_store());
  TALARIA_TRY_ASSIGN(auto output, open_output(choice.output));
  std::optional<Interrupt::OrderlyEnd> orderly;
  if (output->is_file()) orderly.emplace(session.interrupt());
  // What is shown on the terminal must not stand between the records.
  ProgressLine progress(session.wants_progress() && output->is_file());
  auto done =
      store->export_release(choice.release, [&](std::string_view bytes) { return output->write(bytes); },
                            {progress.callback(), session.interrupt().flag()});
  progress.clear();
  if (!done) return output_failure(*output, done.error());
  if (auto committed = output->commit(); !committed) return output_failure(*output, committed.error());
  if (!output->is_file()) return ExitCode::done;
  return session.print_summary(full_name(*done) + ": " + counted(done->records, "record") + ", " +
                               human_size(done->bytes) + " written to " + choice.output + "\n");
}

} // namespace

void add_ingest(CLI::App& app, Action& chosen) {
  auto* command = app.add_subcommand("ingest", "Store a release from a FASTA file, plain or compressed");
  auto choice = std::make_shared<IngestChoice>();
  command->add_option("FILE", choice->input, "The file; - for standard input")->required();
  command->add_option("--release", choice->release, "The name and version that it gets")
      ->type_name("NAME@VERSION")
      ->required();
  command->fallthrough()->footer(
      "Ingesting the same content under the same name again does nothing, with exit code 0.\n\n"
      "Example: talaria ingest uniprot_sprot.fasta.gz --release uniprot/sprot@2026_04");
  command->callback(
      [&chosen, choice] { chosen = [choice](Session& session) { return ingest(session, *choice); }; });
}

void add_export(CLI::App& app, Action& chosen) {
  auto* command = app.add_subcommand("export", "Give a release back, byte for byte");
  auto choice = std::make_shared<ExportChoice>();
  command->add_option("RELEASE", choice->release, "NAME@VERSION, or NAME for its latest version")
      ->required();
  command
      ->add_option("-o,--output", choice->output,
                   "A file instead of standard output; it appears when it is whole")
      ->type_name("FILE");
  command->fallthrough()->footer("Example: talaria export uniprot/sprot@2026_04 -o sprot.fasta");
  command->callback([&chosen, choice] {
    chosen = [choice](Session& session) { return export_release(session, *choice); };
  });
}

} // namespace talaria::cli

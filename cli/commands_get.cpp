// get: single records, and parts of them.
#include "cli/commands.hpp"
#include "cli/input.hpp"
#include "cli/release_text.hpp"
#include "core/try.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>

namespace talaria::cli {

namespace {

struct GetChoice {
  std::vector<std::string> ids;
  std::string id_file;
  std::string release;
  std::string output;
};

// Fetches records one after another and remembers the worst that happened.
class RecordFetch {
public:
  RecordFetch(Session& session, Reader& reader, const std::string& release, Output& output)
      : session_(session), reader_(reader), release_(release), output_(output) {}

  // An ID that isn't found, or whose data are damaged, is reported and doesn't stop the others.
  Result<void> fetch(const std::string& id) {
    auto record = reader_.get(id, release_);
    if (record) return output_.write(record->text);
    const auto code = record.error().code();
    if (code != errc::not_found && code != errc::damaged && code != errc::invalid_argument)
      return tl::unexpected(record.error());
    session_.report(record.error().message().find(id) == std::string::npos ? record.error().within(id)
                                                                           : record.error());
    worst_ = std::max(worst_, code == errc::damaged ? ExitCode::damaged : ExitCode::failed);
    return {};
  }

  ExitCode worst() const { return worst_; }

private:
  Session& session_;
  Reader& reader_;
  const std::string& release_;
  Output& output_;
  ExitCode worst_ = ExitCode::done;
};

std::string trimmed(const std::string& line) {
  constexpr const char* blanks = " \t\r";
  const auto begin = line.find_first_not_of(blanks);
  return begin == std::string::npos ? "" : line.substr(begin, line.find_last_not_of(blanks) - begin + 1);
}

Result<void> fetch_listed(RecordFetch& records, InputFile& file) {
  std::string line;
  while (true) {
    TALARIA_TRY_ASSIGN(const bool more, file.read_line(line));
    if (!more) return {};
    const auto id = trimmed(line);
    if (!id.empty()) TALARIA_TRY(records.fetch(id));
  }
}

// A release that isn't there is one error, not one for each ID.
Result<void> check_release(Reader& reader, const std::string& release) {
  const auto at = release.find('@');
  const auto name = release.substr(0, at);
  if (name.empty() || at + 1 == release.size()) {
    TALARIA_TRY(parse_full_name(release));
  }
  TALARIA_TRY_ASSIGN(auto known, reader.releases(name));
  const bool found = at == std::string::npos ||
                     std::any_of(known.begin(), known.end(),
                                 [&](const ReleaseInfo& info) { return full_name(info) == release; });
  if (found) return {};
  return failure(errc::not_found,
                 "there is no release " + release + ": `talaria releases " + name + "` lists them");
}

Result<ExitCode> get(Session& session, const GetChoice& choice) {
  if (choice.ids.empty() && choice.id_file.empty())
    return failure(errc::invalid_argument,
                   "nothing is asked for: name accessions or digests, or a file of them with --ids");
  TALARIA_TRY_ASSIGN(auto reader, session.open_reader());
  if (!choice.release.empty()) TALARIA_TRY(check_release(*reader, choice.release));
  std::optional<InputFile> listed;
  if (!choice.id_file.empty()) {
    TALARIA_TRY_ASSIGN(listed, InputFile::open(choice.id_file, session.interrupt()));
  }
  TALARIA_TRY_ASSIGN(auto output, open_output(choice.output));
  std::optional<Interrupt::OrderlyEnd> orderly;
  if (output->is_file()) orderly.emplace(session.interrupt());

  RecordFetch records(session, *reader, choice.release, *output);
  auto fetch_all = [&]() -> Result<void> {
    for (const auto& id : choice.ids) {
      if (session.interrupt().requested()) return failure(errc::cancelled, "interrupted");
      TALARIA_TRY(records.fetch(id));
    }
    return listed ? fetch_listed(records, *listed) : Result<void>{};
  };
  auto done = fetch_all();
  if (!done) {
    // What was found before stands on standard output; a file would look whole.
    if (!output->is_file() && !output->reader_left()) (void)output->commit();
    return output_failure(*output, done.error());
  }
  if (auto committed = output->commit(); !committed) return output_failure(*output, committed.error());
  return records.worst();
}

} // namespace

void add_get(CLI::App& app, Action& chosen) {
  auto* command =
      app.add_subcommand("get", "Print single records, or parts of them, by accession or digest");
  auto choice = std::make_shared<GetChoice>();
  command
      ->add_option("ID", choice->ids,
                   "Accessions, or SHA-256 digests of sequences; of either a part as ID:FROM-TO")
      ->expected(0, -1);
  command->add_option("--ids", choice->id_file, "A file with one ID on each line; - for standard input")
      ->type_name("FILE");
  command
      ->add_option("--release", choice->release,
                   "Look only there (default: the newest release that has it)")
      ->type_name("NAME[@VERSION]");
  command->add_option("-o,--output", choice->output, "A file instead of standard output")
      ->type_name("FILE");
  command->fallthrough()->footer(
      "An ID that is not found is named on stderr, and the exit code is 1; the others are printed.\n"
      "ID:FROM-TO is what `samtools faidx` prints for it: places count from 1, TO is a part of it, may "
      "be "
      "left out, and is clipped at the end. A record that is called so itself comes first.\n\n"
      "Example: talaria get P12345 NC_009648:1,000-2,000");
  command->callback(
      [&chosen, choice] { chosen = [choice](Session& session) { return get(session, *choice); }; });
}

} // namespace talaria::cli

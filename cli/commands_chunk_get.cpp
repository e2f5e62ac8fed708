// chunk get: bytes by their SHA-256.
#include "cli/commands.hpp"
#include "cli/text.hpp"
#include "core/try.hpp"

#include <CLI/CLI.hpp>
#include <optional>

namespace talaria::cli {

namespace {

struct GetChoice {
  std::string digest;
  std::string output;
};

Result<ExitCode> get(Session& session, const GetChoice& choice) {
  TALARIA_TRY_ASSIGN(auto digest, parse_digest(choice.digest));
  TALARIA_TRY_ASSIGN(auto reader, session.open_reader());
  TALARIA_TRY_ASSIGN(auto bytes, reader->get_chunk(digest));
  TALARIA_TRY_ASSIGN(auto output, open_output(choice.output));
  std::optional<Interrupt::OrderlyEnd> orderly;
  if (output->is_file()) orderly.emplace(session.interrupt());
  if (auto written = output->write(bytes.view()); !written)
    return output_failure(*output, written.error());
  if (auto committed = output->commit(); !committed) return output_failure(*output, committed.error());
  return ExitCode::done;
}

} // namespace

CLI::App& add_chunk_group(CLI::App& app) {
  auto* command =
      app.add_subcommand("chunk", "Store, read, list and remove bytes of any kind by their digest");
  command->fallthrough()->require_subcommand(0, 1);
  command->footer("Example: talaria chunk put alignment.bin");
  return *command;
}

void add_chunk_get(CLI::App& chunk, Action& chosen) {
  auto* command = chunk.add_subcommand("get", "Print the bytes of a chunk or a sequence");
  auto choice = std::make_shared<GetChoice>();
  command->add_option("DIGEST", choice->digest, "Its SHA-256, 64 hexadecimal digits")->required();
  command
      ->add_option("-o,--output", choice->output,
                   "A file instead of standard output; it appears when it is whole")
      ->type_name("FILE");
  command->fallthrough()->footer("Example: talaria chunk get $DIGEST -o alignment.bin");
  command->callback(
      [&chosen, choice] { chosen = [choice](Session& session) { return get(session, *choice); }; });
}

} // namespace talaria::cli

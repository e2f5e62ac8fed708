// The program with all commands, talaria-full.
#include "cli/commands.hpp"
#include "cli/interrupt.hpp"
#include "cli/run.hpp"

#include <array>

namespace {

using namespace talaria::cli;

constexpr std::array<AddCommand, 13> commands{
    add_init,   add_ingest,          add_releases, add_export, add_get,   add_verify, add_rebuild,
    add_rebase, add_remove_releases, add_gc,       add_stats,  add_chunk, add_version};

} // namespace

int main(int argc, char** argv) {
  prepare_process();
  Interrupt interrupt;
  interrupt.watch();
  const auto line = read_command_line(argc, argv, commands);
  return static_cast<int>(line ? run(*line, interrupt) : line.error());
}

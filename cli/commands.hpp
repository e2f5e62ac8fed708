// The commands: each function declares one with its options, and stores what it does in `chosen` when
// the command line names it.
#pragma once

#include "cli/session.hpp"

namespace CLI {
class App;
}

namespace talaria::cli {

void add_init(CLI::App& app, Action& chosen);
void add_ingest(CLI::App& app, Action& chosen);
void add_releases(CLI::App& app, Action& chosen);
void add_export(CLI::App& app, Action& chosen);
void add_get(CLI::App& app, Action& chosen);
void add_verify(CLI::App& app, Action& chosen);
void add_rebuild(CLI::App& app, Action& chosen);
void add_rebase(CLI::App& app, Action& chosen);
void add_remove_releases(CLI::App& app, Action& chosen);
void add_gc(CLI::App& app, Action& chosen);
void add_stats(CLI::App& app, Action& chosen);
void add_chunk(CLI::App& app, Action& chosen);
void add_version(CLI::App& app, Action& chosen);

// `chunk` without the commands that follow it, and one of these.
CLI::App& add_chunk_group(CLI::App& app);
void add_chunk_get(CLI::App& chunk, Action& chosen);

} // namespace talaria::cli

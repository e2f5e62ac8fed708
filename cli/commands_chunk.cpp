// chunk put, get, list and remove: bytes of any kind, addressed by their SHA-256.
#include "cli/commands.hpp"
#include "cli/input.hpp"
#include "cli/text.hpp"
#include "core/try.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <nlohmann/json.hpp>

namespace talaria::cli {

namespace {

using nlohmann::json;

struct PutChunk {
  std::string digest;
  std::string name;
  std::size_t size = 0;
};

// Reads files until they fill a commit, and stores them together.
class ChunkPut {
public:
  ChunkPut(Session& session, Store& store, std::size_t memory)
      : session_(session), store_(store), memory_(memory) {}

  Result<void> add(const std::string& path) {
    TALARIA_TRY_ASSIGN(auto file, InputFile::open(path, session_.interrupt()));
    TALARIA_TRY_ASSIGN(auto bytes, file.read_all(memory_));
    waiting_ += bytes.size();
    done_.push_back({{}, file.name(), bytes.size()});
    values_.push_back(std::move(bytes));
    return waiting_ < memory_ / 4 ? Result<void>{} : store();
  }

  Result<void> store() {
    if (session_.interrupt().requested()) return failure(errc::cancelled, "interrupted");
    const std::vector<std::string_view> views(values_.begin(), values_.end());
    TALARIA_TRY_ASSIGN(auto digests, store_.chunks().put_batch(views));
    for (std::size_t i = 0; i < digests.size(); ++i) done_[stored_ + i].digest = digests[i].hex();
    stored_ += digests.size();
    values_.clear();
    waiting_ = 0;
    return {};
  }

  // Those that are stored.
  std::span<const PutChunk> done() const { return std::span(done_).first(stored_); }

private:
  Session& session_;
  Store& store_;
  std::size_t memory_;
  std::vector<std::string> values_;
  std::size_t waiting_ = 0; // bytes of values_
  std::vector<PutChunk> done_;
  std::size_t stored_ = 0;
};

Result<ExitCode> print_put(Session& session, std::span<const PutChunk> chunks) {
  if (session.json()) {
    auto list = json::array();
    for (const auto& chunk : chunks)
      list.push_back({{"digest", chunk.digest}, {"name", chunk.name}, {"size", chunk.size}});
    return session.print_json({{"chunks", std::move(list)}});
  }
  std::string text;
  for (const auto& chunk : chunks) text += chunk.digest + "  " + chunk.name + "\n";
  return session.print(text);
}

Result<ExitCode> put(Session& session, const std::vector<std::string>& files) {
  if (std::count(files.begin(), files.end(), "-") > 1)
    return failure(errc::invalid_argument,
                   "standard input can be stored only once: name - a single time");
  TALARIA_TRY_ASSIGN(auto settings, session.settings());
  TALARIA_TRY_ASSIGN(auto store, session.open_store());
  const Interrupt::OrderlyEnd orderly(session.interrupt());
  ChunkPut chunks(session, *store, settings.memory / 2);
  auto put_all = [&]() -> Result<void> {
    for (const auto& file : files) TALARIA_TRY(chunks.add(file));
    return chunks.store();
  };
  auto done = put_all();
  // Earlier commits stay when a later one fails: their addresses must be known.
  if (!done && chunks.done().empty()) return tl::unexpected(done.error());
  auto printed = print_put(session, chunks.done());
  if (!done) return tl::unexpected(done.error());
  return printed;
}

Result<Digest> parse_digest(const std::string& text) {
  if (auto digest = Digest::from_hex(text)) return *digest;
  return failure(errc::invalid_argument,
                 "'" + text +
                     "' is not a digest; right would be the 64 hexadecimal digits of a SHA-256");
}

struct GetChoice {
  std::string digest;
  std::string output;
};

Result<ExitCode> get(Session& session, const GetChoice& choice) {
  TALARIA_TRY_ASSIGN(auto digest, parse_digest(choice.digest));
  TALARIA_TRY_ASSIGN(auto store, session.open_store());
  TALARIA_TRY_ASSIGN(auto bytes, store->chunks().get(digest));
  TALARIA_TRY_ASSIGN(auto output, open_output(choice.output));
  const Interrupt::OrderlyEnd orderly(session.interrupt());
  if (auto written = output->write(bytes.view()); !written)
    return output_failure(*output, written.error());
  if (auto committed = output->commit(); !committed) return output_failure(*output, committed.error());
  return ExitCode::done;
}

// Prints chunks as they are found, so that any number of them can be listed.
class ChunkList {
public:
  ChunkList(bool as_json, bool sequences, Output& output)
      : json_(as_json), sequences_(sequences), output_(output) {}

  Result<void> begin() { return json_ ? output_.write("{\"chunks\":[") : Result<void>{}; }
  Result<void> end() { return json_ ? output_.write("]}\n") : Result<void>{}; }

  Result<void> add(const ChunkInfo& chunk) {
    return output_.write(json_ ? json_item(chunk) : row(chunk));
  }

private:
  std::string json_item(const ChunkInfo& chunk) {
    const json item{{"digest", chunk.digest.hex()}, {"size", chunk.size}, {"sequence", chunk.sequence}};
    return (std::exchange(first_, false) ? "" : ",") + item.dump();
  }

  std::string row(const ChunkInfo& chunk) const {
    std::string size = std::to_string(chunk.size);
    size.insert(0, size.size() < 12 ? 12 - size.size() : 0, ' ');
    return chunk.digest.hex() + size +
           (!sequences_      ? ""
            : chunk.sequence ? "  sequence"
                             : "  chunk") +
           "\n";
  }

  bool json_;
  bool sequences_;
  Output& output_;
  bool first_ = true;
};

Result<ExitCode> list(Session& session, bool sequences) {
  TALARIA_TRY_ASSIGN(auto store, session.open_store());
  TALARIA_TRY_ASSIGN(auto output, open_output({}));
  ChunkList chunks(session.json(), sequences, *output);
  auto written = chunks.begin();
  auto listed = store->chunks().list(sequences, [&](const ChunkInfo& chunk) {
    if (written) written = chunks.add(chunk);
    return written.has_value();
  });
  // However the listing ended, what was printed is whole JSON.
  if (written) written = chunks.end();
  if (written) written = output->commit();
  if (!written) return output_failure(*output, written.error());
  if (!listed) return tl::unexpected(listed.error());
  return ExitCode::done;
}

Result<ExitCode> remove(Session& session, const std::vector<std::string>& texts) {
  std::vector<Digest> digests;
  for (const auto& text : texts) {
    TALARIA_TRY_ASSIGN(auto digest, parse_digest(text));
    digests.push_back(digest);
  }
  TALARIA_TRY_ASSIGN(auto store, session.open_store());
  const Interrupt::OrderlyEnd orderly(session.interrupt());
  auto removed = json::array();
  auto code = ExitCode::done;
  for (const auto& digest : digests) {
    if (session.interrupt().requested()) return failure(errc::cancelled, "interrupted");
    auto done = store->chunks().remove(digest);
    if (done) {
      removed.push_back(digest.hex());
      continue;
    }
    if (done.error().code() != errc::not_found && done.error().code() != errc::in_use)
      return tl::unexpected(done.error());
    session.report(done.error());
    code = ExitCode::failed;
  }
  if (session.json()) return session.print_json({{"removed", std::move(removed)}}, code);
  TALARIA_TRY(session.print_summary("removed " + counted(removed.size(), "chunk") + "\n"));
  return code;
}

void add_put(CLI::App& chunk, Action& chosen) {
  auto* command = chunk.add_subcommand("put", "Store files; prints the digest of each");
  auto files = std::make_shared<std::vector<std::string>>();
  command->add_option("FILE", *files, "The files; - for standard input")->required()->expected(1, -1);
  command->fallthrough()->footer("Example: talaria chunk put alignment.bin");
  command->callback(
      [&chosen, files] { chosen = [files](Session& session) { return put(session, *files); }; });
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

void add_list(CLI::App& chunk, Action& chosen) {
  auto* command =
      chunk.add_subcommand("list", "List the chunks that were put: digest and size in bytes");
  auto sequences = std::make_shared<bool>(false);
  command->add_flag("--sequences", *sequences, "And the distinct sequences of all releases");
  command->fallthrough()->footer("Example: talaria chunk list --sequences --json");
  command->callback([&chosen, sequences] {
    chosen = [sequences](Session& session) { return list(session, *sequences); };
  });
}

void add_remove(CLI::App& chunk, Action& chosen) {
  auto* command = chunk.add_subcommand("remove", "Take chunks out; sequences of releases stay");
  auto digests = std::make_shared<std::vector<std::string>>();
  command->add_option("DIGEST", *digests, "Their SHA-256")->required()->expected(1, -1);
  command->fallthrough()->footer("Example: talaria chunk remove $DIGEST");
  command->callback([&chosen, digests] {
    chosen = [digests](Session& session) { return remove(session, *digests); };
  });
}

} // namespace

void add_chunk(CLI::App& app, Action& chosen) {
  auto* command =
      app.add_subcommand("chunk", "Store, read, list and remove bytes of any kind by their digest");
  command->fallthrough()->require_subcommand(0, 1);
  command->footer("Example: talaria chunk put alignment.bin");
  add_put(*command, chosen);
  add_chunk_get(*command, chosen);
  add_list(*command, chosen);
  add_remove(*command, chosen);
}

} // namespace talaria::cli

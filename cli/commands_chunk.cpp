// chunk put, list, info, rebase and remove: bytes of any kind, addressed by their SHA-256.
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

// What a chunk is to be stored as the difference from, as options say.
struct ReferenceOptions {
  std::string reference;
  bool find = false;

  bool any() const { return find || !reference.empty(); }

  Result<DeltaChoice> choice() const {
    if (find) return DeltaChoice::found();
    if (reference.empty()) return DeltaChoice::whole();
    TALARIA_TRY_ASSIGN(auto digest, parse_digest(reference));
    return DeltaChoice::given(digest);
  }

  void add_to(CLI::App& command) {
    auto* given = command.add_option("--reference", reference,
                                     "Store as the difference from this chunk or sequence, where that "
                                     "is smaller");
    given->type_name("DIGEST");
    command
        .add_flag("--find-reference", find,
                  "Store as the difference from the chunk put lately that it resembles most")
        ->excludes(given);
  }
};

struct PutChunk {
  std::string name;
  std::size_t size = 0;
  DeltaInfo info;
};

// Reads files until they fill a commit, and stores them together.
class ChunkPut {
public:
  ChunkPut(Session& session, Store& store, std::size_t memory, const DeltaChoice& choice)
      : session_(session), store_(store), memory_(memory), choice_(choice) {}

  Result<void> add(const std::string& path) {
    TALARIA_TRY_ASSIGN(auto file, InputFile::open(path, session_.interrupt()));
    TALARIA_TRY_ASSIGN(auto bytes, file.read_all(memory_));
    waiting_ += bytes.size();
    done_.push_back({file.name(), bytes.size(), {}});
    values_.push_back(std::move(bytes));
    return waiting_ < memory_ / 4 ? Result<void>{} : store();
  }

  Result<void> store() {
    if (session_.interrupt().requested()) return failure(errc::cancelled, "interrupted");
    TALARIA_TRY_ASSIGN(auto infos, put_all());
    for (auto& info : infos) done_[stored_++].info = std::move(info);
    values_.clear();
    waiting_ = 0;
    return {};
  }

  // Those that are stored.
  std::span<const PutChunk> done() const { return std::span(done_).first(stored_); }

private:
  Result<std::vector<DeltaInfo>> put_all() {
    if (choice_.from != DeltaChoice::From::nothing) {
      std::vector<DeltaValue> values;
      for (const auto& value : values_) values.push_back({value, choice_});
      return store_.deltas().put_batch(values);
    }
    const std::vector<std::string_view> views(values_.begin(), values_.end());
    TALARIA_TRY_ASSIGN(auto digests, store_.chunks().put_batch(views));
    std::vector<DeltaInfo> infos(digests.size());
    for (std::size_t i = 0; i < digests.size(); ++i) infos[i].digest = digests[i];
    return infos;
  }

  Session& session_;
  Store& store_;
  std::size_t memory_;
  DeltaChoice choice_;
  std::vector<std::string> values_;
  std::size_t waiting_ = 0; // bytes of values_
  std::vector<PutChunk> done_;
  std::size_t stored_ = 0;
};

json to_json(const std::vector<Digest>& digests) {
  auto list = json::array();
  for (const auto& digest : digests) list.push_back(digest.hex());
  return list;
}

json to_json(const DeltaInfo& info) {
  return {{"digest", info.digest.hex()},
          {"size", info.size},
          {"sequence", info.sequence},
          {"kind", to_string(info.kind)},
          {"references", to_json(info.references)},
          {"depth", info.depth},
          {"stored", info.stored},
          {"parts", info.parts},
          {"delta_parts", info.delta_parts}};
}

Result<ExitCode> print_put(Session& session, std::span<const PutChunk> chunks, bool differences) {
  if (session.json()) {
    auto list = json::array();
    for (const auto& chunk : chunks) {
      json item{{"digest", chunk.info.digest.hex()}, {"name", chunk.name}, {"size", chunk.size}};
      if (differences) item.update(to_json(chunk.info));
      list.push_back(std::move(item));
    }
    return session.print_json({{"chunks", std::move(list)}});
  }
  std::string text;
  for (const auto& chunk : chunks) text += chunk.info.digest.hex() + "  " + chunk.name + "\n";
  return session.print(text);
}

struct PutChoice {
  std::vector<std::string> files;
  ReferenceOptions reference;
};

Result<ExitCode> put(Session& session, const PutChoice& wanted) {
  const auto& files = wanted.files;
  if (std::count(files.begin(), files.end(), "-") > 1)
    return failure(errc::invalid_argument,
                   "standard input can be stored only once: name - a single time");
  TALARIA_TRY_ASSIGN(auto choice, wanted.reference.choice());
  TALARIA_TRY_ASSIGN(auto settings, session.settings());
  TALARIA_TRY_ASSIGN(auto store, session.open_store());
  const Interrupt::OrderlyEnd orderly(session.interrupt());
  ChunkPut chunks(session, *store, settings.memory / 2, choice);
  auto put_all = [&]() -> Result<void> {
    for (const auto& file : files) TALARIA_TRY(chunks.add(file));
    return chunks.store();
  };
  auto done = put_all();
  // Earlier commits stay when a later one fails: their addresses must be known.
  if (!done && chunks.done().empty()) return tl::unexpected(done.error());
  auto printed = print_put(session, chunks.done(), wanted.reference.any());
  if (!done) return tl::unexpected(done.error());
  return printed;
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

struct InfoChoice {
  std::string digest;
  bool deltas = false;
};

std::string to_text(const DeltaInfo& info) {
  std::vector<std::vector<std::string>> rows{
      {"kind", std::string(to_string(info.kind)) + (info.sequence ? ", a sequence" : "")},
      {"size", grouped(info.size)},
      {"stored", grouped(info.stored) + ", before compression in blocks"}};
  if (info.kind == ChunkKind::list)
    rows.push_back({"parts", grouped(info.parts) + ", of which deltas " + grouped(info.delta_parts)});
  if (info.depth > 0) rows.push_back({"depth", std::to_string(info.depth)});
  for (const auto& reference : info.references) rows.push_back({"reference", reference.hex()});
  return table(rows, "ll");
}

Result<ExitCode> info(Session& session, const InfoChoice& choice) {
  TALARIA_TRY_ASSIGN(auto digest, parse_digest(choice.digest));
  TALARIA_TRY_ASSIGN(auto store, session.open_store());
  TALARIA_TRY_ASSIGN(auto info, store->deltas().info(digest));
  std::vector<Digest> deltas;
  if (choice.deltas) {
    TALARIA_TRY_ASSIGN(deltas, store->deltas().deltas(digest));
  }
  if (session.json()) {
    auto value = to_json(info);
    if (choice.deltas) value["deltas"] = to_json(deltas);
    return session.print_json(value);
  }
  auto text = to_text(info);
  for (const auto& delta : deltas) text += "delta  " + delta.hex() + "\n";
  return session.print(text);
}

// The digests that texts are.
Result<std::vector<Digest>> parse_digests(const std::vector<std::string>& texts) {
  std::vector<Digest> digests;
  for (const auto& text : texts) {
    TALARIA_TRY_ASSIGN(auto digest, parse_digest(text));
    digests.push_back(digest);
  }
  return digests;
}

struct RebaseChoice {
  std::vector<std::string> digests;
  ReferenceOptions reference;
};

Result<ExitCode> rebase(Session& session, const RebaseChoice& wanted) {
  TALARIA_TRY_ASSIGN(auto digests, parse_digests(wanted.digests));
  TALARIA_TRY_ASSIGN(auto choice, wanted.reference.choice());
  TALARIA_TRY_ASSIGN(auto store, session.open_store());
  const Interrupt::OrderlyEnd orderly(session.interrupt());
  auto done = json::array();
  for (const auto& digest : digests) {
    if (session.interrupt().requested()) return failure(errc::cancelled, "interrupted");
    TALARIA_TRY_ASSIGN(auto info, store->deltas().rebase(digest, choice));
    done.push_back(to_json(info));
  }
  if (session.json()) return session.print_json({{"chunks", std::move(done)}});
  std::string text;
  for (const auto& chunk : done)
    text += chunk["digest"].get<std::string>() + "  " + chunk["kind"].get<std::string>() + "\n";
  return session.print(text);
}

Result<ExitCode> remove(Session& session, const std::vector<std::string>& texts) {
  TALARIA_TRY_ASSIGN(auto digests, parse_digests(texts));
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
  auto choice = std::make_shared<PutChoice>();
  command->add_option("FILE", choice->files, "The files; - for standard input")
      ->required()
      ->expected(1, -1);
  choice->reference.add_to(*command);
  command->fallthrough()->footer("Example: talaria chunk put alignment.bin\n"
                                 "         talaria chunk put alignment-2.bin --reference $DIGEST");
  command->callback(
      [&chosen, choice] { chosen = [choice](Session& session) { return put(session, *choice); }; });
}

void add_info(CLI::App& chunk, Action& chosen) {
  auto* command = chunk.add_subcommand(
      "info", "Show how a chunk or a sequence is stored: whole, as a delta, or in parts");
  auto choice = std::make_shared<InfoChoice>();
  command->add_option("DIGEST", choice->digest, "Its SHA-256, 64 hexadecimal digits")->required();
  command->add_flag("--deltas", choice->deltas,
                    "And list the chunks that are stored as the difference from it: reads all deltas");
  command->fallthrough()->footer("Example: talaria chunk info $DIGEST --deltas");
  command->callback(
      [&chosen, choice] { chosen = [choice](Session& session) { return info(session, *choice); }; });
}

void add_rebase_chunk(CLI::App& chunk, Action& chosen) {
  auto* command = chunk.add_subcommand(
      "rebase", "Store chunks anew: whole, or as the difference from another chunk");
  auto choice = std::make_shared<RebaseChoice>();
  command->add_option("DIGEST", choice->digests, "Their SHA-256")->required()->expected(1, -1);
  choice->reference.add_to(*command);
  command->fallthrough()->footer("Without a reference, they are stored whole.\n\n"
                                 "Example: talaria chunk rebase $DIGEST");
  command->callback(
      [&chosen, choice] { chosen = [choice](Session& session) { return rebase(session, *choice); }; });
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
  auto& chunk = add_chunk_group(app);
  add_put(chunk, chosen);
  add_chunk_get(chunk, chosen);
  add_list(chunk, chosen);
  add_info(chunk, chosen);
  add_rebase_chunk(chunk, chosen);
  add_remove(chunk, chosen);
}

} // namespace talaria::cli

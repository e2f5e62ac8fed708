// Talaria embedded in a program: a repository of sequence databases and the runtime that serves it.
//
//   auto store = talaria::Store::open("my-repo");
//   (*store)->ingest({.input = "sprot.fasta.gz", .name = "sprot", .version = "2026_04"});
//   auto record = (*store)->get("P12345");
//
// A Store may be used from several threads at once, and several processes may open the same repository:
// any number of them read while one writes. Destroying it ends the runtime in order; operations under
// way in other threads must have returned before.
#pragma once

#include "talaria/chunk_store.hpp"
#include "talaria/digest.hpp"
#include "talaria/error.hpp"
#include "talaria/object_store.hpp"
#include "talaria/settings.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace talaria {

// How far an operation has come. `total` is 0 if it isn't known.
struct Progress {
  std::string_view what; // "reading", "storing", "checking", "verifying", "exporting", "rebuilding",
                         // "marking", "collecting"
  uint64_t done = 0;     // bytes
  uint64_t total = 0;
};

// What long operations share. `progress` is called from a thread of the runtime, at most a few times a
// second for each stage; it must not call the Store. Setting `*cancel` ends the operation with
// errc::cancelled.
struct OperationOptions {
  std::function<void(const Progress&)> progress;
  std::shared_ptr<std::atomic<bool>> cancel;
};

struct IngestRequest {
  std::string input;   // path of a FASTA file, plain or compressed; "-" for standard input
  std::string name;    // of the database: letters, digits and "._-/", "/" only between them
  std::string version; // letters, digits and "._-"
  OperationOptions options;
};

struct ReleaseInfo {
  std::string name;
  std::string version;
  uint64_t created = 0; // seconds since 1970, UTC
  Digest digest;        // SHA-256 of the file as exported
  uint64_t bytes = 0;   // of the file as exported
  uint64_t records = 0;
  uint64_t residues = 0;
};

struct IngestReport {
  ReleaseInfo release;
  bool unchanged = false;     // the release was there already, with the same content
  uint64_t new_sequences = 0; // stored by this ingest
  uint64_t new_residues = 0;
  uint64_t stored_bytes = 0; // by which the repository grew
};

// A record as it stands in a release. For a sequence asked by digest alone, header and release are
// empty.
struct Record {
  std::string header;   // without '>'
  std::string sequence; // canonical residues
  std::string text;     // byte for byte as in the file; for a digest: FASTA with the digest as header
  std::string release;  // NAME@VERSION
};

struct VerifyOptions {
  bool quick = false;          // structure and small files only: no data are read
  double sample_percent = 100; // share of the blocks whose data are read
  OperationOptions options;
};

// Something that is wrong, and what it takes away.
struct Damage {
  std::string object; // the file
  std::string message;
  std::vector<std::string> releases; // NAME@VERSION of each release that it hits
  bool derived = false;              // Store::rebuild makes the file anew
};

struct VerifyReport {
  std::vector<Damage> damages;
  bool data_read = false; // false after a quick verification
  uint64_t files = 0;     // checked
  uint64_t blocks = 0;    // whose data were read
  uint64_t chunks = 0;    // whose digest was computed
  uint64_t bytes = 0;     // of chunks, decompressed
  uint64_t releases = 0;
};

struct RebuildOptions {
  bool dry_run = false; // says what would be done, reads no data and writes nothing
  OperationOptions options;
};

// A file that is made anew, and what was wrong with it.
struct Rebuilt {
  std::string object;
  std::string reason;
};

// After a dry run, what would be made anew; damages are then those that show without reading data.
struct RebuildReport {
  std::vector<Rebuilt> rebuilt;
  std::vector<Damage> damages; // what can't be read, so that it isn't in what was made
  std::vector<std::string>
      notes;             // what is as it was before, or has another name, for nothing tells more
  uint64_t segments = 0; // of the index, written
  uint64_t chunks = 0;   // that they index
  uint64_t releases = 0; // in the repository
};

struct GcOptions {
  // A pack of which more than this share is not needed is rewritten without that; 0 to 100. One of which
  // nothing is needed always goes.
  double dead_percent = 20;
  bool dry_run = false; // says what would be done and writes nothing
  OperationOptions options;
};

// After a dry run, what would be done; `bytes_after` is then an estimate.
struct GcReport {
  uint64_t packs_kept = 0;
  uint64_t packs_rewritten = 0;
  uint64_t packs_dropped = 0;
  uint64_t chunks = 0;       // freed, of all kinds
  uint64_t bytes_before = 0; // of all files of the repository
  uint64_t bytes_after = 0;
};

struct StoreStats {
  uint64_t repository_bytes = 0; // all files
  uint64_t raw_bytes = 0;        // all releases as exported
  uint64_t releases = 0;
  uint64_t records = 0;   // of all releases
  uint64_t sequences = 0; // distinct
  uint64_t residues = 0;  // of distinct sequences
  uint64_t headers = 0;   // stored; those of equal text nearly always once
  uint64_t chunks = 0;    // stored chunks of all kinds
  uint64_t application_chunks = 0;
  uint64_t packs = 0;
  uint64_t pack_bytes = 0;
  uint64_t index_segments = 0;
  uint64_t index_bytes = 0;
  uint64_t page_bytes = 0;
};

// Takes the bytes of an export in order; an error ends it.
using ExportSink = std::function<Result<void>(std::string_view)>;

class Store {
public:
  // Makes an empty repository in the folder `path`, which is made if it is missing.
  static Result<void> init(const std::string& path);
  static Result<void> init(ObjectStore& objects);

  // Opens a repository; errc::no_repository if there is none. Takes time and memory that don't depend on
  // its size.
  static Result<std::unique_ptr<Store>> open(const std::string& path, Settings settings = {});
  static Result<std::unique_ptr<Store>> open(std::unique_ptr<ObjectStore> objects,
                                             Settings settings = {});

  ~Store();
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  // Stores a release. Before it is committed, it is rendered from what was stored and compared with the
  // input. errc::exists if NAME@VERSION is there with other content; errc::unsupported_input and
  // errc::corrupt_input for what is not a sound FASTA file: then nothing is stored.
  Result<IngestReport> ingest(const IngestRequest& request);

  // All releases, or those of one database, oldest first.
  Result<std::vector<ReleaseInfo>> releases(const std::string& name = {});

  // Renders NAME@VERSION, or the latest version of NAME, byte for byte. If it fails on damage, what the
  // sink has taken is a part of the file.
  Result<ReleaseInfo> export_release(const std::string& release, const ExportSink& sink,
                                     const OperationOptions& options = {});

  // The record with this accession ("P12345", "sp|P12345|X", "NP_000001.2") in `release` (NAME or
  // NAME@VERSION), or in the newest release that has it; or the sequence with this digest (64
  // hexadecimal digits).
  Result<Record> get(const std::string& id, const std::string& release = {});

  Result<VerifyReport> verify(const VerifyOptions& options = {});

  // Makes anew what is missing or damaged and can be made from the other files: index segments, release
  // objects, the snapshot, the ref. Packs and page files are never changed. The damages in the report
  // remain.
  Result<RebuildReport> rebuild(const RebuildOptions& options = {});

  // Takes releases out, each named NAME@VERSION, in one commit: all or none. errc::not_found if one
  // isn't there. Returns what was taken out. Their space is freed by collect_garbage().
  Result<std::vector<ReleaseInfo>> remove(const std::vector<std::string>& releases);

  // Frees what no release and no application chunk needs. Works in several commits: if it ends early, by
  // an error, by a crash or because it is cancelled, what it had freed stays freed, and it can be run
  // again. errc::damaged, and nothing is changed, if data can't be read that say what is needed.
  Result<GcReport> collect_garbage(const GcOptions& options = {});

  Result<StoreStats> stats();

  ChunkStore& chunks() noexcept;

private:
  explicit Store(std::unique_ptr<Runtime> runtime);
  std::unique_ptr<Runtime> runtime_;
  ChunkStore chunks_;
};

} // namespace talaria

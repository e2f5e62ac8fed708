// Every actor of the runtime and every message it understands.
//
//   input ──piece──▶ ingest ──piece──▶ workers (prepare) ──▶ ingest (intern) ──run──▶ workers (sketch,
//   plan, encode)
//                                                                  └──block──▶ pack writer ──▶ object
//                                                                  store
//   caller ──digests──▶ index ──places──▶ caller ──▶ cache ──misses──▶ block readers ──blocks──▶ cache
//   ──▶ caller
//   export ──wanted chunks──▶ block readers ──contents──▶ workers (render) ──text──▶ export ──▶ sink
//   verify ──blocks, values──▶ verifiers    rebuild ──blocks──▶ verifiers    gc ──pages, blocks──▶
//   verifiers
//
// The operations (ingest, export, verify, rebuild, rebase, gc, put) are blocking actors in threads of
// their own. They keep a bounded number of requests outstanding and take the answers in order: that is
// the credit which lets a slow disk slow the reader, and the reader nobody. All values in messages are
// shared and immutable.
#pragma once

#include "actors/local.hpp"
#include "cache/block_cache.hpp"
#include "cache/page_cache.hpp"
#include "repository/block_reader.hpp"
#include "repository/commit.hpp"
#include "repository/difference_writer.hpp"
#include "repository/locator.hpp"
#include "repository/marks.hpp"
#include "repository/reindex.hpp"
#include "repository/run.hpp"
#include "repository/verify.hpp"
#include "sequence/prepare.hpp"
#include "sequence/render.hpp"

#include <optional>
#include <vector>

CAF_BEGIN_TYPE_ID_BLOCK(talaria_runtime, caf::first_custom_type_id + 2100)
CAF_ADD_ATOM(talaria_runtime, talaria, next_piece_atom, "next_piece")
CAF_ADD_ATOM(talaria_runtime, talaria, prepare_atom, "prepare")
CAF_ADD_ATOM(talaria_runtime, talaria, sketch_atom, "sketch")
CAF_ADD_ATOM(talaria_runtime, talaria, sketch_long_atom, "skch_long")
CAF_ADD_ATOM(talaria_runtime, talaria, difference_atom, "difference")
CAF_ADD_ATOM(talaria_runtime, talaria, plan_atom, "plan")
CAF_ADD_ATOM(talaria_runtime, talaria, lookup_atom, "lookup")
CAF_ADD_ATOM(talaria_runtime, talaria, encode_atom, "encode")
CAF_ADD_ATOM(talaria_runtime, talaria, gather_atom, "gather")
CAF_ADD_ATOM(talaria_runtime, talaria, render_atom, "render")
CAF_ADD_ATOM(talaria_runtime, talaria, append_atom, "append")
CAF_ADD_ATOM(talaria_runtime, talaria, finish_run_atom, "finish_run")
CAF_ADD_ATOM(talaria_runtime, talaria, read_blocks_atom, "read_blks")
CAF_ADD_ATOM(talaria_runtime, talaria, long_chunks_atom, "long_chnks")
CAF_ADD_ATOM(talaria_runtime, talaria, scripts_atom, "scripts")
CAF_ADD_ATOM(talaria_runtime, talaria, locate_atom, "locate")
CAF_ADD_ATOM(talaria_runtime, talaria, counts_atom, "counts")
CAF_ADD_ATOM(talaria_runtime, talaria, check_blocks_atom, "chk_blocks")
CAF_ADD_ATOM(talaria_runtime, talaria, check_drawn_atom, "chk_drawn")
CAF_ADD_ATOM(talaria_runtime, talaria, check_values_atom, "chk_values")
CAF_ADD_ATOM(talaria_runtime, talaria, check_segment_atom, "chk_segm")
CAF_ADD_ATOM(talaria_runtime, talaria, check_pages_atom, "chk_pages")
CAF_ADD_ATOM(talaria_runtime, talaria, check_file_atom, "chk_file")
CAF_ADD_ATOM(talaria_runtime, talaria, scan_blocks_atom, "scan_blks")
CAF_ADD_ATOM(talaria_runtime, talaria, mark_pages_atom, "mark_pages")
CAF_ADD_ATOM(talaria_runtime, talaria, mark_blocks_atom, "mark_blks")
CAF_ADD_ATOM(talaria_runtime, talaria, run_atom, "run")
CAF_ADD_ATOM(talaria_runtime, talaria, services_atom, "services")
CAF_END_TYPE_ID_BLOCK(talaria_runtime)

namespace talaria::actors {

// What the input actor answers: a piece, or at the end the digest of all of them.
struct InputPiece {
  std::optional<RawPiece> piece;
  Digest digest;      // at the end only
  uint64_t bytes = 0; // delivered so far
};

using Blocks = std::vector<BlockPtr>;
using Places = std::vector<BlockPlace>;
using Plans = std::vector<BlockPlan>;
using Digests = std::vector<Digest>;

using Sketches = std::vector<uint32_t>;

struct SketchJob {
  std::shared_ptr<const Run> run;
  Kind kind = Kind::sequence;
  uint32_t first = 0;
  uint32_t count = 0;
};

// Chunks of a run that may be nucleotides.
struct LongSketchJob {
  std::shared_ptr<const Run> run;
  Kind kind = Kind::part;
  std::vector<uint32_t> places;
};
using LongSketches = std::vector<std::optional<ReferenceSketch>>;

// Blocks of differences whose chunks may be references.
struct LongChunksJob {
  DigestIndexPtr index;
  std::vector<StoredBlock> blocks;
  unsigned depth_max = 0;
};
using LongChunks = std::vector<LongChunk>;

// New sequences, and the stored ones from which they may differ little.
struct ScriptsJob {
  struct Item {
    uint32_t place = 0; // in the run
    Number reference;
    BlockPlace at;       // of the reference
    std::string content; // of it, or nothing: then it is to be read
  };
  std::shared_ptr<const Run> run;
  DigestIndexPtr index;
  std::vector<Item> items;
};
using Scripts = std::vector<std::optional<std::string>>; // nothing where it doesn't pay

struct PlanJob {
  std::shared_ptr<const Run> run;
  Kind kind = Kind::sequence;
  Sketches sketches;
};

struct EncodeJob {
  std::shared_ptr<const Run> run;
  std::shared_ptr<const Plans> plans;
  std::size_t place = 0; // of the block in `plans`
};

// Reads the input: detached, since it blocks.
using input_actor = caf::typed_actor<
    // Answers the next piece of the input, or its end.
    caf::replies_to<next_piece_atom>::with<Local<InputPiece>>>;

// Computes, one of a pool on the scheduler; never blocks.
using worker_actor = caf::typed_actor<
    // Takes a piece of records apart: residues, layouts, digests.
    caf::replies_to<prepare_atom, Local<InputPiece>>::with<Local<PreparedPiece>>,
    // Sketches some of the new chunks of a kind.
    caf::replies_to<sketch_atom, Local<SketchJob>>::with<Local<Sketches>>,
    // Sketches long chunks, as far as they are nucleotides.
    caf::replies_to<sketch_long_atom, Local<LongSketchJob>>::with<Local<LongSketches>>,
    // Encodes a chunk as a difference.
    caf::replies_to<difference_atom, Local<DifferenceJob>>::with<Local<EncodedDifference>>,
    // Orders the new chunks of a kind by similarity and cuts them into blocks.
    caf::replies_to<plan_atom, Local<PlanJob>>::with<Local<Plans>>,
    // Makes the look-up tables of a run.
    caf::replies_to<lookup_atom, Local<Run>>::with<Local<Run::LookupTables>>,
    // Compresses a block.
    caf::replies_to<encode_atom, Local<EncodeJob>>::with<Local<EncodedBlock>>,
    // Renders records from their contents.
    caf::replies_to<render_atom, Local<RenderJob>>::with<Local<Rendered>>>;

// Writes the files of one commit: detached, since it blocks.
using pack_writer_actor = caf::typed_actor<
    // Appends a block to the current pack.
    caf::replies_to<append_atom, Local<EncodedBlock>>::with<void>,
    // Closes the packs of a run and writes its segment.
    caf::replies_to<finish_run_atom, Local<Run>, Local<Plans>, Local<Run::LookupTables>>::with<void>>;

// Reads blocks from packs, one of a pool of detached actors.
using block_reader_actor = caf::typed_actor<
    // Reads, checks and decompresses blocks.
    caf::replies_to<read_blocks_atom, Local<Places>>::with<Local<Blocks>>,
    // Reads stored long chunks and sketches them.
    caf::replies_to<long_chunks_atom, Local<LongChunksJob>>::with<Local<LongChunks>>,
    // Encodes new sequences as differences from stored ones.
    caf::replies_to<scripts_atom, Local<ScriptsJob>>::with<Local<Scripts>>,
    // Copies chunks out of blocks, which it takes from the cache or reads.
    caf::replies_to<gather_atom, Local<GatherJob>>::with<Local<Gathered>>>;

// Keeps decompressed blocks in memory, weighed in bytes.
using cache_actor = caf::typed_actor<
    // Answers blocks in the order asked, from memory or through the block readers.
    caf::replies_to<read_blocks_atom, Local<Places>>::with<Local<Blocks>>,
    // Hits, misses and evictions since the start.
    caf::replies_to<counts_atom>::with<Local<CacheCounts>>>;

// Knows the current view of the repository and finds chunks in it.
using index_actor = caf::typed_actor<
    // Finds chunks by digest.
    caf::replies_to<locate_atom, Local<Digests>>::with<Local<LocatedChunks>>>;

// Verifies stored data, one of a pool of detached actors.
using verifier_actor = caf::typed_actor<
    // Reads blocks, decompresses them, and compares the digests of their chunks with the index.
    caf::replies_to<check_blocks_atom, Local<BlockCheck>>::with<Local<CheckReport>>,
    // Reads blocks that a release draws on, compares them with their checksums, and seeks in them what
    // new sequences resemble.
    caf::replies_to<check_drawn_atom, Local<DrawnCheck>>::with<Local<CheckReport>>,
    // Reads long values through their parts and compares their digests.
    caf::replies_to<check_values_atom, Local<ValueCheck>>::with<Local<CheckReport>>,
    // Reads a segment of the index entry by entry.
    caf::replies_to<check_segment_atom, Local<SegmentCheck>>::with<Local<CheckReport>>,
    // Reads the pages of a release and looks for the chunks that they name.
    caf::replies_to<check_pages_atom, Local<PagesCheck>>::with<Local<CheckReport>>,
    // Compares the content of a file with its name.
    caf::replies_to<check_file_atom, Local<FileCheck>>::with<Local<CheckReport>>,
    // Reads blocks for what an index segment says of their chunks.
    caf::replies_to<scan_blocks_atom, Local<BlockScan>>::with<Local<ScanReport>>,
    // Marks the chunks that pages of a release name as needed.
    caf::replies_to<mark_pages_atom, Local<PagesToMark>>::with<void>,
    // Marks what needed chunks of blocks refer to as needed.
    caf::replies_to<mark_blocks_atom, Local<BlocksToMark>>::with<void>>;

// The actors that operations use.
struct Services {
  std::vector<worker_actor> workers;
  std::vector<block_reader_actor> readers;
  std::vector<verifier_actor> verifiers;
  cache_actor cache;
  index_actor index;
};

} // namespace talaria::actors

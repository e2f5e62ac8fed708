// Deltas: chunks that are stored as what differs from another one, their reference.
//
//   auto first = store->chunks().put(old_alignment);
//   auto delta = store->deltas().put(new_alignment, *first);   // delta->kind says whether it paid
//   auto bytes = store->chunks().get(delta->digest);           // as any other chunk
//
// A delta has the digest of its bytes and is read, listed, verified and removed like any chunk: nobody
// needs to know how it is stored. It goes back to its reference, which may be a delta itself; chains are
// as deep as Settings::delta_depth at most. A reference is a chunk that an application put, or a
// sequence of a release. Values of more than 256 KiB are stored as lists of parts; then each part that
// is new is the difference from those parts of the reference that it resembles.
//
// All functions may be called from several threads at once. Writing functions take the writer's lock of
// the repository; errc::locked after Settings::lock_wait.
#pragma once

#include "talaria/buffer.hpp"
#include "talaria/digest.hpp"
#include "talaria/error.hpp"

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace talaria {

class Runtime;

// How a chunk is stored.
enum class ChunkKind : uint8_t {
  whole, // as it is
  delta, // as the difference from others
  list,  // in parts, each whole or a delta
};

// "whole", "delta", "list".
std::string_view to_string(ChunkKind kind) noexcept;

struct DeltaInfo {
  Digest digest;
  uint64_t size = 0;     // bytes
  bool sequence = false; // stored by an ingest, not by an application
  ChunkKind kind = ChunkKind::whole;

  // What a delta differs from; of a list, the chunk whose parts its own differ from, if it was put so. A
  // sequence may differ from parts of others, which no function takes by their digest.
  std::vector<Digest> references;

  // How many deltas, one the reference of the other, are followed to read it; of a list, its deepest
  // part.
  unsigned depth = 0;

  // Bytes of what is stored of it, before they are compressed together with others; parts that other
  // values share included.
  uint64_t stored = 0;
  uint64_t parts = 0;       // of a list
  uint64_t delta_parts = 0; // those of them that are deltas
};

// What a chunk is to differ from.
struct DeltaChoice {
  enum class From : uint8_t { nothing, found, given };

  From from = From::found;
  Digest reference; // if it is given

  static DeltaChoice whole() { return {From::nothing, {}}; }
  static DeltaChoice given(const Digest& reference) { return {From::given, reference}; }

  // The chunk that it resembles most among those that were put last, as many as have a sixteenth of
  // Settings::memory together (64 MiB by default). They are read for it, once for each call: some 5 ms a
  // megabyte.
  static DeltaChoice found() { return {}; }
};

struct DeltaValue {
  std::string_view bytes;
  DeltaChoice choice;
};

class DeltaStore {
public:
  explicit DeltaStore(Runtime& runtime) : runtime_(runtime) {}

  // Stores a byte string as the difference from `reference`, or from a chunk that is found;
  // errc::not_found if the reference isn't there. It is stored whole if the difference saves less than a
  // tenth. If the chain of the reference is as deep as chains may be, it is stored as the difference
  // from what that goes back to. Bytes that are there already stay as they are stored. Durable when it
  // returns.
  Result<DeltaInfo> put(std::string_view bytes, const Digest& reference);
  Result<DeltaInfo> put(std::string_view bytes);

  // Stores many in one commit; the answers come in the same order. A value may have an earlier one as
  // its reference.
  Result<std::vector<DeltaInfo>> put_batch(std::span<const DeltaValue> values);

  // The bytes at an address, as ChunkStore::get().
  Result<Buffer> get(const Digest& digest) const;

  // How a chunk or a sequence is stored, and what it refers to; errc::not_found. Reads its references,
  // and all parts of a list.
  Result<DeltaInfo> info(const Digest& digest) const;

  // The chunks of applications that are stored as the difference from this chunk or sequence, or from
  // parts of it; errc::not_found if it isn't there. Time: reads all deltas that applications put, and,
  // if there are lists with delta parts, what was put together with those; and each chunk that it
  // answers.
  Result<std::vector<Digest>> deltas(const Digest& reference) const;

  // Stores a chunk of an application anew, in a commit of its own: whole, or as the difference from what
  // the choice says, where that pays. So a chain gets shorter, or a chunk independent of what it
  // differed from: then that can be removed. What differs from this chunk stays readable, and goes back
  // to what was stored before until it is stored anew itself; the space of that is freed when nothing
  // needs it and the repository is compacted. errc::invalid_argument for a reference that is the chunk
  // itself or goes back to it; errc::in_use for a sequence of a release.
  Result<DeltaInfo> rebase(const Digest& digest, const DeltaChoice& choice);

private:
  Runtime& runtime_;
};

} // namespace talaria

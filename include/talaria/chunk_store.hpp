// The chunk interface: byte strings of any kind, addressed by their SHA-256.
//
// Sequences of releases can be read here too. What an application puts is stored once, however often it
// is put, apart from the sequences of releases. All functions may be called from several threads at
// once. Writing functions take the writer's lock of the repository; errc::locked after
// Settings::lock_wait.
#pragma once

#include "talaria/buffer.hpp"
#include "talaria/digest.hpp"
#include "talaria/error.hpp"

#include <cstdint>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

namespace talaria {

class Runtime;

struct ChunkInfo {
  Digest digest;
  uint64_t size = 0;     // bytes
  bool sequence = false; // stored by an ingest, not by put()
};

struct ChunkStats {
  uint64_t chunks = 0; // put by applications
  uint64_t bytes = 0;  // of them, before compression
  uint64_t sequences = 0;
  uint64_t residues = 0; // of distinct sequences
};

class ChunkStore {
public:
  explicit ChunkStore(Runtime& runtime) : runtime_(runtime) {}

  // Stores a byte string and returns its address. Durable when it returns. Each call is a commit of its
  // own: to store many, use put_batch().
  Result<Digest> put(std::string_view bytes);

  // Stores many in one commit; the addresses come in the same order.
  Result<std::vector<Digest>> put_batch(std::span<const std::string_view> values);

  // The bytes at an address; errc::not_found. The whole digest is checked before it returns.
  Result<Buffer> get(const Digest& digest) const;

  // `length` of these bytes from `offset` on, clipped at the end, read without the rest;
  // errc::invalid_argument if `offset` is behind the end. Checked by the checksums of what is read, not
  // by the digest of the whole.
  Result<Buffer> get_range(const Digest& digest, uint64_t offset, uint64_t length) const;

  // Many at once, in the order asked, each with its own outcome. Blocks are read once for all chunks in
  // them, in parallel. Memory: the reply, and a bounded number of blocks.
  std::vector<Result<Buffer>> get_batch(std::span<const Digest> digests) const;

  Result<bool> contains(const Digest& digest) const;
  Result<std::vector<bool>> contains_batch(std::span<const Digest> digests) const;

  // Calls `visit` for each chunk put by applications, and with `sequences` also for each distinct
  // sequence, until it returns false. Reads the data, since the index keeps only half of each digest.
  Result<void> list(bool sequences, const std::function<bool(const ChunkInfo&)>& visit) const;

  // Takes a chunk out; errc::not_found if it isn't there, errc::in_use if only releases have it, or
  // while other chunks are stored as differences from it (DeltaStore::deltas() lists them, rebase()
  // frees them of it): to know that takes as long as DeltaStore::deltas(). Its space is freed by
  // Store::collect_garbage().
  Result<void> remove(const Digest& digest);

  // Reads the chunk from the disk and checks it: errc::damaged or errc::not_found.
  Result<void> verify(const Digest& digest) const;

  Result<ChunkStats> stats() const;

private:
  Runtime& runtime_;
};

} // namespace talaria

// Reads of chunks: by digest, lists of them.
#pragma once

#include "actors/operation.hpp"

namespace talaria::actors {

// Chunks and sequences by digest, in the order asked. Bounded memory beside the reply.
std::vector<Result<Buffer>> get_chunks(Operation& op, std::span<const Digest> digests);

Result<std::vector<bool>> contains_chunks(ReadContext& context, std::span<const Digest> digests);

// Reads a chunk from the disk, past the cache, and checks it.
Result<void> verify_chunk(const Core& core, const Digest& digest);

// Lists chunks that applications put, and with `sequences` also the distinct sequences.
Result<void> list_chunks(const Core& core, bool sequences,
                         const std::function<bool(const ChunkInfo&)>& visit);

} // namespace talaria::actors

// Reads of single chunks by digest, and what they have in common with reads of many.
#pragma once

#include "reads/read_context.hpp"
#include "talaria/chunk_store.hpp"
#include "talaria/digest.hpp"

#include <cstdint>
#include <string_view>

namespace talaria {

// A value that is given out as one piece of memory has at most so many bytes.
constexpr uint64_t longest_reply = uint64_t{1} << 32;

// A chunk or sequence, compared with its digest. errc::not_found if there is none.
Result<Buffer> get_chunk(ReadContext& context, const Digest& digest);

// A part of a chunk or sequence, clipped at its end.
Result<Buffer> get_chunk_range(ReadContext& context, const Digest& digest, uint64_t offset,
                               uint64_t length);

// The bytes of a chunk from the block that has it, compared with its digest. `source`: for what it is
// the difference from, or a list of.
Result<Buffer> take_chunk(BlockSource& source, DecodedChunks& decoded, const DigestIndex& index,
                          const LocatedChunk& chunk, const BlockPtr& block, const Digest& digest,
                          Hasher& hasher);

// Whether a chunk could not be read because it was removed meanwhile: it is as absent as any other then.
bool was_removed(const Core& core, const LocatedChunk& chunk, const Error& error);

// The error for a digest that no chunk has.
Error no_chunk(const Digest& digest);

// The error of reading a chunk, with its digest and those of what it differs from: one of them, or what
// that goes back to, is what is damaged.
Error chunk_error(const DigestIndex& index, const Digest& digest, ChunkForm form,
                  std::string_view content, const Error& error);

} // namespace talaria

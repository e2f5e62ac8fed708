#include "reads/chunk.hpp"

#include "repository/key_text.hpp"
#include "repository/list.hpp"

namespace talaria {

namespace {

// Which chunks the content of one refers to, as far as it can be told.
std::string references_in(const DigestIndex& index, ChunkForm form, std::string_view content) {
  if (form == ChunkForm::list) {
    auto list = decode_list(content);
    return list && list->reference ? list->reference->hex() : "";
  }
  std::string names;
  auto difference = decode_difference_chunk(content);
  if (form != ChunkForm::difference || !difference) return names;
  for (auto& reference : difference->references) {
    auto number = index.number(reference.generation, reference.ordinal);
    if (!number) continue;
    auto key = index.key(reference.kind, *number);
    if (key) names += (names.empty() ? "" : ", ") + digest_beginning(*key);
  }
  return names;
}

} // namespace

Error no_chunk(const Digest& digest) {
  return {errc::not_found, "no chunk has the digest " + digest.hex()};
}

Error chunk_error(const DigestIndex& index, const Digest& digest, ChunkForm form,
                  std::string_view content, const Error& error) {
  auto references = references_in(index, form, content);
  if (references.empty()) return error;
  return error.within("the chunk " + digest.hex() + ", which is the difference from " + references);
}

bool was_removed(const Core& core, const LocatedChunk& chunk, const Error& error) {
  if (error.code() != errc::damaged || !chunk.found) return error.code() == errc::not_found;
  auto now = core.repository->registry()->locate_now(chunk.kind, chunk.number);
  return !now && now.error().code() == errc::not_found;
}

Result<Buffer> take_chunk(BlockSource& source, DecodedChunks& decoded, const DigestIndex& index,
                          const LocatedChunk& chunk, const BlockPtr& block, const Digest& digest,
                          Hasher& hasher) {
  auto form = ChunkForm::whole;
  TALARIA_TRY_ASSIGN(auto content, content_of(block, chunk.kind, chunk.number, form));
  std::string bytes;
  if (form != ChunkForm::whole) {
    auto value = read_value(index, source, chunk.kind, chunk.number, longest_reply, &decoded);
    if (!value) return tl::unexpected(chunk_error(index, digest, form, content, value.error()));
    bytes = *std::move(value);
  } else {
    bytes = content;
  }
  if (hasher.of(bytes) != digest)
    return failure(errc::damaged,
                   "the chunk at the digest " + digest.hex() + " has another one: run `talaria verify`");
  return Buffer(std::move(bytes));
}

Result<Buffer> get_chunk(ReadContext& context, const Digest& digest) {
  TALARIA_TRY_ASSIGN(auto located, context.core->locator->locate(std::span(&digest, 1)));
  auto& chunk = located.chunks[0];
  if (!chunk.found) return tl::unexpected(no_chunk(digest));
  EitherBlockSource source(context);
  auto read = [&]() -> Result<Buffer> {
    TALARIA_TRY_ASSIGN(auto blocks, source.read(std::span(&chunk.place, 1)));
    Hasher hasher;
    return take_chunk(source, context.memory->decoded(located.index), *located.index, chunk, blocks[0],
                      digest, hasher);
  };
  auto bytes = read();
  // One that was stored anew, by `chunk rebase` or a release, has another number now.
  if (!bytes && was_removed(*context.core, chunk, bytes.error())) return get_chunk(context, digest);
  return bytes;
}

namespace {

Result<Buffer> read_range(ReadContext& context, const LocatedChunks& located, const Digest& digest,
                          uint64_t offset, uint64_t length) {
  auto& chunk = located.chunks[0];
  EitherBlockSource source(context);
  ValueReader value(*located.index, source, &context.memory->decoded(located.index));
  TALARIA_TRY(value.open(chunk.kind, chunk.number));
  if (offset > value.size())
    return failure(errc::invalid_argument, "the chunk " + digest.hex() + " has " +
                                               std::to_string(value.size()) + " bytes: none is at " +
                                               std::to_string(offset));
  length = std::min(length, value.size() - offset);
  if (length > longest_reply)
    return failure(errc::limit_exceeded, "a range of more than " + std::to_string(longest_reply) +
                                             " bytes: ask for smaller ones");
  std::string bytes;
  bytes.reserve(static_cast<std::size_t>(length));
  TALARIA_TRY(value.read(offset, length, bytes));
  return Buffer(std::move(bytes));
}

} // namespace

Result<Buffer> get_chunk_range(ReadContext& context, const Digest& digest, uint64_t offset,
                               uint64_t length) {
  TALARIA_TRY_ASSIGN(auto located, context.core->locator->locate(std::span(&digest, 1)));
  auto& chunk = located.chunks[0];
  if (!chunk.found) return tl::unexpected(no_chunk(digest));
  auto bytes = read_range(context, located, digest, offset, length);
  if (!bytes && was_removed(*context.core, chunk, bytes.error()))
    return get_chunk_range(context, digest, offset, length);
  return bytes;
}

} // namespace talaria

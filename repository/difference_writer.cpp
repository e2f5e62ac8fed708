#include "repository/difference_writer.hpp"

#include "coding/prefix_difference.hpp"
#include "core/try.hpp"

#include <algorithm>
#include <array>
#include <map>

namespace talaria {

namespace {

constexpr std::array<uint8_t, 256> nucleotides = [] {
  std::array<uint8_t, 256> table{};
  for (auto letter : {'A', 'C', 'G', 'T', 'N'}) table[static_cast<uint8_t>(letter)] = 1;
  return table;
}();

// All but one letter in sixteen: of proteins a quarter are.
bool is_nucleotides(std::string_view content) noexcept {
  std::size_t count = 0;
  for (char letter : content) count += nucleotides[static_cast<uint8_t>(letter)];
  return count >= content.size() - content.size() / 16;
}

bool pays(std::size_t with, std::size_t without) {
  return 10 * with < 9 * without;
}

} // namespace

bool is_long_nucleotides(std::string_view content) noexcept {
  return content.size() >= long_chunk_min && is_nucleotides(content);
}

std::optional<ReferenceSketch> long_chunk_sketch(std::string_view content) {
  if (!is_long_nucleotides(content)) return std::nullopt;
  return reference_sketch(content);
}

Result<std::vector<StoredBlock>> stored_blocks(const DigestIndex& index, const Snapshot& snapshot,
                                               const std::function<bool(const BlockInfo&)>& wanted) {
  std::map<uint32_t, GenerationId> generations; // by pack
  for (auto& pack : snapshot.packs)
    generations[index.registry()->id(pack.digest)] = snapshot.generations[pack.generation];
  std::vector<StoredBlock> found;
  for (auto segment = static_cast<uint32_t>(index.segments().size()); segment-- > 0;) {
    for (auto i = index.segments()[segment]->block_count(); i-- > 0;) {
      TALARIA_TRY_ASSIGN(auto info, index.segments()[segment]->block(i));
      if (!wanted(info)) continue;
      TALARIA_TRY_ASSIGN(auto place, index.place({segment, i}));
      auto generation = generations.find(place.pack);
      if (generation != generations.end()) found.push_back({place, generation->second});
    }
  }
  return found;
}

Result<std::vector<StoredBlock>> stored_differences(const DigestIndex& index, const Snapshot& snapshot) {
  return stored_blocks(index, snapshot, [](const BlockInfo& block) {
    return block.differences && !block.columns && block.kind != Kind::bytes;
  });
}

std::vector<LongChunk> read_long_chunks(const DigestIndex& index, BlockSource& source,
                                        DecodedChunks& decoded, const StoredBlock& stored,
                                        unsigned depth_max) {
  std::vector<LongChunk> chunks;
  auto generation = index.generation(stored.generation);
  auto blocks = source.read(std::span(&stored.place, 1));
  if (!blocks || !generation) return chunks;
  auto& block = *(*blocks)[0];
  DifferenceReader reader(index, source, decoded);
  for (std::size_t i = 0; i < block.count(); ++i) {
    if (block.form(i) != ChunkForm::difference) continue;
    auto difference = decode_difference_chunk(block.content(i));
    if (!difference || difference->depth >= depth_max || difference->length < long_chunk_min) continue;
    auto chunk = reader.decode(block.kind(), {*generation, block.ordinal(i)}, block.content(i));
    if (!chunk) continue;
    chunks.push_back({{block.kind(), stored.generation, block.ordinal(i)},
                      difference->length,
                      difference->depth,
                      difference->work,
                      reference_sketch(*chunk->value)});
  }
  return chunks;
}

void ReferenceChunks::add(const LongChunk& chunk) {
  if (chunk.depth >= depth_max_ || chunks_.size() >= UINT32_MAX - 1) return;
  finder_.add(static_cast<uint32_t>(chunks_.size()), chunk.length, chunk.sketch);
  chunks_.push_back({chunk.name, chunk.depth, chunk.work});
}

std::vector<ReferenceChunks::Reference> ReferenceChunks::find(const ReferenceSketch& sketch) const {
  std::vector<Reference> references;
  uint32_t work = 1;
  for (auto& candidate : finder_.find(sketch, difference_references_max)) {
    auto& chunk = chunks_[candidate.chunk];
    if (work + chunk.work > difference_work_max) continue;
    work += chunk.work;
    references.push_back(chunk);
  }
  std::sort(references.begin(), references.end(),
            [](const Reference& a, const Reference& b) { return a.name < b.name; });
  return references;
}

namespace {

// What a difference has to give back, or it isn't stored.
Result<void> compare(std::string_view difference, std::string_view reference, std::string_view target) {
  std::string back(target.size(), '\0');
  TALARIA_TRY(decode_difference(difference, reference, back.data(), back.size()));
  if (back == target) return {};
  return failure(errc::internal, "a difference doesn't give back its chunk: this is a defect of Talaria "
                                 "or of the memory");
}

std::string join(const std::vector<std::string_view>& values) {
  std::string joined;
  for (auto value : values) joined += value;
  return joined;
}

EncodedDifference with_references(const DifferenceJob& job, std::string_view bytes) {
  Difference difference;
  difference.length = static_cast<uint32_t>(job.target.size());
  difference.bytes = bytes;
  for (auto& from : job.references) {
    difference.references.push_back(from.name);
    difference.depth = std::max(difference.depth, static_cast<uint8_t>(from.depth + 1));
    difference.work += from.work;
  }
  return {encode_difference_chunk(difference), difference.depth, difference.work};
}

} // namespace

Result<std::string> DifferenceChunkEncoder::encode(std::string_view target, std::string_view reference) {
  std::string bytes;
  TALARIA_TRY(encoder_.encode(target, reference, bytes));
  TALARIA_TRY(compare(bytes, reference, target));
  return bytes;
}

Result<EncodedDifference> DifferenceChunkEncoder::encode(const DifferenceJob& job) {
  TALARIA_TRY_ASSIGN(auto alone, encode(job.target, {}));
  if (!job.references.empty()) {
    TALARIA_TRY_ASSIGN(auto bytes, encode(job.target, join(job.values)));
    if (pays(bytes.size(), alone.size())) return with_references(job, bytes);
  }
  return with_references({job.target, {}, {}, {}}, alone);
}

Result<std::optional<EncodedDifference>> DifferenceChunkEncoder::encode_bytes(const DifferenceJob& job) {
  auto reference = join(job.values);
  std::string coded;
  std::string framed;
  TALARIA_TRY(encoder_.encode(job.target, reference, coded));
  TALARIA_TRY(encode_prefix_difference(job.target, reference, framed));
  auto& bytes = coded.size() <= framed.size() ? coded : framed;
  std::string alone;
  TALARIA_TRY(encode_prefix_difference(job.target, {}, alone));
  auto difference = with_references(job, bytes);
  if (!pays(difference.content.size(), std::min(alone.size(), job.target.size()))) return std::nullopt;
  TALARIA_TRY(compare(bytes, reference, job.target));
  return difference;
}

} // namespace talaria

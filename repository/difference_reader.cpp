#include "repository/difference_reader.hpp"

#include "coding/residue_difference.hpp"
#include "core/try.hpp"

#include <algorithm>
#include <span>
#include <vector>

namespace talaria {

std::optional<DecodedChunk> DecodedChunks::get(Kind kind, const Number& number) {
  auto at = std::find_if(kept_.begin(), kept_.end(),
                         [&](const Kept& kept) { return kept.number == number && kept.kind == kind; });
  if (at == kept_.end()) return std::nullopt;
  kept_.splice(kept_.begin(), kept_, at);
  return at->chunk;
}

void DecodedChunks::put(Kind kind, const Number& number, const DecodedChunk& chunk) {
  if (chunk.value->size() < shortest_kept) return;
  kept_.push_front({kind, number, chunk});
  bytes_ += chunk.value->size();
  while (bytes_ > capacity_ && kept_.size() > 1) {
    bytes_ -= kept_.back().chunk.value->size();
    kept_.pop_back();
  }
}

Result<DecodedChunk> DifferenceReader::decode(Kind kind, const Number& number,
                                              std::string_view content) {
  return decode_within(kind, number, content, {difference_depth_max, difference_work_max});
}

Result<DecodedChunk> DifferenceReader::read(Kind kind, const Number& number) {
  if (auto known = decoded_.get(kind, number)) return *std::move(known);
  TALARIA_TRY_ASSIGN(auto place, index_.locate(kind, number));
  TALARIA_TRY_ASSIGN(auto blocks, source_.read(std::span(&place, 1)));
  return read_within(kind, number, blocks[0], {difference_depth_max, difference_work_max});
}

Result<DecodedChunk> DifferenceReader::read_within(Kind kind, const Number& number,
                                                   const BlockPtr& block, const Bound& bound) {
  TALARIA_TRY_ASSIGN(auto place, place_in_block(*block, kind, number));
  auto content = block->content(place);
  if (block->form(place) == ChunkForm::difference) return decode_within(kind, number, content, bound);
  if (block->form(place) == ChunkForm::list || content.size() > longest_chunk)
    return failure(errc::damaged, "the reference of a difference is no chunk of its own");
  DecodedChunk chunk{std::make_shared<const std::string>(content), 0, 1};
  decoded_.put(kind, number, chunk);
  return chunk;
}

Result<DecodedChunk> DifferenceReader::decode_within(Kind kind, const Number& number,
                                                     std::string_view content, const Bound& bound) {
  if (auto known = decoded_.get(kind, number)) return *std::move(known);
  TALARIA_TRY_ASSIGN(auto difference, decode_difference_chunk(content));
  if (difference.depth > bound.depth || difference.work > bound.work)
    return failure(errc::damaged, "a chain of differences is longer than it says");
  TALARIA_TRY_ASSIGN(auto reference, join_references(difference));
  auto value = std::make_shared<std::string>(difference.length, '\0');
  TALARIA_TRY(decode_difference(difference.bytes, reference.view(), value->data(), value->size()));
  DecodedChunk chunk{std::move(value), difference.depth, difference.work};
  decoded_.put(kind, number, chunk);
  return chunk;
}

// Each reference is decoded with what depth and work the others leave: so all of it takes no more steps
// than the difference says, whatever the chunks hold.
Result<DifferenceReader::Joined> DifferenceReader::join_references(const Difference& difference) {
  std::vector<Number> numbers;
  std::vector<BlockPlace> places;
  for (auto& reference : difference.references) {
    TALARIA_TRY_ASSIGN(auto number, index_.number(reference.generation, reference.ordinal));
    numbers.push_back(number);
    TALARIA_TRY_ASSIGN(auto place, index_.locate(reference.kind, number));
    places.push_back(place);
  }
  Joined joined;
  if (places.empty()) return joined;
  TALARIA_TRY_ASSIGN(auto blocks, source_.read(places));
  Bound left{difference.depth - 1u, difference.work - 1};
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    TALARIA_TRY_ASSIGN(auto chunk,
                       read_within(difference.references[i].kind, numbers[i], blocks[i], left));
    if (chunk.depth > left.depth || chunk.work > left.work)
      return failure(errc::damaged, "a chain of differences is longer than it says");
    left.work -= chunk.work;
    if (numbers.size() == 1)
      joined.single = std::move(chunk.value);
    else
      joined.several += *chunk.value;
  }
  return joined;
}

} // namespace talaria

#include "repository/interner.hpp"

#include "core/try.hpp"

#include <algorithm>
#include <span>

namespace talaria {

namespace {

// Headers with one accession key are few, except in files where all records share a name; there the
// expected header settles nearly all, and looking at every namesake would take quadratic time.
constexpr std::size_t most_namesakes = 8;

// Chunks that are expected next: a release takes from the generations of those before it by turns, and
// goes back to where it was after a duplicate.
constexpr std::size_t most_expected = 6;

// A list must fit in a block that readers accept; this one names some hundred gigabytes of parts.
constexpr std::size_t longest_list = block_max_raw / 2;

} // namespace

Interner::Interner(BlockSource& headers, DigestIndexPtr index, uint32_t generation,
                   std::unique_ptr<Run> run)
    : index_(std::move(index)), generation_(generation), run_(std::move(run)), headers_(headers) {}

void Interner::next_run(DigestIndexPtr index, std::unique_ptr<Run> run) {
  index_ = std::move(index);
  run_ = std::move(run);
}

// The chunk that follows one found before, if `is_it`.
Result<std::optional<Number>>
Interner::find_expected(Kind kind, const std::function<Result<bool>(Expected&)>& is_it) {
  auto& expected = expected_[index_of(kind)];
  for (auto place = expected.begin(); place != expected.end(); ++place) {
    TALARIA_TRY_ASSIGN(bool found, is_it(*place));
    if (!found) continue;
    auto number = place->number;
    ++place->number.ordinal;
    std::rotate(expected.begin(), place, place + 1);
    return number;
  }
  return std::nullopt;
}

void Interner::expect_after(Kind kind, const Number& number) {
  auto& expected = expected_[index_of(kind)];
  if (expected.size() == most_expected) expected.pop_back();
  expected.insert(expected.begin(), {{number.generation, number.ordinal + 1}, nullptr, false});
}

Result<std::optional<Number>> Interner::find(Kind kind, const Key128& key) {
  // A removed chunk keeps its key, so only the index may speak for kind `bytes`.
  std::optional<Number> found;
  std::optional<DigestIndex::Slot> slot;
  if (kind != Kind::bytes) {
    TALARIA_TRY_ASSIGN(found, find_expected(kind, [&](const Expected& expected) -> Result<bool> {
                         slot = index_->slot(kind, expected.number);
                         if (!slot) return false;
                         TALARIA_TRY_ASSIGN(auto there, index_->key(kind, *slot));
                         return there == key;
                       }));
  }
  if (!found) {
    if (auto ordinal = run_->find(kind, key)) return Number{generation_, *ordinal};
    TALARIA_TRY_ASSIGN(found, index_->find(kind, key));
    if (!found) return found;
    expect_after(kind, *found);
    slot = index_->slot(kind, *found);
  }
  // What this commit has stored was read back when its run was.
  if (found->generation != generation_ && slot) TALARIA_TRY(draw(kind, *slot));
  return found;
}

Result<void> Interner::draw(Kind kind, const DigestIndex::Slot& slot) {
  TALARIA_TRY_ASSIGN(auto at, index_->block_at(kind, slot));
  if (at.segment >= drawn_.blocks.size()) drawn_.blocks.resize(index_->segments().size());
  auto& blocks = drawn_.blocks[at.segment];
  if (blocks.empty()) blocks.resize(index_->segments()[at.segment]->block_count());
  blocks[at.block] = true;
  return {};
}

Result<Number> Interner::intern(Kind kind, const Key128& key, std::string_view content) {
  TALARIA_TRY_ASSIGN(auto known, find(kind, key));
  if (known) return *known;
  return Number{generation_, run_->add(kind, key, content, false, content.size())};
}

Result<Number> Interner::intern_list(Kind kind, const Key128& key, const PartList& list) {
  TALARIA_TRY_ASSIGN(auto known, find(kind, key));
  if (known) {
    if (known->generation != generation_) drawn_.lists.emplace(kind, *known);
    return *known;
  }
  auto encoded = encode_list(list);
  if (encoded.size() > longest_list)
    return failure(errc::limit_exceeded,
                   "a value of " + std::to_string(list.length) + " bytes is too long to store");
  return Number{generation_, run_->add(kind, key, encoded, true, list.length)};
}

Result<Number> Interner::intern_value(Kind kind, const Digest& digest, std::string_view content) {
  if (content.size() <= longest_chunk) return intern(kind, Key128::of(digest), content);
  TALARIA_TRY_ASSIGN(auto list, list_of_parts(content));
  return intern_list(kind, Key128::of(digest), list);
}

Result<PartList> Interner::list_of_parts(std::string_view content) {
  PartList list;
  while (!content.empty()) {
    auto length = next_chunk(content, true);
    TALARIA_TRY(intern_part(content.substr(0, length), list));
    content.remove_prefix(length);
  }
  return list;
}

Result<void> Interner::intern_part(std::string_view content, PartList& list) {
  TALARIA_TRY_ASSIGN(auto number, intern(Kind::part, Key128::of(hasher_.of(content)), content));
  auto& id =
      number.generation == generation_ ? run_->generation() : index_->generations()[number.generation];
  list.parts.push_back({id, number.ordinal, static_cast<uint32_t>(content.size())});
  list.length += content.size();
  return {};
}

Result<bool> Interner::header_is(Expected& expected, std::string_view header) {
  auto& [number, block, last_half] = expected;
  if (!block || block->find(number.ordinal) == block->count()) {
    if (!index_->contains(Kind::header, number)) return false;
    TALARIA_TRY_ASSIGN(auto place, index_->locate(Kind::header, number));
    TALARIA_TRY_ASSIGN(auto blocks, headers_.read(std::span(&place, 1)));
    block = std::move(blocks[0]);
    last_half = false;
  }
  TALARIA_TRY_ASSIGN(auto at, place_in_block(*block, Kind::header, number));
  return !block->is_list(at) && block->content(at) == header;
}

// Asks for the block behind the one that is gone through. Headers lie in the order of their numbers.
void Interner::read_ahead(Expected& next) {
  auto& block = next.block;
  if (next.last_half || next.number.ordinal < block->ordinal(block->count() / 2)) return;
  next.last_half = true;
  Number behind{next.number.generation, block->ordinal(block->count() - 1) + 1};
  if (!index_->contains(Kind::header, behind)) return;
  if (auto place = index_->locate(Kind::header, behind)) headers_.expect(*place);
}

Result<Number> Interner::intern_header(std::string_view header, uint64_t accession_key) {
  if (header.size() > longest_chunk) {
    TALARIA_TRY_ASSIGN(auto list, list_of_parts(header));
    return Number{generation_, run_->add_header(accession_key, encode_list(list), true, header.size())};
  }
  TALARIA_TRY_ASSIGN(auto expected, find_expected(Kind::header, [&](Expected& next) {
                       return header_is(next, header);
                     }));
  if (expected) {
    read_ahead(expected_[index_of(Kind::header)].front());
    return *expected;
  }
  std::vector<Number> namesakes;
  TALARIA_TRY(index_->find_headers(accession_key, most_namesakes, namesakes));
  for (auto& namesake : namesakes) {
    Expected candidate{namesake, nullptr, false};
    TALARIA_TRY_ASSIGN(bool same, header_is(candidate, header));
    if (!same) continue;
    expect_after(Kind::header, namesake);
    return namesake;
  }
  return Number{generation_, run_->add_header(accession_key, header, false, header.size())};
}

Result<void> ValueBuilder::append(std::string_view content) {
  hasher_.update(content);
  size_ += content.size();
  pending_ += content;
  // Nothing is cut before it is certain that the value is long.
  if (size_ <= longest_chunk) return {};
  std::string_view rest = pending_;
  while (auto length = next_chunk(rest, false)) {
    TALARIA_TRY(interner_.intern_part(rest.substr(0, length), list_));
    rest.remove_prefix(length);
  }
  pending_.erase(0, pending_.size() - rest.size());
  return {};
}

Result<Number> ValueBuilder::finish() {
  auto key = Key128::of(hasher_.finish());
  if (size_ <= longest_chunk) return interner_.intern(kind_, key, pending_);
  std::string_view rest = pending_;
  while (!rest.empty()) {
    auto length = next_chunk(rest, true);
    TALARIA_TRY(interner_.intern_part(rest.substr(0, length), list_));
    rest.remove_prefix(length);
  }
  return interner_.intern_list(kind_, key, list_);
}

} // namespace talaria

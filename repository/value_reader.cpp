#include "repository/value_reader.hpp"

#include "core/try.hpp"
#include "repository/list.hpp"

#include <algorithm>
#include <span>

namespace talaria {

namespace {

// Parts that are read at once: enough to keep several readers busy, few enough to bound memory.
constexpr std::size_t part_window = 32;

} // namespace

Result<std::string_view> content_of(const BlockPtr& block, Kind kind, const Number& number,
                                    ChunkForm& form) {
  TALARIA_TRY_ASSIGN(auto place, place_in_block(*block, kind, number));
  form = block->form(place);
  return block->content(place);
}

// The content of a chunk, or the value that it stands for as a difference.
Result<std::string_view> ValueReader::value_of(const BlockPtr& block, Kind kind, const Number& number,
                                               ChunkForm& form) {
  TALARIA_TRY_ASSIGN(auto content, content_of(block, kind, number, form));
  if (form != ChunkForm::difference) return content;
  TALARIA_TRY_ASSIGN(auto chunk, differences_.decode(kind, number, content));
  value_ = std::move(chunk.value);
  return std::string_view(*value_);
}

void ValueReader::reset() {
  taken_ = false;
  parts_.clear();
  next_part_ = 0;
  window_first_ = 0;
  window_.clear();
}

Result<void> ValueReader::open(Kind kind, const Number& number) {
  reset();
  TALARIA_TRY_ASSIGN(auto place, index_.locate(kind, number));
  TALARIA_TRY_ASSIGN(auto blocks, source_.read(std::span(&place, 1)));
  single_ = std::move(blocks[0]);
  auto form = ChunkForm::whole;
  TALARIA_TRY_ASSIGN(content_, value_of(single_, kind, number, form));
  size_ = content_.size();
  return form == ChunkForm::list ? open_list(content_) : Result<void>();
}

Result<void> ValueReader::open_list(std::string_view content) {
  reset();
  TALARIA_TRY_ASSIGN(auto parts, decode_list(content));
  size_ = parts.length;
  uint64_t end = 0;
  for (auto& part : parts.parts) {
    TALARIA_TRY_ASSIGN(auto number, index_.number(part.generation, part.ordinal));
    end += part.length;
    parts_.push_back({number, end});
  }
  taken_ = true;
  return {};
}

// The blocks of the parts first .. last.
Result<std::vector<BlockPtr>> ValueReader::read_blocks(std::size_t first, std::size_t last) {
  std::vector<BlockPlace> places;
  for (auto i = first; i < last; ++i) {
    TALARIA_TRY_ASSIGN(auto place, index_.locate(Kind::part, parts_[i].number));
    places.push_back(place);
  }
  return source_.read(places);
}

Result<void> ValueReader::load_window() {
  window_first_ = next_part_;
  TALARIA_TRY_ASSIGN(window_,
                     read_blocks(next_part_, std::min(parts_.size(), next_part_ + part_window)));
  return {};
}

Result<std::string_view> ValueReader::part_value(std::size_t place, const BlockPtr& block) {
  auto form = ChunkForm::whole;
  TALARIA_TRY_ASSIGN(auto content, value_of(block, Kind::part, parts_[place].number, form));
  if (form == ChunkForm::list || content.size() != parts_[place].end - begin_of(place))
    return failure(errc::damaged, "a part has another length than its list says");
  return content;
}

Result<std::string_view> ValueReader::next() {
  if (!taken_) {
    taken_ = true;
    return content_;
  }
  if (next_part_ >= parts_.size()) return std::string_view();
  if (next_part_ >= window_first_ + window_.size()) TALARIA_TRY(load_window());
  TALARIA_TRY_ASSIGN(auto content, part_value(next_part_, window_[next_part_ - window_first_]));
  ++next_part_;
  return content;
}

Result<void> ValueReader::read(uint64_t offset, uint64_t length, std::string& out) {
  if (offset > size_ || length > size_ - offset)
    return failure(errc::invalid_argument, "a range beyond the end of a value");
  if (parts_.empty()) {
    out += content_.substr(static_cast<std::size_t>(offset), static_cast<std::size_t>(length));
    return {};
  }
  auto end = offset + length;
  auto touched = std::upper_bound(parts_.begin(), parts_.end(), offset,
                                  [](uint64_t at, const Part& part) { return at < part.end; });
  for (auto at = static_cast<std::size_t>(touched - parts_.begin());
       at < parts_.size() && begin_of(at) < end;) {
    auto first = at;
    while (at < parts_.size() && at < first + part_window && begin_of(at) < end) ++at;
    TALARIA_TRY_ASSIGN(auto blocks, read_blocks(first, at));
    for (auto i = first; i < at; ++i) {
      TALARIA_TRY_ASSIGN(auto content, part_value(i, blocks[i - first]));
      auto from = std::max(offset, begin_of(i));
      out += content.substr(static_cast<std::size_t>(from - begin_of(i)),
                            static_cast<std::size_t>(std::min(end, parts_[i].end) - from));
    }
  }
  return {};
}

Result<std::string> read_value(const DigestIndex& index, BlockSource& source, Kind kind,
                               const Number& number, uint64_t limit, DecodedChunks* decoded) {
  ValueReader reader(index, source, decoded);
  TALARIA_TRY(reader.open(kind, number));
  if (reader.size() > limit)
    return failure(errc::limit_exceeded, "a value of " + std::to_string(reader.size()) +
                                             " bytes is longer than the limit of " +
                                             std::to_string(limit));
  std::string value;
  value.reserve(reader.size());
  while (true) {
    TALARIA_TRY_ASSIGN(auto piece, reader.next());
    if (piece.empty()) return value;
    value += piece;
  }
}

} // namespace talaria

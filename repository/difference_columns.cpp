#include "repository/difference_columns.hpp"

#include "coding/residue_difference.hpp"
#include "repository/difference.hpp"
#include "repository/number.hpp"

#include <cstdint>
#include <cstring>

namespace talaria {

namespace {

enum Column : std::size_t {
  forms, // depth, work, counts, places and the method
  lengths,
  generations,
  steps, // of references
  residues,
  copies,
  gaps, // residues behind a copy
  shifts,
};
static_assert(shifts + 1 == difference_column_count);

// No writer makes a longer one.
constexpr unsigned varint_bytes_max = 10;

// The walk through a content, in the order of its bytes, says the column of each: the same for taking
// apart and for putting together, so the bytes come back whatever they mean. `io.move()` moves so many
// bytes from or to a column, `io.varint()` the bytes of a varint, whose value it tells. Both return
// false at the end of what there is, and so does the walk where bytes are no difference by edit script.
template <class Io>
bool walk_script(Io& io, uint64_t length) {
  uint64_t residue_count = 0;
  if (!io.varint(forms, residue_count) || !io.move(residues, residue_count)) return false;
  for (uint64_t made = 0; made < length;) {
    uint64_t copied = 0;
    uint64_t missed = 0;
    if (!io.varint(copies, copied) || !io.varint(gaps, missed)) return false;
    if (copied > length - made || missed > length - made - copied) return false;
    made += copied + missed;
    uint64_t shift = 0;
    if (made < length && !io.varint(shifts, shift)) return false;
  }
  return true;
}

template <class Io>
bool walk_chunk(Io& io) {
  uint64_t length = 0;
  uint64_t ignored = 0;
  uint64_t count = 0;
  if (!io.varint(lengths, length) || length > longest_chunk) return false;
  if (!io.varint(forms, ignored) || !io.varint(forms, ignored)) return false; // depth, a byte below 128
  if (!io.varint(forms, count) || count > difference_references_max ||
      !io.move(generations, count * GenerationId::size))
    return false;
  if (!io.varint(forms, count) || count > difference_references_max) return false;
  for (uint64_t i = 0; i < count; ++i)
    if (!io.varint(forms, ignored) || !io.varint(steps, ignored)) return false;
  uint64_t method = 0;
  if (!io.varint(forms, method) || method != difference_by_script) return false;
  return walk_script(io, length);
}

class Splitter {
public:
  Splitter(std::string_view contents, std::array<std::string, difference_column_count>& columns)
      : left_(contents), columns_(columns) {}

  bool done() const noexcept { return left_.empty(); }

  bool move(Column column, uint64_t count) {
    if (count > left_.size()) return false;
    columns_[column] += left_.substr(0, count);
    left_.remove_prefix(count);
    return true;
  }

  bool varint(Column column, uint64_t& value) {
    value = 0;
    for (unsigned i = 0; i < varint_bytes_max && !left_.empty(); ++i) {
      auto byte = static_cast<uint8_t>(left_.front());
      move(column, 1);
      value |= uint64_t{byte & 0x7Fu} << (7 * i);
      if (byte < 0x80) return true;
    }
    return false;
  }

private:
  std::string_view left_;
  std::array<std::string, difference_column_count>& columns_;
};

class Joiner {
public:
  Joiner(const std::array<std::string_view, difference_column_count>& columns, char* out,
         std::size_t size)
      : columns_(columns), out_(out), end_(out + size) {}

  bool done() const noexcept { return out_ == end_; }

  bool move(Column column, uint64_t count) {
    auto& from = columns_[column];
    if (count > from.size() || count > static_cast<std::size_t>(end_ - out_)) return false;
    if (count > 0) std::memcpy(out_, from.data(), count);
    out_ += count;
    from.remove_prefix(count);
    return true;
  }

  bool varint(Column column, uint64_t& value) {
    value = 0;
    auto& from = columns_[column];
    for (unsigned i = 0; i < varint_bytes_max && !from.empty() && out_ < end_; ++i) {
      auto byte = static_cast<uint8_t>(from.front());
      *out_++ = from.front();
      from.remove_prefix(1);
      value |= uint64_t{byte & 0x7Fu} << (7 * i);
      if (byte < 0x80) return true;
    }
    return false;
  }

private:
  std::array<std::string_view, difference_column_count> columns_; // what is left of them
  char* out_;
  char* end_;
};

} // namespace

bool split_into_columns(std::string_view contents,
                        std::array<std::string, difference_column_count>& columns) {
  for (auto& column : columns) column.clear();
  Splitter splitter(contents, columns);
  while (!splitter.done())
    if (!walk_chunk(splitter)) return false;
  return true;
}

Result<void> join_columns(const std::array<std::string_view, difference_column_count>& columns,
                          char* out, std::size_t size) {
  std::size_t total = 0;
  for (auto& column : columns) total += column.size();
  Joiner joiner(columns, out, size);
  auto sound = total == size;
  while (sound && !joiner.done()) sound = walk_chunk(joiner);
  if (sound) return {};
  return failure(errc::damaged, "the columns of a block don't fit together");
}

} // namespace talaria

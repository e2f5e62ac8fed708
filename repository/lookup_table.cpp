#include "repository/lookup_table.hpp"

#include "core/endian.hpp"
#include "core/try.hpp"

#include <algorithm>
#include <bit>

namespace talaria {

namespace {

constexpr unsigned entries_per_bucket_bits = 5;

uint64_t top_bits(uint64_t key, unsigned bits) noexcept {
  return bits == 0 ? 0 : key >> (64 - bits);
}

uint64_t fingerprint_of(uint64_t key, const LookupShape& shape) noexcept {
  return top_bits(key << shape.bucket_bits, shape.fingerprint_bits);
}

uint64_t fingerprint_mask(const LookupShape& shape) noexcept {
  return (uint64_t{1} << shape.fingerprint_bits) - 1;
}

Error contradiction(const CheckedFile& file) {
  return {errc::damaged, file.name() + ": look-up table contradicts itself"};
}

} // namespace

unsigned bits_for(uint64_t bound) noexcept {
  return bound <= 2 ? 1 : static_cast<unsigned>(std::bit_width(bound - 1));
}

LookupShape LookupShape::of(uint32_t entries, uint32_t slots, unsigned fingerprint) noexcept {
  auto width = bits_for(entries);
  LookupShape shape;
  shape.entries = entries;
  shape.bucket_bits =
      static_cast<uint8_t>(width > entries_per_bucket_bits ? width - entries_per_bucket_bits : 0);
  shape.fingerprint_bits = static_cast<uint8_t>(fingerprint);
  shape.slot_bits = static_cast<uint8_t>(bits_for(slots));
  return shape;
}

bool LookupShape::valid() const noexcept {
  return bucket_bits <= 28 && fingerprint_bits >= 1 && fingerprint_bits <= 25 && slot_bits >= 1 &&
         slot_bits <= 32;
}

uint64_t LookupShape::bucket_of(uint64_t key) const noexcept {
  return top_bits(key, bucket_bits);
}

uint64_t LookupShape::entry(uint64_t key, uint32_t slot) const noexcept {
  return fingerprint_of(key, *this) | uint64_t{slot} << fingerprint_bits;
}

void BitWriter::put(uint64_t value, unsigned bits) {
  pending_ |= value << filled_;
  filled_ += bits;
  if (filled_ < 64) return;
  store_u64(out_, pending_);
  filled_ -= 64;
  pending_ = filled_ == 0 ? 0 : value >> (bits - filled_);
}

void BitWriter::finish(std::size_t padding) {
  for (unsigned at = 0; at < filled_; at += 8) out_ += static_cast<char>(pending_ >> at & 0xff);
  pending_ = 0;
  filled_ = 0;
  out_.append(padding, '\0');
}

void write_lookup_table(const LookupShape& shape, std::vector<std::pair<uint64_t, uint32_t>>& pairs,
                        std::string& out) {
  auto buckets = shape.buckets();
  std::vector<uint32_t> starts(buckets + 1, 0);
  auto bucket_of = [&](const auto& pair) { return shape.bucket_of(pair.first); };
  for (auto& pair : pairs) ++starts[bucket_of(pair) + 1];
  for (std::size_t i = 1; i <= buckets; ++i) starts[i] += starts[i - 1];
  out.reserve(out.size() + shape.size());
  for (auto start : starts) store_u32(out, start);
  // Keys are uniform, so buckets are small: dealing into them and sorting each is faster than sorting
  // all.
  std::vector<std::pair<uint64_t, uint32_t>> dealt(pairs.size());
  std::vector<uint32_t> next(starts.begin(), starts.end() - 1);
  for (auto& pair : pairs) dealt[next[bucket_of(pair)]++] = pair;
  for (std::size_t i = 0; i < buckets; ++i)
    std::sort(dealt.begin() + starts[i], dealt.begin() + starts[i + 1]);
  pairs.swap(dealt);
  BitWriter bits(out);
  for (auto& [key, slot] : pairs)
    bits.put(shape.entry(key, slot), static_cast<unsigned>(shape.entry_bits()));
  bits.finish(7);
}

Result<void> find_in_lookup_table(const CheckedFile& file, uint64_t offset, const LookupShape& shape,
                                  uint64_t key, std::size_t most, std::vector<uint32_t>& slots) {
  auto bucket = shape.bucket_of(key);
  TALARIA_TRY_ASSIGN(const char* bounds, file.at(offset + 4 * bucket, 8));
  uint64_t begin = load_u32(bounds);
  uint64_t end = load_u32(bounds + 4);
  if (begin > end || end > shape.entries) return tl::unexpected(contradiction(file));
  if (begin == end) return {};
  auto width = shape.entry_bits();
  uint64_t first_byte = begin * width / 8;
  uint64_t last_byte = (end * width + 7) / 8 + 7;
  TALARIA_TRY_ASSIGN(const char* bytes,
                     file.at(offset + shape.bucket_bytes() + first_byte, last_byte - first_byte));
  auto wanted = fingerprint_of(key, shape);
  auto mask = fingerprint_mask(shape);
  auto entry_at = [&](uint64_t i) {
    return load_bits(bytes, i * width - first_byte * 8, static_cast<unsigned>(width));
  };
  // Entries are sorted by their fingerprints, then by their slots.
  auto i = begin;
  for (auto left = end - begin; left > 0;) {
    auto half = left / 2;
    if ((entry_at(i + half) & mask) <= wanted) {
      i += half + 1;
      left -= half + 1;
    } else {
      left = half;
    }
  }
  for (; i > begin && most > 0 && (entry_at(i - 1) & mask) == wanted; --i, --most)
    slots.push_back(static_cast<uint32_t>(entry_at(i - 1) >> shape.fingerprint_bits));
  return {};
}

Result<uint64_t> LookupCursor::bucket_end(uint64_t bucket) const {
  TALARIA_TRY_ASSIGN(const char* bounds, file_->at(offset_ + 4 * bucket, 8));
  uint64_t begin = load_u32(bounds);
  uint64_t end = load_u32(bounds + 4);
  if (begin != next_ || end < begin || end > shape_.entries)
    return tl::unexpected(contradiction(*file_));
  return end;
}

Result<bool> LookupCursor::next() {
  while (!begun_ || next_ == bucket_end_) {
    if (next_ == shape_.entries) return false;
    if (begun_ && ++bucket_ == shape_.buckets()) return tl::unexpected(contradiction(*file_));
    TALARIA_TRY_ASSIGN(bucket_end_, bucket_end(bucket_));
    begun_ = true;
  }
  auto width = shape_.entry_bits();
  auto position = next_++ * width;
  TALARIA_TRY_ASSIGN(const char* bytes, file_->at(offset_ + shape_.bucket_bytes() + position / 8, 8));
  auto entry = load_bits(bytes, position % 8, static_cast<unsigned>(width));
  auto prefix = bucket_ << shape_.fingerprint_bits | (entry & fingerprint_mask(shape_));
  if (prefix < prefix_) return tl::unexpected(contradiction(*file_)); // look-ups rely on their order
  prefix_ = prefix;
  slot_ = static_cast<uint32_t>(entry >> shape_.fingerprint_bits);
  return true;
}

} // namespace talaria

#include "repository/lookup_table.hpp"

#include "support.hpp"

#include "core/endian.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

namespace talaria {
namespace {

CheckedFile checked(const std::string& body, const std::string& rest = "") {
  return must(
      CheckedFile::open("file", Buffer(body + CheckedFile::checksums(body) + rest), body.size()));
}

TEST(CheckedFile, GivesOutTheBytesOfItsBody) {
  for (const std::size_t size : {0, 1, 16383, 16384, 16385, 50000}) {
    const auto body = protein(size, 1);
    const auto file = checked(body, "trailer");
    EXPECT_EQ(file.body_size(), size);
    EXPECT_EQ(std::string_view(must(file.at(0, size)), size), body);
    for (std::size_t at = 0; at < size; at += 777) {
      const auto length = std::min<std::size_t>(1000, size - at);
      EXPECT_EQ(std::string_view(must(file.at(at, length)), length), body.substr(at, length));
    }
  }
}

TEST(CheckedFile, NothingIsGivenOutBeyondTheBody) {
  const auto file = checked(protein(20000, 1), "trailer");
  EXPECT_EQ(code_of(file.at(20000, 1)), errc::damaged);
  EXPECT_EQ(code_of(file.at(19999, 2)), errc::damaged);
  EXPECT_EQ(code_of(file.at(0, UINT64_MAX)), errc::damaged);
  EXPECT_EQ(code_of(file.at(UINT64_MAX, 1)), errc::damaged);
  EXPECT_EQ(code_of(file.at(1, UINT64_MAX)), errc::damaged);
  EXPECT_TRUE(file.at(20000, 0));
}

TEST(CheckedFile, ShorterThanItsBodyAndChecksumsIsDamaged) {
  const auto body = protein(20000, 1);
  const auto whole = body + CheckedFile::checksums(body);
  EXPECT_EQ(whole.size(), body.size() + CheckedFile::checksums_size(body.size()));
  EXPECT_TRUE(CheckedFile::open("file", Buffer(whole), body.size()));
  EXPECT_EQ(code_of(CheckedFile::open("file", Buffer(whole.substr(1)), body.size())), errc::damaged);
  EXPECT_EQ(code_of(CheckedFile::open("file", Buffer(whole), whole.size() + 1)), errc::damaged);
  EXPECT_EQ(code_of(CheckedFile::open("file", Buffer(whole), UINT64_MAX)), errc::damaged);
}

TEST(CheckedFile, ADamagedRegionIsReportedAtEveryTouchAndTheOthersAreNot) {
  const auto body = protein(50000, 1);
  auto bytes = body + CheckedFile::checksums(body);
  bytes[20000] ^= 4;
  const auto file = must(CheckedFile::open("file", Buffer(std::move(bytes)), body.size()));
  for (int round = 0; round < 2; ++round) {
    EXPECT_TRUE(file.at(0, 16384));
    EXPECT_EQ(code_of(file.at(16384, 1)), errc::damaged);
    EXPECT_EQ(code_of(file.at(0, 16385)), errc::damaged);
    EXPECT_EQ(code_of(file.at(0, body.size())), errc::damaged);
    EXPECT_TRUE(file.at(32768, 10));
  }
  EXPECT_NE(message_of(file.at(16384, 1)).find("file: checksum differs at byte 16384"),
            std::string::npos);
}

TEST(CheckedFile, ADamagedChecksumIsReported) {
  const auto body = protein(50000, 1);
  auto bytes = body + CheckedFile::checksums(body);
  bytes[body.size() + 8] ^= 1;
  const auto file = must(CheckedFile::open("file", Buffer(std::move(bytes)), body.size()));
  EXPECT_TRUE(file.at(0, 10));
  EXPECT_EQ(code_of(file.at(20000, 10)), errc::damaged);
}

TEST(Bits, AreAsManyAsValuesBelowTheBoundNeed) {
  EXPECT_EQ(bits_for(0), 1u);
  EXPECT_EQ(bits_for(1), 1u);
  EXPECT_EQ(bits_for(2), 1u);
  EXPECT_EQ(bits_for(3), 2u);
  EXPECT_EQ(bits_for(4), 2u);
  EXPECT_EQ(bits_for(5), 3u);
  EXPECT_EQ(bits_for(uint64_t{1} << 32), 32u);
  EXPECT_EQ(bits_for((uint64_t{1} << 32) + 1), 33u);
}

RC_GTEST_PROP(Bits, ComeBackFromAnyWidthAndPlace, (const std::vector<uint64_t>& values)) {
  const auto bits = *rc::gen::inRange(1u, 58u);
  const auto mask = (uint64_t{1} << bits) - 1;
  std::string out = "before";
  BitWriter writer(out);
  for (auto value : values) writer.put(value & mask, bits);
  writer.finish(7);
  RC_ASSERT(out.size() == 6 + (values.size() * bits + 7) / 8 + 7);
  for (std::size_t i = 0; i < values.size(); ++i)
    RC_ASSERT(load_bits(out.data() + 6, i * bits, bits) == (values[i] & mask));
}

// A table over `count` random keys, and the keys.
struct Table {
  LookupShape shape;
  std::vector<uint64_t> keys; // by slot
  CheckedFile file;
  uint64_t offset = 0;
};

Table make_table(uint32_t count, unsigned fingerprint = 10, unsigned seed = 1) {
  std::mt19937_64 random(seed);
  std::vector<uint64_t> keys(count);
  std::vector<std::pair<uint64_t, uint32_t>> pairs;
  for (uint32_t slot = 0; slot < count; ++slot) pairs.emplace_back(keys[slot] = random(), slot);
  const auto shape = LookupShape::of(count, count, fingerprint);
  std::string body = "before";
  write_lookup_table(shape, pairs, body);
  EXPECT_EQ(body.size(), 6 + shape.size());
  return {shape, std::move(keys), checked(body), 6};
}

std::vector<uint32_t> find(const Table& table, uint64_t key) {
  std::vector<uint32_t> slots;
  must(find_in_lookup_table(table.file, table.offset, table.shape, key, SIZE_MAX, slots));
  return slots;
}

bool holds(const std::vector<uint32_t>& slots, uint32_t slot) {
  return std::find(slots.begin(), slots.end(), slot) != slots.end();
}

TEST(LookupTable, FindsEveryKeyAndRarelyAnother) {
  for (const uint32_t count : {1u, 2u, 31u, 32u, 33u, 1000u, 70000u}) {
    const auto table = make_table(count);
    EXPECT_TRUE(table.shape.valid());
    std::size_t extra = 0;
    for (uint32_t slot = 0; slot < count; ++slot) {
      const auto slots = find(table, table.keys[slot]);
      ASSERT_TRUE(holds(slots, slot)) << count << " keys, slot " << slot;
      extra += slots.size() - 1;
    }
    std::mt19937_64 random(2);
    std::size_t wrong = 0;
    for (int i = 0; i < 10000; ++i) wrong += find(table, random()).size();
    // About 32 entries a bucket, each right by chance once in 1024.
    EXPECT_LE(wrong, 500u) << count;
    EXPECT_LE(extra, count / 20 + 1) << count;
  }
}

TEST(LookupTable, HasBucketsOfAboutThirtyTwo) {
  const std::vector<std::pair<uint32_t, unsigned>> expected{
      {1, 0}, {2, 0}, {31, 0}, {32, 0}, {33, 1}, {64, 1}, {1000, 5}, {1024, 5}, {1025, 6}, {70000, 12}};
  for (auto [count, bits] : expected) {
    const auto shape = LookupShape::of(count, count, 10);
    EXPECT_EQ(shape.bucket_bits, bits) << count;
    EXPECT_EQ(shape.slot_bits, bits_for(count)) << count;
    EXPECT_EQ(shape.entries, count);
    EXPECT_TRUE(shape.valid());
  }
}

TEST(LookupTable, FindsKeysAtTheEndsOfTheirRangeAndEqualOnes) {
  std::vector<std::pair<uint64_t, uint32_t>> pairs;
  for (uint32_t slot = 0; slot < 100; ++slot)
    pairs.emplace_back(slot % 3 == 0 ? 0 : slot % 3 == 1 ? UINT64_MAX : uint64_t{1} << 63, slot);
  const auto shape = LookupShape::of(100, 100, 25);
  std::string body;
  write_lookup_table(shape, pairs, body);
  const auto file = checked(body);
  for (uint32_t slot = 0; slot < 100; ++slot) {
    std::vector<uint32_t> slots;
    must(find_in_lookup_table(file, 0, shape,
                              slot % 3 == 0   ? 0
                              : slot % 3 == 1 ? UINT64_MAX
                                              : uint64_t{1} << 63,
                              SIZE_MAX, slots));
    std::vector<uint32_t> few;
    must(find_in_lookup_table(file, 0, shape, 0, 5, few));
    EXPECT_EQ(few.size(), 5u);
    EXPECT_TRUE(holds(slots, slot));
    EXPECT_GE(slots.size(), 33u);
  }
}

RC_GTEST_PROP(LookupTable, FindsEveryKeyOfAnySet, ()) {
  const auto count = *rc::gen::inRange(1u, 3000u);
  const auto table = make_table(count, *rc::gen::inRange(1u, 26u), *rc::gen::arbitrary<unsigned>());
  for (uint32_t slot = 0; slot < count; ++slot) RC_ASSERT(holds(find(table, table.keys[slot]), slot));
}

// Slots follow age, and few of many namesakes should be the newest.
TEST(LookupTable, FindsTheHighestOfEqualKeysFirst) {
  std::vector<std::pair<uint64_t, uint32_t>> pairs;
  for (uint32_t slot = 0; slot < 100; ++slot) pairs.emplace_back(uint64_t{slot % 2} << 63, slot);
  const auto shape = LookupShape::of(100, 100, 10);
  std::string body;
  write_lookup_table(shape, pairs, body);
  std::vector<uint32_t> slots;
  must(find_in_lookup_table(checked(body), 0, shape, uint64_t{1} << 63, 3, slots));
  EXPECT_EQ(slots, (std::vector<uint32_t>{99, 97, 95}));
}

RC_GTEST_PROP(LookupCursor, WalksThroughAnyTableInOrder, ()) {
  const auto count = *rc::gen::inRange(1u, 3000u);
  auto table = make_table(count, *rc::gen::inRange(1u, 26u), *rc::gen::arbitrary<unsigned>());
  std::vector<std::pair<uint64_t, uint32_t>> sorted;
  for (uint32_t slot = 0; slot < count; ++slot) sorted.emplace_back(table.keys[slot], slot);
  std::sort(sorted.begin(), sorted.end());
  LookupCursor cursor(table.file, table.offset, table.shape);
  const auto kept = table.shape.bucket_bits + table.shape.fingerprint_bits;
  for (auto& [key, slot] : sorted) {
    RC_ASSERT(must(cursor.next()));
    RC_ASSERT(cursor.prefix() == key >> (64 - kept));
    RC_ASSERT(cursor.slot() == slot);
  }
  RC_ASSERT(!must(cursor.next()));
  RC_ASSERT(!must(cursor.next()));
}

TEST(LookupCursor, BucketsThatContradictEachOtherAreDamage) {
  std::vector<std::pair<uint64_t, uint32_t>> pairs;
  for (uint32_t slot = 0; slot < 200; ++slot) pairs.emplace_back(UINT64_MAX / 200 * slot, slot);
  const auto shape = LookupShape::of(200, 200, 10);
  std::string body;
  write_lookup_table(shape, pairs, body);
  auto walk = [&](std::size_t bucket, uint32_t start) {
    std::string bytes;
    store_u32(bytes, start);
    const auto file = checked(std::string(body).replace(4 * bucket, 4, bytes));
    LookupCursor cursor(file, 0, shape);
    Result<bool> more = true;
    while (more && *more) more = cursor.next();
    return code_of(more);
  };
  for (std::size_t bucket = 0; bucket <= shape.buckets(); ++bucket) {
    EXPECT_EQ(walk(bucket, 201), errc::damaged) << bucket;
    EXPECT_EQ(walk(bucket, UINT32_MAX), errc::damaged) << bucket;
  }
  for (std::size_t bucket = 2; bucket <= shape.buckets(); ++bucket)
    EXPECT_EQ(walk(bucket, 0), errc::damaged) << bucket;
  EXPECT_EQ(walk(0, 1), errc::damaged);
  EXPECT_EQ(walk(shape.buckets(), 199), errc::damaged);
}

TEST(LookupTable, ThatContradictsItselfIsDamaged) {
  auto pairs = std::vector<std::pair<uint64_t, uint32_t>>{{1, 0}, {UINT64_MAX, 1}};
  const auto shape = LookupShape::of(2, 2, 10);
  std::string body;
  write_lookup_table(shape, pairs, body);
  std::vector<uint32_t> slots;
  auto with = [&](std::size_t at, char value) {
    auto other = body;
    other[at] = value;
    return code_of(find_in_lookup_table(checked(other), 0, shape, 1, SIZE_MAX, slots));
  };
  EXPECT_EQ(with(0, 0), errc{});
  EXPECT_EQ(with(0, 3), errc::damaged); // begins behind its end
  EXPECT_EQ(with(4, 3), errc::damaged); // ends behind the last entry
  const auto file = checked(body);
  EXPECT_EQ(code_of(find_in_lookup_table(file, body.size() - 4, shape, 1, SIZE_MAX, slots)),
            errc::damaged);
}

TEST(LookupShape, IsValidWithinTheWidthsThatAReaderCanLoad) {
  LookupShape shape = LookupShape::of(1000, 1000, 10);
  EXPECT_TRUE(shape.valid());
  for (auto member :
       {&LookupShape::bucket_bits, &LookupShape::fingerprint_bits, &LookupShape::slot_bits}) {
    auto other = shape;
    other.*member = 33;
    EXPECT_FALSE(other.valid());
  }
  shape.fingerprint_bits = 0;
  EXPECT_FALSE(shape.valid());
}

} // namespace
} // namespace talaria

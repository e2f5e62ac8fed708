#include "core/endian.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <limits>
#include <vector>

namespace talaria {
namespace {

using namespace std::string_literals;

std::string varint(std::uint64_t value) {
  std::string out;
  put_varint(out, value);
  return out;
}

// What a generator of plain numbers hardly makes: all lengths of a varint.
rc::Gen<std::uint64_t> any_number() {
  return rc::gen::map(rc::gen::pair(rc::gen::arbitrary<std::uint64_t>(), rc::gen::inRange(0, 64)),
                      [](auto p) {
                        // The generator's numbers grow with its size parameter; spread them over all 64
                        // bits.
                        return (p.first * 0x9e3779b97f4a7c15) >> p.second;
                      });
}

template <class T>
void expect_damaged(const Result<T>& result, std::string_view message) {
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code(), errc::damaged);
  EXPECT_EQ(result.error().message(), message);
}

TEST(FixedWidth, IsLittleEndian) {
  std::string out;
  store_u16(out, 0x0102);
  store_u32(out, 0x03040506);
  store_u64(out, 0x0708090a0b0c0d0e);
  EXPECT_EQ(out, "\x02\x01\x06\x05\x04\x03\x0e\x0d\x0c\x0b\x0a\x09\x08\x07"s);
  EXPECT_EQ(load_u16(out.data()), 0x0102);
  EXPECT_EQ(load_u32(out.data() + 2), 0x03040506u);
  EXPECT_EQ(load_u64(out.data() + 6), 0x0708090a0b0c0d0eu);
}

TEST(FixedWidth, HoldsTheHighestBits) {
  const std::string ones(8, '\xff');
  EXPECT_EQ(load_u16(ones.data()), std::numeric_limits<std::uint16_t>::max());
  EXPECT_EQ(load_u32(ones.data()), std::numeric_limits<std::uint32_t>::max());
  EXPECT_EQ(load_u64(ones.data()), std::numeric_limits<std::uint64_t>::max());
}

RC_GTEST_PROP(FixedWidth, RoundTrips,
              (std::uint16_t a, std::uint32_t b, std::uint64_t c, std::uint8_t d)) {
  std::string out;
  store_u16(out, a);
  store_u32(out, b);
  store_u64(out, c);
  out += static_cast<char>(d);
  ByteReader in(out);
  RC_ASSERT(in.u16() == a);
  RC_ASSERT(in.u32() == b);
  RC_ASSERT(in.u64() == c);
  RC_ASSERT(in.u8() == d);
  RC_ASSERT(in.at_end());
}

TEST(AVarint, HasTheDocumentedForm) {
  EXPECT_EQ(varint(0), "\0"s);
  EXPECT_EQ(varint(127), "\x7f");
  EXPECT_EQ(varint(128), "\x80\x01");
  EXPECT_EQ(varint(300), "\xac\x02");
  EXPECT_EQ(varint(~std::uint64_t{0}), "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01");
}

RC_GTEST_PROP(AVarint, RoundTripsInAsFewBytesAsItNeeds, ()) {
  const auto values = *rc::gen::container<std::vector<std::uint64_t>>(any_number());
  std::string out;
  for (auto v : values) put_varint(out, v);
  ByteReader in(out);
  for (auto v : values) {
    const auto before = in.remaining();
    RC_ASSERT(in.varint() == v);
    const auto used = before - in.remaining();
    RC_ASSERT(used <= varint_max_size);
    RC_ASSERT(used == 1u || v >> (7 * (used - 1)) != 0);
  }
  RC_ASSERT(in.at_end());
}

RC_GTEST_PROP(AVarint, CutShortEndsEarly, ()) {
  const auto out = varint(*any_number());
  for (std::size_t n = 0; n < out.size(); ++n) {
    ByteReader in(std::string_view(out).substr(0, n));
    auto value = in.varint();
    RC_ASSERT(!value);
    RC_ASSERT(value.error().code() == errc::damaged);
    RC_ASSERT(value.error().message() == "ends early");
    RC_ASSERT(in.remaining() == n);
  }
}

TEST(AVarint, OfMoreThan64BitsIsRefused) {
  expect_damaged(ByteReader(std::string(9, '\xff') + "\x02").varint(), "varint too long");
  expect_damaged(ByteReader(std::string(9, '\x80') + "\x7f").varint(), "varint too long");
  expect_damaged(ByteReader(std::string(10, '\x80') + "\x01").varint(), "varint too long");
  expect_damaged(ByteReader(std::string(100, '\xff')).varint(), "varint too long");
}

RC_GTEST_PROP(Zigzag, RoundTrips, ()) {
  const auto value = static_cast<std::int64_t>(*any_number());
  for (auto v : {value, static_cast<std::int64_t>(~static_cast<std::uint64_t>(value))}) {
    std::string out;
    put_zigzag(out, v);
    RC_ASSERT(ByteReader(out).zigzag() == v);
  }
}

TEST(Zigzag, KeepsSmallNumbersShort) {
  const std::vector<std::int64_t> values{0, -1, 1, -2, 2};
  for (std::size_t i = 0; i < values.size(); ++i) EXPECT_EQ(zigzag_encode(values[i]), i);
  for (auto v : {std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max()})
    EXPECT_EQ(zigzag_decode(zigzag_encode(v)), v);
}

TEST(AByteReader, NeverReadsBeyondTheEnd) {
  const std::string seven(7, 'x');
  expect_damaged(ByteReader("").u8(), "ends early");
  expect_damaged(ByteReader("x").u16(), "ends early");
  expect_damaged(ByteReader("xxx").u32(), "ends early");
  expect_damaged(ByteReader(seven).u64(), "ends early");
  expect_damaged(ByteReader(seven).bytes(8), "ends early");
  expect_damaged(ByteReader(seven).bytes(~std::uint64_t{0}), "ends early");
  expect_damaged(ByteReader("").varint(), "ends early");
  expect_damaged(ByteReader({}).zigzag(), "ends early");
}

TEST(AByteReader, StaysWhereItWasAfterAnError) {
  ByteReader in("abc");
  EXPECT_FALSE(in.u32());
  EXPECT_FALSE(in.bytes(4));
  EXPECT_EQ(in.remaining(), 3u);
  EXPECT_EQ(in.bytes(3).value(), "abc");
  EXPECT_TRUE(in.at_end());
  EXPECT_EQ(in.bytes(0).value(), "");
}

RC_GTEST_PROP(AByteReader, SurvivesAnyBytes, (const std::vector<std::uint8_t>& noise)) {
  ByteReader in({reinterpret_cast<const char*>(noise.data()), noise.size()});
  while (in.varint()) {
  }
  while (in.u8()) {
  }
  RC_ASSERT(in.at_end());
}

} // namespace
} // namespace talaria

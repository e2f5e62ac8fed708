// The gzip codec of the program that only reads.
#include "coding/codec.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <zlib.h>

namespace talaria {
namespace {

std::string gzip_member(std::string_view raw) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string packed(deflateBound(&stream, raw.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(raw.data()));
  stream.avail_in = static_cast<uInt>(raw.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

errc decompressed(std::string_view packed, std::size_t size, std::string& out) {
  out.assign(size, '\0');
  auto done = make_codec(CodecId::gzip)->decompress(packed, out.data(), size);
  return done ? errc{} : done.error().code();
}

RC_GTEST_PROP(QuickGzip, GivesBackWhatWasCompressed, (const std::string& part)) {
  std::string text;
  for (int i = 0; i < 30; ++i) text += part;
  std::string back;
  RC_ASSERT(decompressed(gzip_member(text), text.size(), back) == errc{});
  RC_ASSERT(back == text);
}

TEST(QuickGzip, RefusesAnotherSizeThanTheMemberHas) {
  const auto packed = gzip_member("some text");
  std::string back;
  EXPECT_EQ(decompressed(packed, 8, back), errc::damaged);
  EXPECT_EQ(decompressed(packed, 10, back), errc::damaged);
  EXPECT_EQ(decompressed(packed + "x", 9, back), errc::damaged);
}

TEST(QuickGzip, RefusesEveryTruncationAndEveryChangedByteOfDataAndTrailer) {
  const std::string text = "some text, some text and some more text";
  const auto packed = gzip_member(text);
  std::string back;
  for (std::size_t size = 0; size < packed.size(); ++size)
    EXPECT_EQ(decompressed(packed.substr(0, size), text.size(), back), errc::damaged) << size;
  constexpr std::size_t header = 10;
  for (auto at = header; at < packed.size(); ++at) {
    auto changed = packed;
    changed[at] = static_cast<char>(changed[at] ^ 0x10);
    EXPECT_EQ(decompressed(changed, text.size(), back), errc::damaged) << at;
  }
}

TEST(QuickGzip, CompressesNothing) {
  std::string out;
  EXPECT_FALSE(make_codec(CodecId::gzip)->compress("text", 1, out));
}

} // namespace
} // namespace talaria

#include "repository/release.hpp"

#include "core/crc64.hpp"
#include "support.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>

namespace talaria {
namespace {

ReleaseEntry some_release() {
  return {"uniprot/sprot", "2026_04", 1'700'000'000, digest_of("x"), 2'000, 3, 400, digest_of("y"), 500};
}

RC_GTEST_PROP(ReleaseObject, ComesBackAsItWas,
              (const std::string& name, const std::string& version, uint64_t created, uint64_t bytes)) {
  const ReleaseEntry entry{name, version, created, digest_of(name), bytes, 1, 2, digest_of(version), 3};
  const auto read = must(decode_release(encode_release(entry)));
  RC_ASSERT(read.name == name);
  RC_ASSERT(read.version == version);
  RC_ASSERT(read.created == created);
  RC_ASSERT(read.bytes == bytes);
  RC_ASSERT(read.stream == entry.stream);
  RC_ASSERT(read.pages == entry.pages);
  RC_ASSERT(encode_release(read) == encode_release(entry));
}

TEST(ReleaseObject, ThatIsCutLongerOrFlippedIsRefused) {
  const auto bytes = encode_release(some_release());
  ASSERT_TRUE(decode_release(bytes));
  for (std::size_t size = 0; size < bytes.size(); ++size)
    EXPECT_EQ(code_of(decode_release(bytes.substr(0, size))), errc::damaged) << size;
  EXPECT_EQ(code_of(decode_release(bytes + '\0')), errc::damaged);
  each_flip(bytes, [](const std::string& flipped, std::size_t at) {
    EXPECT_EQ(code_of(decode_release(flipped)), errc::damaged) << at;
  });
}

// With a checksum that is right.
TEST(ReleaseObject, ThatHasMoreOrLessThanItsFieldsIsRefused) {
  const auto whole = encode_release(some_release());
  const auto checked = whole.substr(0, whole.size() - 8);
  for (auto bytes : {checked + 'x', checked.substr(0, checked.size() - 1), std::string("TALRELE1")}) {
    store_u64(bytes, crc64(bytes));
    EXPECT_EQ(code_of(decode_release(bytes)), errc::damaged);
  }
}

RC_GTEST_PROP(ReleaseObject, DecodingIsTotal, (std::string bytes)) {
  RC_ASSERT(code_of(decode_release(bytes)) == errc::damaged);
  bytes = "TALRELE1" + bytes;
  store_u64(bytes, crc64(bytes));
  if (const auto read = decode_release(bytes); !read) RC_ASSERT(read.error().code() == errc::damaged);
}

} // namespace
} // namespace talaria

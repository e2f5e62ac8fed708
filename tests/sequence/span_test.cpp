#include "sequence/span.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace talaria {
namespace {

using Spans = std::vector<std::pair<uint64_t, std::string>>;

std::string encode(const Spans& spans) {
  std::string bytes;
  for (auto& [residues, layout] : spans) put_span(bytes, residues, layout);
  return bytes;
}

// Feeds `bytes` in pieces of `step`, and takes what comes.
Result<Spans> decode(std::string_view bytes, std::size_t step, bool& whole) {
  Spans spans;
  SpanReader reader;
  SpanReader::Span span;
  while (!bytes.empty()) {
    reader.feed(bytes.substr(0, step));
    bytes.remove_prefix(std::min(step, bytes.size()));
    while (true) {
      auto more = reader.next(span);
      if (!more) return tl::unexpected<Error>(more.error());
      if (!*more) break;
      spans.emplace_back(span.residues, std::string(span.layout));
    }
  }
  whole = reader.empty();
  return spans;
}

RC_GTEST_PROP(Spans, ComeBackHoweverTheyArrive, ()) {
  const auto spans = *rc::gen::container<Spans>(
      rc::gen::pair(rc::gen::inRange<uint64_t>(0, 64 << 20), rc::gen::arbitrary<std::string>()));
  bool whole = false;
  const auto read = decode(encode(spans), *rc::gen::inRange<std::size_t>(1, 200), whole);
  RC_ASSERT(read.has_value());
  RC_ASSERT(*read == spans || (spans.empty() && read->empty()));
  RC_ASSERT(whole || spans.empty());
}

TEST(Spans, ThatEndEarlyAreNotAllTaken) {
  const auto bytes = encode({{5, "layout"}, {300, "another"}});
  for (std::size_t size = 1; size < bytes.size(); ++size) {
    bool whole = false;
    const auto read = decode(bytes.substr(0, size), 4, whole);
    ASSERT_TRUE(read);
    EXPECT_EQ(whole, size == 8) << size;
    EXPECT_EQ(read->size(), size >= 8 ? 1u : 0u);
  }
}

// A damaged number must not make the reader wait, and keep, all that follows.
TEST(Spans, ImpossibleOnesAreDamage) {
  const std::string endless(20, '\xFF');
  for (auto& bytes : {endless, '\x05' + endless, encode({{(64u << 20) + 1, ""}}),
                      std::string("\x01\xFF\xFF\xFF\xFF\x7F")}) {
    bool whole = false;
    const auto read = decode(bytes, 3, whole);
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().code(), errc::damaged);
  }
}

} // namespace
} // namespace talaria

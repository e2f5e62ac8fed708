#include "repository/snapshot.hpp"

#include "repository/list.hpp"
#include "support.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

namespace talaria {
namespace {

Digest any_digest() {
  Digest digest;
  for (auto& byte : digest.bytes) byte = *rc::gen::arbitrary<uint8_t>();
  return digest;
}

PackInfo any_file() {
  return {any_digest(), *rc::gen::arbitrary<uint64_t>()};
}

Snapshot any_snapshot() {
  Snapshot s;
  s.serial = *rc::gen::arbitrary<uint64_t>();
  s.created = *rc::gen::arbitrary<uint64_t>();
  s.parent = any_digest();
  s.removals = *rc::gen::arbitrary<uint64_t>();
  const auto generations = *rc::gen::inRange(0u, 4u);
  for (uint32_t i = 0; i < generations; ++i)
    s.generations.push_back(generation_id(static_cast<uint8_t>(i)));
  if (generations > 0) {
    for (int i = *rc::gen::inRange(0, 4); i > 0; --i) {
      Snapshot::Pack pack{any_file(), *rc::gen::inRange(0u, generations)};
      s.packs.push_back(pack);
    }
    std::set<Number> removed;
    for (int i = *rc::gen::inRange(0, 4); i > 0; --i)
      removed.insert({*rc::gen::inRange(0u, generations), *rc::gen::inRange(0u, UINT32_MAX)});
    s.removed.assign(removed.begin(), removed.end());
  }
  for (int i = *rc::gen::inRange(0, 4); i > 0; --i) s.segments.push_back(any_file());
  for (int i = *rc::gen::inRange(0, 4); i > 0; --i)
    s.releases.push_back({*rc::gen::arbitrary<std::string>(), *rc::gen::arbitrary<std::string>(),
                          *rc::gen::arbitrary<uint64_t>(), any_digest(), *rc::gen::arbitrary<uint64_t>(),
                          *rc::gen::arbitrary<uint64_t>(), *rc::gen::arbitrary<uint64_t>(), any_digest(),
                          *rc::gen::arbitrary<uint64_t>()});
  for (int i = *rc::gen::inRange(0, 4); i > 0; --i) s.deltas.push_back({any_digest(), any_file()});
  for (auto& totals : s.totals)
    totals = {*rc::gen::arbitrary<uint64_t>(), *rc::gen::arbitrary<uint64_t>()};
  return s;
}

Snapshot some_snapshot() {
  Snapshot s;
  s.serial = 7;
  s.created = 1'700'000'000;
  s.parent = digest_of("parent");
  s.generations = {generation_id(1), generation_id(2)};
  s.packs = {{{digest_of("p"), 70}, 0}, {{digest_of("q"), 80}, 1}};
  s.segments = {{digest_of("s"), 90}};
  s.releases = {{"uniprot/sprot", "2026_04", 1, digest_of("x"), 2, 3, 4, digest_of("y"), 5}};
  s.deltas = {{digest_of("y"), {digest_of("z"), 6}}};
  s.removed = {{0, 5}, {0, 6}, {1, 0}};
  s.totals[0] = {1, 2};
  s.totals[4] = {3, 4};
  return s;
}

RC_GTEST_PROP(Snapshot, ComesBackAsItWas, ()) {
  const auto s = any_snapshot();
  const auto read = must(Snapshot::decode(s.encode()));
  RC_ASSERT(read.encode() == s.encode());
  RC_ASSERT(read.serial == s.serial);
  RC_ASSERT(read.parent == s.parent);
  RC_ASSERT(read.removals == s.removals);
  RC_ASSERT(read.generations == s.generations);
  RC_ASSERT(read.segments == s.segments);
  RC_ASSERT(read.removed == s.removed);
  RC_ASSERT(read.deltas == s.deltas);
  RC_ASSERT(read.packs.size() == s.packs.size());
  for (std::size_t i = 0; i < s.packs.size(); ++i) {
    RC_ASSERT(read.packs[i].digest == s.packs[i].digest);
    RC_ASSERT(read.packs[i].size == s.packs[i].size);
    RC_ASSERT(read.packs[i].generation == s.packs[i].generation);
  }
  RC_ASSERT(read.releases.size() == s.releases.size());
  for (std::size_t i = 0; i < s.releases.size(); ++i) {
    RC_ASSERT(read.releases[i].name == s.releases[i].name);
    RC_ASSERT(read.releases[i].version == s.releases[i].version);
    RC_ASSERT(read.releases[i].stream == s.releases[i].stream);
    RC_ASSERT(read.releases[i].pages == s.releases[i].pages);
    RC_ASSERT(read.releases[i].residues == s.releases[i].residues);
  }
  for (std::size_t i = 0; i < kind_count; ++i) {
    RC_ASSERT(read.totals[i].count == s.totals[i].count);
    RC_ASSERT(read.totals[i].bytes == s.totals[i].bytes);
  }
}

TEST(Snapshot, NamesThePageFilesThatReleasesGoBackTo) {
  auto s = some_snapshot();
  s.deltas.push_back({digest_of("z"), {digest_of("base"), 7}});
  s.deltas.push_back({digest_of("nobody's"), {digest_of("lost"), 8}});
  EXPECT_EQ(s.references(digest_of("y")),
            (std::vector<PackInfo>{{digest_of("z"), 6}, {digest_of("base"), 7}}));
  EXPECT_TRUE(s.references(digest_of("base")).empty());
  s.drop_unused_deltas();
  EXPECT_EQ(s.deltas.size(), 2u);
  EXPECT_EQ(s.page_files(),
            (std::vector<PackInfo>{{digest_of("y"), 5}, {digest_of("z"), 6}, {digest_of("base"), 7}}));
  s.deltas.push_back({digest_of("base"), {digest_of("y"), 5}}); // damage: a circle
  s.drop_unused_deltas();
  EXPECT_EQ(s.page_files().size(), 3u);
  EXPECT_FALSE(s.references(digest_of("y")).empty());
}

TEST(Snapshot, ThatIsCutOrLongerIsRefused) {
  const auto bytes = some_snapshot().encode();
  ASSERT_TRUE(Snapshot::decode(bytes));
  for (std::size_t size = 0; size < bytes.size(); ++size)
    EXPECT_EQ(code_of(Snapshot::decode(bytes.substr(0, size))), errc::damaged) << size;
  EXPECT_EQ(code_of(Snapshot::decode(bytes + '\0')), errc::damaged);
}

// Its name is its digest, so flips are found out there; decoding must only keep its head.
TEST(Snapshot, AFlipIsRefusedOrReadAsSomethingThatCanBeWritten) {
  each_flip(some_snapshot().encode(), [](const std::string& bytes, std::size_t at) {
    const auto read = Snapshot::decode(bytes);
    if (!read) {
      EXPECT_EQ(read.error().code(), errc::damaged) << at;
    } else {
      EXPECT_EQ(must(Snapshot::decode(read->encode())).encode(), read->encode()) << at;
    }
  });
}

RC_GTEST_PROP(Snapshot, DecodingIsTotal, (const std::string& bytes)) {
  RC_ASSERT(code_of(Snapshot::decode(bytes)) == errc::damaged);
  if (const auto read = Snapshot::decode("TALSNAP1" + bytes); !read)
    RC_ASSERT(read.error().code() == errc::damaged);
}

TEST(Snapshot, ThatNamesWhatItDoesNotListIsRefused) {
  auto s = some_snapshot();
  s.packs[1].generation = 2;
  EXPECT_EQ(code_of(Snapshot::decode(s.encode())), errc::damaged);
  s = some_snapshot();
  std::swap(s.removed[0], s.removed[1]);
  EXPECT_EQ(code_of(Snapshot::decode(s.encode())), errc::damaged);
  s = some_snapshot();
  s.removed = {{0, 1}, {0, 1}};
  EXPECT_EQ(code_of(Snapshot::decode(s.encode())), errc::damaged);
}

TEST(Snapshot, KnowsItsGenerationsAndWhatWasRemoved) {
  const auto s = some_snapshot();
  EXPECT_EQ(s.generation(generation_id(2)), 1u);
  EXPECT_EQ(s.generation(generation_id(3)), std::nullopt);
  EXPECT_TRUE(s.is_removed({0, 6}));
  EXPECT_FALSE(s.is_removed({1, 6}));
}

PartList some_list() {
  PartList list;
  list.parts = {
      {generation_id(1), 5, 100}, {generation_id(1), 6, longest_chunk},  {generation_id(2), 0, 1},
      {generation_id(1), 5, 100}, {generation_id(2), UINT32_MAX - 1, 9}, {generation_id(3), 0, 30}};
  for (auto& part : list.parts) list.length += part.length;
  return list;
}

bool same(const PartList& a, const PartList& b) {
  return a.length == b.length && std::equal(a.parts.begin(), a.parts.end(), b.parts.begin(),
                                            b.parts.end(), [](const ListPart& x, const ListPart& y) {
                                              return x.generation == y.generation &&
                                                     x.ordinal == y.ordinal && x.length == y.length;
                                            });
}

TEST(List, ComesBackAsItWas) {
  EXPECT_TRUE(same(must(decode_list(encode_list(some_list()))), some_list()));
  EXPECT_TRUE(same(must(decode_list(encode_list({}))), {}));
}

RC_GTEST_PROP(List, OfAnyPartsComesBackAsItWas, ()) {
  PartList list;
  for (int i = *rc::gen::inRange(0, 30); i > 0; --i) {
    list.parts.push_back({generation_id(*rc::gen::inRange<uint8_t>(0, 4)),
                          *rc::gen::inRange(0u, UINT32_MAX),
                          *rc::gen::inRange(1u, uint32_t{longest_chunk} + 1)});
    list.length += list.parts.back().length;
  }
  RC_ASSERT(same(must(decode_list(encode_list(list))), list));
}

TEST(List, ThatIsCutOrLongerOrDoesNotAddUpIsRefused) {
  const auto bytes = encode_list(some_list());
  for (std::size_t size = 0; size < bytes.size(); ++size)
    EXPECT_EQ(code_of(decode_list(bytes.substr(0, size))), errc::damaged) << size;
  EXPECT_EQ(code_of(decode_list(bytes + '\0')), errc::damaged);
  auto list = some_list();
  ++list.length;
  EXPECT_EQ(code_of(decode_list(encode_list(list))), errc::damaged);
}

// A part of no bytes would end the reading of the value early.
TEST(List, WithAnEmptyOrATooLongPartIsRefused) {
  for (uint32_t length : {0u, uint32_t{longest_chunk} + 1}) {
    auto list = some_list();
    list.length += length;
    list.parts.push_back({generation_id(1), 1, length});
    EXPECT_EQ(code_of(decode_list(encode_list(list))), errc::damaged);
  }
}

TEST(List, AFlipIsRefusedOrAddsUp) {
  each_flip(encode_list(some_list()), [](const std::string& bytes, std::size_t at) {
    const auto list = decode_list(bytes);
    if (!list) {
      EXPECT_EQ(list.error().code(), errc::damaged) << at;
      return;
    }
    uint64_t total = 0;
    for (auto& part : list->parts) total += part.length;
    EXPECT_EQ(total, list->length);
  });
}

RC_GTEST_PROP(List, DecodingIsTotal, (const std::string& bytes)) {
  if (const auto list = decode_list(bytes); !list) RC_ASSERT(list.error().code() == errc::damaged);
}

} // namespace
} // namespace talaria

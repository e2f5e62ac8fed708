#include "tests/actors/fixture.hpp"

#include <algorithm>
#include <vector>

namespace talaria {
namespace {

using ChunkStoreTest = StoreFixture;

TEST_F(ChunkStoreTest, StoresBytesUnderTheirDigest) {
  auto digest = store->chunks().put("any bytes");
  ASSERT_TRUE(digest);
  EXPECT_EQ(*digest, digest_of("any bytes"));
  EXPECT_EQ(store->chunks().get(*digest)->view(), "any bytes");
  EXPECT_TRUE(*store->chunks().contains(*digest));
  EXPECT_TRUE(store->chunks().verify(*digest));
}

TEST_F(ChunkStoreTest, StoresTheSameBytesOnce) {
  ASSERT_TRUE(store->chunks().put("once"));
  auto before = store->stats()->repository_bytes;
  ASSERT_TRUE(store->chunks().put("once"));
  EXPECT_EQ(store->stats()->repository_bytes, before);
  EXPECT_EQ(store->chunks().stats()->chunks, 1u);
}

TEST_F(ChunkStoreTest, TakesEmptyAndLongValues) {
  std::string long_value;
  for (int i = 0; i < 900000; ++i) long_value += static_cast<char>((i * 2654435761u) >> 13);
  std::vector<std::string_view> values{"", long_value, "short"};
  auto digests = store->chunks().put_batch(values);
  ASSERT_TRUE(digests);
  for (std::size_t i = 0; i < values.size(); ++i)
    EXPECT_EQ(store->chunks().get((*digests)[i])->view(), values[i]);
  EXPECT_EQ(store->chunks().stats()->bytes, long_value.size() + 5);
}

TEST_F(ChunkStoreTest, AnswersABatchItemByItem) {
  ASSERT_TRUE(ingest(records(0, 1000), "db", "1"));
  std::vector<Digest> digests;
  ASSERT_TRUE(store->chunks().list(true, [&](const ChunkInfo& chunk) {
    EXPECT_TRUE(chunk.sequence);
    digests.push_back(chunk.digest);
    return true;
  }));
  ASSERT_EQ(digests.size(), 1000u);
  digests.insert(digests.begin() + 500, digest_of("absent"));
  for (std::size_t size : {std::size_t{10}, digests.size()}) {
    auto batch = std::span(digests).last(size);
    auto results = store->chunks().get_batch(batch);
    for (std::size_t i = 0; i < size; ++i) {
      if (batch[i] == digest_of("absent"))
        EXPECT_EQ(results[i].error().code(), errc::not_found);
      else
        EXPECT_EQ(digest_of(results[i]->view()), batch[i]);
    }
  }
  auto contains = store->chunks().contains_batch(digests);
  ASSERT_TRUE(contains);
  EXPECT_EQ(std::count(contains->begin(), contains->end(), false), 1);
}

TEST_F(ChunkStoreTest, RemovesWhatApplicationsPutAndNothingElse) {
  ASSERT_TRUE(ingest(records(0, 10), "db", "1"));
  auto sequence = digest_of(store->get("P10003")->sequence);
  auto kept = *store->chunks().put("kept");
  auto gone = *store->chunks().put("gone");
  ASSERT_TRUE(store->chunks().remove(gone));
  EXPECT_EQ(store->chunks().get(gone).error().code(), errc::not_found);
  EXPECT_FALSE(*store->chunks().contains(gone));
  EXPECT_EQ(store->chunks().remove(gone).error().code(), errc::not_found);
  EXPECT_EQ(store->chunks().remove(sequence).error().code(), errc::in_use);
  std::vector<Digest> listed;
  ASSERT_TRUE(store->chunks().list(false, [&](const ChunkInfo& chunk) {
    listed.push_back(chunk.digest);
    return true;
  }));
  EXPECT_EQ(listed, std::vector{kept});

  ASSERT_TRUE(store->chunks().put("gone")) << "what was removed can be stored again";
  EXPECT_EQ(store->chunks().get(gone)->view(), "gone");
}

TEST_F(ChunkStoreTest, AChunkAndASequenceOfTheSameBytesLiveApart) {
  ASSERT_TRUE(ingest(">a\nACGTACGT\n", "db", "1"));
  auto digest = *store->chunks().put("ACGTACGT");
  ASSERT_TRUE(store->chunks().remove(digest));
  EXPECT_EQ(exported("db"), ">a\nACGTACGT\n");
  EXPECT_EQ(store->chunks().get(digest)->view(), "ACGTACGT") << "the release has it still";
}

} // namespace
} // namespace talaria

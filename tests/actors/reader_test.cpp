#include "reads/reader.hpp"

#include "tests/actors/fixture.hpp"

#include <filesystem>
#include <fstream>

namespace talaria {
namespace {

// A repository in a folder, which a reader can open beside the store.
class ReaderTest : public StoreFixture {
protected:
  void SetUp() override {
    ASSERT_TRUE(Store::init(repository()));
    store = Store::open(repository(), small_settings()).value();
  }

  std::string repository() const { return folder / "repo"; }
  std::unique_ptr<Reader> reader() const { return Reader::open(repository(), small_settings()).value(); }

  // A sequence of nucleotides in more parts than a thread reads by itself.
  static std::string long_record() {
    std::string text = ">chromosome of many parts\n";
    uint64_t state = 1;
    for (int i = 0; i < 3'000'000; ++i) {
      state = state * 6364136223846793005u + 1442695040888963407u;
      text += "ACGT"[state >> 62];
    }
    return text + "\n";
  }
};

TEST_F(ReaderTest, ReadsWhatTheStoreReads) {
  ASSERT_TRUE(ingest(records(1, 50), "db", "1"));
  ASSERT_TRUE(ingest(records(20, 50), "db", "2"));
  auto reader = this->reader();
  for (const char* id : {"P10001", "P10030", "P10069", "P10030:5-80"})
    for (const char* release : {"", "db", "db@1", "db@2"}) {
      auto expected = store->get(id, release);
      auto found = reader->get(id, release);
      ASSERT_EQ(found.has_value(), expected.has_value()) << id << " in " << release;
      if (expected) {
        EXPECT_EQ(found->text, expected->text);
        EXPECT_EQ(found->release, expected->release);
      } else {
        EXPECT_EQ(found.error().message(), expected.error().message());
      }
    }
  EXPECT_EQ(reader->releases("db")->size(), 2u);
  EXPECT_EQ(reader->stats()->sequences, store->stats()->sequences);
}

TEST_F(ReaderTest, ReadsManyBlocksAtOnce) {
  const auto text = long_record();
  ASSERT_TRUE(ingest(text, "db", "1"));
  EXPECT_TRUE(reader()->get("chromosome", "")->text == text);
}

TEST_F(ReaderTest, ReadsChunksByDigest) {
  auto digest = store->chunks().put("bytes of an application").value();
  auto reader = this->reader();
  EXPECT_EQ(reader->get_chunk(digest)->view(), "bytes of an application");
  EXPECT_EQ(reader->get_chunk(digest_of("other")).error().code(), errc::not_found);
}

TEST_F(ReaderTest, SeesWhatIsCommittedLater) {
  ASSERT_TRUE(ingest(records(1, 5), "db", "1"));
  auto reader = this->reader();
  EXPECT_EQ(reader->get("P10007", "").error().code(), errc::not_found);
  ASSERT_TRUE(ingest(records(1, 10), "db", "2"));
  EXPECT_EQ(reader->get("P10007", "")->release, "db@2");
}

TEST_F(ReaderTest, DamageInOneOfManyBlocksFailsTheRead) {
  ASSERT_TRUE(ingest(long_record(), "db", "1"));
  for (auto& entry : std::filesystem::directory_iterator(folder / "repo/packs")) {
    std::filesystem::permissions(entry.path(), std::filesystem::perms::owner_all);
    std::fstream pack(entry.path(), std::ios::binary | std::ios::in | std::ios::out);
    pack.seekp(static_cast<std::streamoff>(entry.file_size() / 2));
    pack.write("damage of some bytes", 20);
  }
  EXPECT_EQ(reader()->get("chromosome", "").error().code(), errc::damaged);
}

TEST_F(ReaderTest, SaysThatThereIsNoRepository) {
  auto opened = Reader::open(folder / "nothing", Settings{});
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code(), errc::no_repository);
}

} // namespace
} // namespace talaria

// Parts of sequences and chunks, however they are stored, are what a cut of the whole would be.
#include "tests/actors/fixture.hpp"

#include <random>
#include <vector>

namespace talaria {
namespace {

constexpr auto the_end = ~std::uint64_t{};

std::string random_text(std::string_view alphabet, std::size_t size, std::mt19937& random) {
  std::string text(size, '\0');
  for (auto& c : text) c = alphabet[random() % alphabet.size()];
  return text;
}

std::string wrapped(std::string_view text, std::size_t width, std::string_view line_end) {
  std::string lines;
  for (std::size_t at = 0; at < text.size(); at += width) {
    lines += text.substr(at, width);
    lines += line_end;
  }
  return lines;
}

std::string upper(std::string text) {
  for (auto& c : text)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  return text;
}

class Ranges : public StoreFixture {
protected:
  // Compares random ranges, and those at both ends, with cuts of `characters`.
  void expect_cuts(const std::string& id, const std::string& characters,
                   const std::string& release = {}) {
    std::vector<RangeRequest> ranges{{id, 0, 1}, {id, 0, the_end}, {id, characters.size() - 1, the_end}};
    for (int i = 0; i < 60; ++i) {
      auto begin = random() % characters.size();
      auto length = 1 + random() % (i % 3 == 0 ? characters.size() : 2000);
      ranges.push_back({id, begin, begin + length});
    }
    auto batch = store->get_ranges(ranges, release);
    ASSERT_EQ(batch.size(), ranges.size());
    for (std::size_t i = 0; i < ranges.size(); ++i) {
      auto& wanted = ranges[i];
      auto expected = characters.substr(wanted.begin, wanted.end - wanted.begin);
      auto alone = store->get_range(id, wanted.begin, wanted.end, release);
      for (auto* range : {&alone, &batch[i]}) {
        ASSERT_TRUE(*range) << range->error().message();
        EXPECT_TRUE((*range)->sequence == expected) << wanted.begin << " " << wanted.end;
        EXPECT_EQ((*range)->begin, wanted.begin);
        EXPECT_EQ((*range)->end, wanted.begin + expected.size());
      }
    }
  }

  std::mt19937 random{7};
};

TEST_F(Ranges, OfALongRecordWithMixedCaseAndSigns) {
  // Several pieces of input, spans and parts; lines with CRLF.
  auto characters = random_text("ACGTacgtN", 3'000'000, random);
  characters.replace(1'234'567, 400, std::string(400, '-'));
  characters.replace(2'900'000, 5, "**..*");
  ASSERT_TRUE(ingest(">first one\r\n" + wrapped("MKV*", 60, "\r\n") + ">long X\r\n" +
                         wrapped(characters, 71, "\r\n"),
                     "db", "1"));
  expect_cuts("long", characters);
  expect_cuts("first", "MKV*", "db@1");
  auto range = store->get_range("long", 5, 9);
  ASSERT_TRUE(range);
  EXPECT_EQ(range->header, "long X");
  EXPECT_EQ(range->release, "db@1");
}

TEST_F(Ranges, OfManyCaseRunsWhoseLayoutIsAChunkOfItsOwn) {
  auto characters = random_text("ACGTacgt-", 2'000'000, random);
  ASSERT_TRUE(ingest(">x\n" + wrapped(characters, 60, "\n"), "db", "1"));
  expect_cuts("x", characters);
}

TEST_F(Ranges, OfDifferencesAcrossReleases) {
  auto genome = random_text("ACGT", 700'000, random);
  for (int i = 0; i < 4; ++i) {
    ASSERT_TRUE(ingest(">chr\n" + wrapped(genome, 80, "\n"), "g", std::to_string(i)));
    expect_cuts("chr", genome, "g@" + std::to_string(i));
    for (int j = 0; j < 700; ++j) genome[random() % genome.size()] = "ACGT"[random() % 4];
  }
}

TEST_F(Ranges, OfADigestAreCanonicalResidues) {
  auto characters = random_text("ACGTacgt", 500'000, random);
  ASSERT_TRUE(ingest(">x\n" + wrapped(characters, 60, "\n"), "db", "1"));
  auto digest = digest_of(upper(characters)).hex();
  expect_cuts(digest, upper(characters));
  expect_cuts(digest, characters, "db@1");
  EXPECT_EQ(store->get_range(digest, 0, 5)->header, "");
}

TEST_F(Ranges, ThatCanNotBeAreRefused) {
  ASSERT_TRUE(ingest(">x\nACGT\n>empty\n", "db", "1"));
  auto code = [&](const std::string& id, uint64_t begin, uint64_t end, const std::string& release = {}) {
    auto range = store->get_range(id, begin, end, release);
    return range ? errc{} : range.error().code();
  };
  EXPECT_EQ(code("x", 4, 5), errc::invalid_argument);
  EXPECT_EQ(code("x", 2, 2), errc::invalid_argument);
  EXPECT_EQ(code("x", 3, 1), errc::invalid_argument);
  EXPECT_EQ(code("empty", 0, 1), errc::invalid_argument);
  EXPECT_EQ(code("y", 0, 1), errc::not_found);
  EXPECT_EQ(code("x", 0, 1, "db@2"), errc::not_found);
  EXPECT_EQ(code(digest_of("none").hex(), 0, 1), errc::not_found);
  std::vector<RangeRequest> some{{"y", 0, 1}, {"x", 1, 100}, {"x", 4, 5}};
  auto results = store->get_ranges(some);
  EXPECT_FALSE(results[0]);
  ASSERT_TRUE(results[1]);
  EXPECT_EQ(results[1]->sequence, "CGT");
  EXPECT_EQ(results[1]->end, 4u);
  EXPECT_FALSE(results[2]);
}

TEST_F(Ranges, AsSamtoolsWritesThem) {
  ASSERT_TRUE(ingest(">X.1 long one\nACGTac\ngtNN*\n", "db", "1"));
  auto text = [&](const std::string& id) {
    auto record = store->get(id);
    return record ? record->text : record.error().message();
  };
  EXPECT_EQ(text("X.1:2-7"), ">X.1:2-7\nCGTacg\n");
  EXPECT_EQ(text("X.1:9"), ">X.1:9-11\nNN*\n");
  EXPECT_EQ(text("X.1:9-1,000"), ">X.1:9-11\nNN*\n");
  EXPECT_EQ(store->get("X.1:9-100")->sequence, "NN");
  EXPECT_EQ(store->get("X.1:9-100")->release, "db@1");
  EXPECT_EQ(text(digest_of("ACGTACGTNN").hex() + ":5-6"),
            ">" + digest_of("ACGTACGTNN").hex() + ":5-6\nAC\n");
  for (auto id : {"X.1:0-5", "X.1:5-4", "X.1:12-13"}) {
    auto record = store->get(id);
    ASSERT_FALSE(record);
    EXPECT_EQ(record.error().code(), errc::invalid_argument) << id;
  }
  EXPECT_EQ(store->get("Y:1-2").error().code(), errc::not_found);
}

TEST_F(Ranges, ARecordThatIsCalledLikeARangeWins) {
  ASSERT_TRUE(ingest(
      ">gi|1|ref|NC_1.1|:2-3\nTTTT\n>gi|1|ref|NC_1.1|\nACGT\n>lcl|a:1-2\nGGGG\n>a\nCCCC\n", "db", "1"));
  EXPECT_EQ(store->get("gi|1|ref|NC_1.1|:2-3")->sequence, "TTTT");
  EXPECT_EQ(store->get("gi|1|ref|NC_1.1|:2-3:1-2")->sequence, "TT");
  EXPECT_EQ(store->get("a:1-2")->sequence, "GGGG");
  EXPECT_EQ(store->get("lcl|a:1-2")->sequence, "GGGG");
  EXPECT_EQ(store->get("a:1-3")->sequence, "CCC");
}

TEST_F(Ranges, OfChunks) {
  auto bytes = random_text(std::string_view("abc\0\n", 5), 1'000'000, random);
  auto digest = store->chunks().put(bytes);
  ASSERT_TRUE(digest);
  for (int i = 0; i < 50; ++i) {
    auto offset = random() % bytes.size();
    auto length = random() % 300'000;
    auto part = store->chunks().get_range(*digest, offset, length);
    ASSERT_TRUE(part) << part.error().message();
    EXPECT_TRUE(part->view() == std::string_view(bytes).substr(offset, length))
        << offset << " " << length;
  }
  EXPECT_EQ(store->chunks().get_range(*digest, bytes.size(), 5)->size(), 0u);
  EXPECT_EQ(store->chunks().get_range(*digest, 0, the_end)->size(), bytes.size());
  EXPECT_EQ(store->chunks().get_range(*digest, bytes.size() + 1, 5).error().code(),
            errc::invalid_argument);
  EXPECT_EQ(store->chunks().get_range(digest_of("none"), 0, 5).error().code(), errc::not_found);
}

TEST_F(Ranges, OtherCommitsMeanwhileChangeNothing) {
  auto genome = random_text("ACGT", 400'000, random);
  ASSERT_TRUE(ingest(">chr\n" + wrapped(genome, 80, "\n"), "g", "1"));
  expect_cuts("chr", genome);
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(ingest(records(100 * i, 100), "p", std::to_string(i)));
    expect_cuts("chr", genome);
  }
}

} // namespace
} // namespace talaria

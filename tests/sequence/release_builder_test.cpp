// Any FASTA text, stored and rendered, comes back byte for byte, whatever the limits of runs and packs.
#include "sequence/release_builder.hpp"

#include "release_driver.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <functional>
#include <random>
#include <string>
#include <vector>

namespace talaria {
namespace {

constexpr std::string_view amino_acids = "ACDEFGHIKLMNPQRSTVWY";

std::string wrapped(const std::string& residues, std::size_t width, const std::string& end = "\n") {
  std::string text;
  for (std::size_t at = 0; at < residues.size(); at += width) text += residues.substr(at, width) + end;
  return text;
}

// A file of `records` usual records.
std::string usual(std::size_t records, unsigned seed) {
  std::mt19937 random(seed);
  std::string text;
  for (std::size_t i = 0; i < records; ++i)
    text += ">sp|P" + std::to_string(10000 + i) + "|NAME_" + std::to_string(i) + " some protein\n" +
            wrapped(letters(amino_acids, 1 + random() % 700, static_cast<unsigned>(random())), 60);
  return text;
}

// A body as nobody should write one.
std::string nasty_body(std::mt19937& random, std::size_t size) {
  constexpr std::string_view characters = "ACGTNacgtn-.* \t123";
  std::string text;
  while (text.size() < size) {
    switch (random() % 8) {
    case 0:
      text += "\n";
      break;
    case 1:
      text += "\r\n";
      break;
    case 2:
      text += letters("ACGT", random() % 100, static_cast<unsigned>(random())) + "\r\n";
      break;
    case 3:
      text += std::string(random() % 200, 'n') + "\n";
      break;
    case 4:
      text += letters(characters, random() % 90, static_cast<unsigned>(random())) + "\n";
      break;
    default:
      text +=
          wrapped(letters("ACGT", random() % 300, static_cast<unsigned>(random())), 1 + random() % 80);
    }
  }
  return text;
}

std::string nasty_file(unsigned seed, std::size_t records) {
  std::mt19937 random(seed);
  std::string text = random() % 2 == 0 ? "; a comment\n\n" : "";
  for (std::size_t i = 0; i < records; ++i) {
    text += ">";
    if (random() % 5 != 0)
      text += letters("abc|>;. \t\x80\xFF", random() % 60, static_cast<unsigned>(random()));
    text += random() % 4 == 0 ? "\r\n" : "\n";
    if (random() % 6 != 0) text += nasty_body(random, random() % 500);
    if (text.back() != '\n') text += '\n';
  }
  if (random() % 2 == 0) text.pop_back();
  return text;
}

// Lines of one to three residues, as they come: a layout nearly as large as the text.
std::string ragged_body(std::mt19937& random, std::size_t size) {
  std::string text;
  while (text.size() < size) text += std::string(1 + random() % 3, 'A') + "\n";
  return text;
}

struct Case {
  std::string name;
  std::function<std::string()> text;
};

const std::vector<Case>& cases() {
  static const std::vector<Case> all{
      {"OneEmptyRecord", [] { return std::string(">"); }},
      {"OneHeaderWithoutEnd", [] { return std::string(">only a header"); }},
      {"EmptySequences", [] { return std::string(">a\n>b\n\n>c\r\n\r\n>d\n>e"); }},
      {"NoFinalNewline", [] { return std::string(">a\nACGT\nAC\n>b\nAC"); }},
      {"Crlf", [] { return ">a\r\n" + wrapped(genome(500, 1), 60, "\r\n") + ">b\r\nACGT\r\n"; }},
      {"Preamble", [] { return "; comment\n\n \n" + usual(3, 1); }},
      {"LowerCaseAndGaps", [] { return std::string(">a\nacgtNNNNacgt\n--AC..GT*\n>b\nacgt\n"); }},
      {"Duplicates", [] { return usual(50, 1) + usual(50, 1) + usual(50, 1); }},
      {"SameNameThroughout",
       [] {
         std::string text;
         for (unsigned i = 0; i < 100; ++i) text += ">same\n" + wrapped(protein(100, i % 30), 60);
         return text;
       }},
      {"Usual", [] { return usual(3000, 2); }},
      {"Nasty", [] { return nasty_file(3, 400); }},
      {"LongHeader", [] { return ">" + protein(600'000, 1) + "\nACGT\n>b\nAC\n"; }},
      {"HeaderLongerThanAPiece",
       [] { return usual(5, 1) + ">" + protein(2'500'000, 1) + "\r\nACGT\r\n>b\nAC\n"; }},
      {"HeaderLongerThanAPieceWithoutEnd", [] { return ">" + protein(2'500'000, 1); }},
      {"SequenceLongerThanAChunk",
       [] { return usual(5, 1) + ">c\n" + wrapped(genome(300'000, 1), 70) + usual(5, 2); }},
      {"SequenceOfAPiece",
       [] {
         return ">c\n" + wrapped(genome(1'000'000, 1), 80) + ">d\n" + wrapped(genome(900'000, 2), 80);
       }},
      {"Chromosome", [] { return ">c\n" + wrapped(genome(3'000'000, 1), 80) + ">d\nAC\n"; }},
      {"CrlfChromosome", [] { return ">c\r\n" + wrapped(genome(3'000'000, 1), 80, "\r\n"); }},
      {"MixedCaseChromosome",
       [] { return ">c\n" + wrapped(letters("ACGTacgtN", 1'500'000, 1), 60) + "\n\n>d\nAC\n"; }},
      {"OneLineOfThreeMegabytes", [] { return ">c\n" + genome(3'000'000, 1) + "\n>d\nAC\n"; }},
      {"OneLineOfThreeMegabytesWithoutEnd", [] { return ">c\n" + genome(3'000'000, 1); }},
      {"ChromosomeOfGaps", [] { return ">c\n" + wrapped(std::string(2'500'000, '-'), 80) + ">d\nA\n"; }},
      {"ChromosomeOfBlankLines", [] { return ">c\n" + std::string(2'500'000, '\n') + ">d\nA\n"; }},
      {"IrregularChromosome",
       [] {
         std::mt19937 random(4);
         return ">a\nAC\n>c\n" + nasty_body(random, 1'800'000) + "\n>d\nAC\n";
       }},
      {"RaggedChromosome",
       [] {
         std::mt19937 random(8);
         return ">c\n" + ragged_body(random, 2'500'000) + ">d\nAC\n";
       }},
      {"IrregularCrlfChromosome",
       [] {
         std::mt19937 random(5);
         return ">c\r\n" + nasty_body(random, 1'200'000);
       }},
      {"IrregularRecordsOfAPieceEach",
       [] {
         std::mt19937 random(6);
         std::string text;
         for (int i = 0; i < 2; ++i) text += ">c\n" + nasty_body(random, 600'000) + "\n";
         return text;
       }},
  };
  return all;
}

void PrintTo(const Case& c, std::ostream* out) {
  *out << c.name;
}

class ReleaseOf : public testing::TestWithParam<Case> {};

TEST_P(ReleaseOf, ComesBackByteForByte) {
  const auto text = GetParam().text();
  TestRepository repository;
  const auto entry = must(ingest_text(*repository, "a", "1", text));
  EXPECT_EQ(entry.bytes, text.size());
  EXPECT_TRUE(must(render_text(*repository, "a", "1")) == text);
}

// Tiny limits: hundreds of runs and packs, and jobs of a few rows.
TEST_P(ReleaseOf, ComesBackFromManyRuns) {
  const auto text = GetParam().text();
  TestRepository repository;
  must(ingest_text(*repository, "a", "1", text, {20'000, 3000}, 10'000));
  EXPECT_TRUE(must(render_text(*repository, "a", "1", {5, 4000})) == text);
}

// Edits between releases: both come back.
TEST_P(ReleaseOf, ComesBackFromASecondReleaseToo) {
  const auto text = GetParam().text();
  TestRepository repository;
  must(ingest_text(*repository, "a", "1", text));
  auto edited = text;
  std::mt19937 random(7);
  for (int i = 0; i < 5; ++i) {
    const auto at = 1 + random() % edited.size();
    edited.insert(at, i == 0 ? "\n>new|X1 inserted\nACGTACGT\n" : "A");
  }
  edited += "\n>added\nMKV\n";
  must(ingest_text(*repository, "a", "2", edited, {1 << 20, 3000}));
  EXPECT_TRUE(must(render_text(*repository, "a", "2")) == edited);
  EXPECT_TRUE(must(render_text(*repository, "a", "1")) == text);
}

INSTANTIATE_TEST_SUITE_P(Text, ReleaseOf, testing::ValuesIn(cases()),
                         [](const testing::TestParamInfo<Case>& info) { return info.param.name; });

RC_GTEST_PROP(Release, OfAnyTextComesBack, ()) {
  TestRepository repository;
  const RunLimits limits{*rc::gen::element<std::size_t>(1, 500, 1 << 20),
                         *rc::gen::element<std::size_t>(1, 700, 65536)};
  std::vector<std::string> texts;
  for (int i = *rc::gen::inRange(1, 4); i > 0; --i) {
    texts.push_back(nasty_file(*rc::gen::inRange(0u, 50u), *rc::gen::inRange<std::size_t>(1, 30)));
    must(ingest_text(*repository, "a", std::to_string(texts.size()), texts.back(), limits));
  }
  for (std::size_t i = 0; i < texts.size(); ++i)
    RC_ASSERT(must(render_text(*repository, "a", std::to_string(i + 1), {3, 1})) == texts[i]);
}

TEST(Release, AnUnchangedOneAddsNothingButItsPages) {
  TestRepository repository;
  const auto text = usual(500, 8);
  const auto first = must(ingest_text(*repository, "a", "1", text));
  const auto before = must(repository->view())->snapshot();
  const auto second = must(ingest_text(*repository, "a", "2", text));
  const auto after = must(repository->view())->snapshot();
  EXPECT_EQ(after.packs.size(), before.packs.size());
  EXPECT_EQ(after.segments, before.segments);
  EXPECT_EQ(after.generations, before.generations);
  EXPECT_EQ(after.totals[0].count, before.totals[0].count);
  EXPECT_EQ(after.releases.size(), 2u);
  EXPECT_EQ(first.pages, second.pages);
}

TEST(Release, AnEditAddsOnlyWhatIsNew) {
  TestRepository repository;
  const auto text = usual(500, 8);
  must(ingest_text(*repository, "a", "1", text));
  const auto before = must(repository->view())->snapshot().totals;
  must(ingest_text(*repository, "a", "2", ">new|X1 inserted\nMKVMKV\n" + text));
  const auto after = must(repository->view())->snapshot().totals;
  EXPECT_EQ(after[index_of(Kind::sequence)].count, before[index_of(Kind::sequence)].count + 1);
  EXPECT_EQ(after[index_of(Kind::header)].count, before[index_of(Kind::header)].count + 1);
}

TEST(Release, CountsRecordsAndResidues) {
  TestRepository repository;
  const auto entry = must(
      ingest_text(*repository, "a", "1", ">a\nAC-gt\n>b\n>c\n" + wrapped(genome(2'000'000, 1), 60)));
  EXPECT_EQ(entry.records, 3u);
  EXPECT_EQ(entry.residues, 2'000'004u);
}

// The pieces of a long record have no boundaries in what is stored: cut elsewhere, it is the same
// sequence.
TEST(Release, ALongSequenceIsTheSameWhereverItsRecordBegins) {
  TestRepository repository;
  const auto residues = genome(3'000'000, 9);
  must(ingest_text(*repository, "a", "1", ">c\n" + wrapped(residues, 80)));
  must(ingest_text(*repository, "a", "2", usual(300, 1) + ">other\n" + wrapped(residues, 61, "\r\n")));
  must(ingest_text(*repository, "a", "3", ">c\n" + residues));
  EXPECT_EQ(must(stored_value(*repository, Kind::sequence, key_of(residues))), residues);
  const auto& totals = must(repository->view())->snapshot().totals;
  EXPECT_LE(totals[index_of(Kind::sequence)].count, 301u);
}

// Small layouts stand in the page; large ones must not, for a page is read whole.
TEST(Release, AHugeLayoutIsStoredApartFromThePage) {
  std::mt19937 random(10);
  const auto text = ">c\n" + ragged_body(random, 2'500'000);
  TestRepository repository;
  const auto entry = must(ingest_text(*repository, "a", "1", text));
  EXPECT_EQ(must(repository->view())->snapshot().totals[index_of(Kind::text)].count, 1u);
  EXPECT_GT(must(repository->view())->snapshot().totals[index_of(Kind::text)].bytes, page_layout_bytes);
  EXPECT_LT(entry.pages_size, 1000u);
  EXPECT_TRUE(must(render_text(*repository, "a", "1")) == text);
}

TEST(Release, AControlCharacterInALongRecordIsRefusedWithItsRecord) {
  TestRepository repository;
  auto text = ">a\nAC\n>c\n" + wrapped(genome(2'000'000, 1), 60);
  text[1'500'000] = '\x01';
  const auto done = ingest_text(*repository, "a", "1", text);
  ASSERT_EQ(code_of(done), errc::unsupported_input);
  EXPECT_NE(message_of(done).find("record at byte 6"), std::string::npos) << message_of(done);
  EXPECT_TRUE(names_in(*repository.store, "packs/").empty());
}

TEST(Release, AHeaderLineWithoutAnEndIsRefusedBeforeItFillsMemory) {
  TestRepository repository;
  const auto done = ingest_text(*repository, "a", "1", ">" + std::string(std::size_t{66} << 20, 'x'));
  ASSERT_EQ(code_of(done), errc::unsupported_input);
  EXPECT_NE(message_of(done).find("longer than 64 MiB"), std::string::npos) << message_of(done);
}

} // namespace
} // namespace talaria

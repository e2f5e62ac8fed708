#include "sequence/header.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>
#include <utility>

namespace talaria {
namespace {

TEST(Header, AccessionOfTheHeadersInUse) {
  const std::pair<const char*, const char*> cases[] = {
      {"sp|P12345|AATM_RABIT Aspartate OS=x", "P12345"},
      {"tr|A0A022YWF9|A0A022YWF9_9EURO x", "A0A022YWF9"},
      {"gb|AB1234.2|", "AB1234.2"},
      {"gb|ACT97415.1|ARO:3002999|CblA-1", "ACT97415.1"},
      {"ref|NP_1.1| protein", "NP_1.1"},
      {"gi|1|ref|NC_1.1| chromosome", "NC_1.1"},
      {"gi|55376942:1106973-1108444 Haloarcula", "55376942:1106973-1108444"},
      {"gi|123|", "123"},
      {"pir||A25360 x", "A25360"},
      {"pdb|1ABC|A chain", "1ABC"},
      {"pat|US|RE33188|1", "RE33188"},
      {"lcl|x", "x"},
      {"gnl|DB|x y", "x"},
      {"jgi|Aspni7|1234|name", "1234"},
      {"ENA|BAA00001|BAA00001.1 x", "BAA00001.1"},
      {"UniRef90_A0A1 Cluster", "UniRef90_A0A1"},
      {"Q1MM74|GO:0005737,GO:0008652", "Q1MM74"},
      {"WP_000001.1 one\x01XP_000002.1 two", "WP_000001.1"},
      {"NC_000913.3 Escherichia coli", "NC_000913.3"},
      {"contig.12 length=5", "contig.12"},
      {"  padded name", "padded"},
      {"a\tb", "a"},
      {"", ""},
      {"   ", ""},
      {"sp|", "sp"},
      {"gi|", "gi"},
      {"|x|y", "x"},
      {"||", "||"},
  };
  for (const auto& [header, expected] : cases) EXPECT_EQ(accession(header), expected) << header;
}

TEST(Header, VersionsAreDroppedFromAccessionsOnly) {
  const std::pair<const char*, const char*> cases[] = {
      {"NP_000001.2", "NP_000001"},
      {"P12345.3", "P12345"},
      {"A0A022YWF9.1", "A0A022YWF9"},
      {"AB123456.1", "AB123456"},
      {"U12345.1", "U12345"},
      {"AAA12345.1", "AAA12345"},
      {"ABCD01000001.1", "ABCD01000001"},
      {"NZ_ABCD01000001.1", "NZ_ABCD01000001"},
      {"GCF_000001405.40", "GCF_000001405"},
      {"WP_000001.1", "WP_000001"},
      {"contig.12", "contig.12"},
      {"scaffold_1.1", "scaffold_1.1"},
      {"P12345", "P12345"},
      {"P12345.", "P12345."},
      {"P12345.x", "P12345.x"},
      {"AB123456.1.1500", "AB123456.1.1500"},
      {"P12345.0", "P12345.0"},
      {"P12345.12345", "P12345.12345"},
      {"P12345-2", "P12345-2"},
      {"ENSP00000354687.3", "ENSP00000354687.3"},
      {"MY_1.2", "MY_1.2"},
      {"", ""},
      {".", "."},
      {"1.1", "1.1"},
  };
  for (const auto& [given, expected] : cases) EXPECT_EQ(unversioned(given), expected) << given;
}

// The values are part of the repository format: they never change.
TEST(Header, KeysAreStable) {
  EXPECT_EQ(accession_key(""), 0xefd01f60ba992926u);
  EXPECT_EQ(accession_key("P12345"), 0x786312a9cf0d4f21u);
  EXPECT_EQ(accession_key("contig.12"), 0xf9f9cdde3db2c7f0u);
}

TEST(Header, VersionsOfAnAccessionShareAKey) {
  EXPECT_EQ(accession_key("P12345.3"), accession_key("P12345"));
  EXPECT_NE(accession_key("contig.12"), accession_key("contig"));
}

RC_GTEST_PROP(HeaderProperty, AccessionIsAPartOfTheHeaderAndOfItself, ()) {
  const auto header =
      *rc::gen::container<std::string>(rc::gen::elementOf(std::string("|| gisp.AB_12:\t\x01")));
  const std::string_view found = accession(header);
  RC_ASSERT(found.data() >= header.data());
  RC_ASSERT(found.data() + found.size() <= header.data() + header.size());
  RC_ASSERT(found.find(' ') == std::string_view::npos);
  const std::string_view base = unversioned(found);
  RC_ASSERT(found.substr(0, base.size()) == base);
}

} // namespace
} // namespace talaria

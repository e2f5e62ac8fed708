#include "sequence/prepare.hpp"

#include "sequence/header.hpp"
#include "sequence/layout.hpp"
#include "sequence/record.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace talaria {
namespace {

Result<PreparedPiece> prepare_text(const std::string& text, uint64_t offset = 0) {
  return prepare({RawPiece::Kind::records, offset, Buffer::copy_of(text)});
}

PreparedPiece must_prepare(const std::string& text) {
  auto prepared = prepare_text(text);
  EXPECT_TRUE(prepared) << prepared.error().message();
  return prepared ? *std::move(prepared) : PreparedPiece{};
}

std::string_view residues_of(const PreparedPiece& piece, const PreparedRecord& record) {
  return std::string_view(piece.residues).substr(record.residues_at, record.residues);
}

// The text that the prepared records stand for.
std::string text_of(const PreparedPiece& piece) {
  std::string text;
  for (auto& record : piece.records) {
    text += '>';
    text += record.header;
    auto written =
        write_body(piece.layouts.at(record.layout), residues_of(piece, record), SIZE_MAX, text);
    EXPECT_TRUE(written) << written.error().message();
  }
  return text;
}

TEST(Prepare, TakesRecordsApart) {
  const auto piece = must_prepare(">sp|P12345|X one\nMKV\nLl\n>two\r\nac-gt\r\n>\n");
  ASSERT_EQ(piece.records.size(), 3u);
  EXPECT_EQ(piece.records[0].header, "sp|P12345|X one");
  EXPECT_EQ(piece.records[1].header, "two");
  EXPECT_EQ(piece.records[2].header, "");
  EXPECT_EQ(residues_of(piece, piece.records[0]), "MKVLL");
  EXPECT_EQ(residues_of(piece, piece.records[1]), "ACGT");
  EXPECT_EQ(residues_of(piece, piece.records[2]), "");
  EXPECT_EQ(piece.records[0].digest, digest_of("MKVLL"));
  EXPECT_EQ(piece.records[2].digest, digest_of(""));
  EXPECT_EQ(piece.records[0].accession_key, accession_key("P12345"));
}

TEST(Prepare, FilesARecordUnderItsUnversionedAccession) {
  const auto piece = must_prepare(">NP_000001.2 x\nM\n>contig.12\nM\n");
  EXPECT_EQ(piece.records[0].accession_key, accession_key("NP_000001"));
  EXPECT_EQ(piece.records[1].accession_key, accession_key("contig.12"));
}

TEST(Prepare, RecordsOfAUsualFileShareOneLayout) {
  std::string text;
  for (std::size_t i = 0; i < 200; ++i) {
    text += ">r" + std::to_string(i) + "\n";
    for (std::size_t left = 61 + i * 37 % 900; left > 0; left -= std::min<std::size_t>(left, 60))
      text += std::string(std::min<std::size_t>(left, 60), 'M') + "\n";
  }
  const auto piece = must_prepare(text);
  EXPECT_EQ(piece.layouts.size(), 1u);
  EXPECT_EQ(text_of(piece), text);
}

TEST(Prepare, HeadersStayAliveWithThePiece) {
  auto prepared = prepare_text(">a header that is too long for a small string\nMKV\n");
  const PreparedPiece moved = *std::move(prepared);
  EXPECT_EQ(moved.records[0].header, "a header that is too long for a small string");
  EXPECT_EQ(moved.records[0].header.data(), moved.piece.bytes.data() + 1);
}

TEST(Prepare, AnErrorHasTheOffsetOfItsRecord) {
  const auto prepared = prepare_text(">a\nMKV\n>b\nM\x01V\n", 1000);
  ASSERT_FALSE(prepared);
  EXPECT_EQ(prepared.error().code(), errc::unsupported_input);
  EXPECT_NE(prepared.error().message().find("record at byte 1007"), std::string::npos)
      << prepared.error().message();
}

RC_GTEST_PROP(Prepare, LosesNothing, ()) {
  std::string text = ">";
  for (auto& line : *rc::gen::container<std::vector<std::string>>(
           rc::gen::element<std::string>("", "\n", "\r\n", "ACGT\n", "acgt\n", "AC-G*\r\n", "ACGTACGT\n",
                                         ">", ">x y\n", ">x\r\n", " ", "\t", "NNN")))
    text += line;
  RC_ASSERT(text_of(must_prepare(text)) == text);
}

} // namespace
} // namespace talaria

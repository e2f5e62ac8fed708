#include "sequence/splitter.hpp"

#include "sequence/record.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <functional>
#include <string>
#include <vector>

namespace talaria {
namespace {

using Kind = RawPiece::Kind;
constexpr std::size_t piece_size = FastaSplitter::piece_size;

// Returns as many bytes a read as `sizes` says, over and over.
class ScriptedInput final : public Input {
public:
  ScriptedInput(std::string bytes, std::vector<std::size_t> sizes)
      : bytes_(std::move(bytes)), sizes_(std::move(sizes)) {}

  Result<std::size_t> read(char* out, std::size_t size) override {
    const std::size_t most = sizes_.empty() ? size : sizes_[reads_++ % sizes_.size()];
    const std::size_t got = bytes_.copy(out, std::min(size, most), at_);
    at_ += got;
    return got;
  }
  std::string format() const override { return "plain"; }
  std::string name() const override { return "test.fa"; }

private:
  std::string bytes_;
  std::vector<std::size_t> sizes_;
  std::size_t at_ = 0;
  std::size_t reads_ = 0;
};

Result<std::vector<RawPiece>> split(const std::string& text, std::vector<std::size_t> sizes = {}) {
  ScriptedInput input(text, std::move(sizes));
  FastaSplitter splitter(input);
  std::vector<RawPiece> pieces;
  for (;;) {
    auto piece = splitter.next();
    if (!piece) return tl::unexpected<Error>(piece.error());
    if (!*piece) return pieces;
    pieces.push_back(std::move(**piece));
  }
}

std::string joined(const std::vector<RawPiece>& pieces) {
  std::string text;
  for (const RawPiece& piece : pieces) {
    EXPECT_EQ(piece.offset, text.size());
    text += piece.bytes.view();
  }
  return text;
}

std::vector<Kind> kinds(const std::vector<RawPiece>& pieces) {
  std::vector<Kind> result;
  for (const RawPiece& piece : pieces) result.push_back(piece.kind);
  return result;
}

// What holds for the pieces of any input.
void expect_sound(const std::vector<RawPiece>& pieces, const std::string& text) {
  EXPECT_TRUE(joined(pieces) == text);
  bool in_long = false;
  for (const RawPiece& piece : pieces) {
    const std::string_view bytes = piece.bytes.view();
    ASSERT_FALSE(bytes.empty());
    EXPECT_LE(bytes.size(), piece_size);
    const bool continues = piece.kind == Kind::long_more || piece.kind == Kind::long_end;
    EXPECT_EQ(in_long, continues);
    if (piece.kind == Kind::records || piece.kind == Kind::long_begin) {
      EXPECT_EQ(bytes[0], '>');
    }
    if (piece.kind != Kind::records && piece.kind != Kind::text) {
      EXPECT_EQ(next_record(bytes, 1), bytes.size()) << "a record begins within the piece of a long one";
    }
    in_long = piece.kind == Kind::long_begin || piece.kind == Kind::long_more;
    const std::size_t end = piece.offset + bytes.size();
    if (end < text.size()) {
      EXPECT_FALSE(text[end - 1] == '\r' && text[end] == '\n') << "cut between CR and LF";
      EXPECT_TRUE(in_long || (text[end] == '>' && text[end - 1] == '\n'));
    }
  }
  EXPECT_FALSE(in_long);
}

std::vector<RawPiece> expect_split(const std::string& text) {
  auto pieces = split(text);
  EXPECT_TRUE(pieces) << pieces.error().message();
  if (!pieces) return {};
  expect_sound(*pieces, text);
  return *pieces;
}

std::string record(const std::string& name, std::size_t residues, std::size_t width = 60,
                   const std::string& end = "\n") {
  std::string text = ">" + name + end;
  for (std::size_t at = 0; at < residues; at += width)
    text += std::string(std::min(width, residues - at), 'A') + end;
  return text;
}

void expect_refused(const std::string& text, const std::string& words, const std::string& offset = "") {
  auto pieces = split(text);
  ASSERT_FALSE(pieces) << text.substr(0, 40);
  EXPECT_EQ(pieces.error().code(), errc::unsupported_input);
  const std::string& message = pieces.error().message();
  EXPECT_NE(message.find(words), std::string::npos) << message;
  EXPECT_NE(message.find("test.fa"), std::string::npos) << message;
  EXPECT_TRUE(offset.empty() || message.find("offset " + offset) != std::string::npos) << message;
}

TEST(Splitter, ASmallFileIsOnePiece) {
  EXPECT_EQ(kinds(expect_split(">a\nACGT\n>b\n>c\nAC")), std::vector{Kind::records});
  EXPECT_EQ(kinds(expect_split(">")), std::vector{Kind::records});
}

TEST(Splitter, CommentsAndBlankLinesMayStandBeforeTheFirstRecord) {
  const auto pieces = expect_split("; made by hand\n\n \t\r\n;x > y\n>a\nACGT\n");
  EXPECT_EQ(kinds(pieces), (std::vector{Kind::text, Kind::records}));
  EXPECT_EQ(pieces[1].bytes.view(), ">a\nACGT\n");
}

TEST(Splitter, APieceEndsWhereTheLastRecordThatDoesNotFitBegins) {
  std::string text;
  while (text.size() < 3 * piece_size) text += record("r" + std::to_string(text.size()), 5000);
  const auto pieces = expect_split(text);
  ASSERT_EQ(pieces.size(), 4u);
  for (std::size_t i = 0; i + 1 < pieces.size(); ++i)
    EXPECT_GT(pieces[i].bytes.size(), piece_size - 6000);
}

TEST(Splitter, ARecordThatFillsAPieceExactlyIsNotLong) {
  for (const std::size_t more : {0, 1}) {
    const std::string first = ">a\n" + std::string(piece_size - 4 + more, 'A') + "\n";
    EXPECT_EQ(kinds(expect_split(first)),
              more == 0 ? std::vector{Kind::records} : (std::vector{Kind::long_begin, Kind::long_end}));
    const auto pieces = expect_split(first + ">b\nAC\n");
    if (more == 0)
      EXPECT_EQ(kinds(pieces), (std::vector{Kind::records, Kind::records}));
    else
      EXPECT_EQ(kinds(pieces), (std::vector{Kind::long_begin, Kind::long_end, Kind::records}));
  }
}

TEST(Splitter, ALongRecordIsCutAtLineEnds) {
  for (const char* end : {"\n", "\r\n"}) {
    const auto pieces =
        expect_split(record("a", 10) + record("big", 3 * piece_size, 60, end) + record("z", 10));
    EXPECT_EQ(kinds(pieces), (std::vector{Kind::records, Kind::long_begin, Kind::long_more,
                                          Kind::long_more, Kind::long_end, Kind::records}));
    EXPECT_EQ(pieces[1].bytes.view().back(), '\n');
    EXPECT_EQ(pieces[2].bytes.view().back(), '\n');
  }
}

TEST(Splitter, ALongLineIsCutWithinButNotBetweenCrAndLf) {
  for (std::size_t length = piece_size - 6; length < piece_size + 3; ++length)
    expect_split(">a\r\n" + std::string(length, 'A') + "\r\n>b\r\nAC\r\n");
}

TEST(Splitter, AHeaderOfTenMegabytesIsDelivered) {
  const std::string text = ">" + std::string(10 << 20, 'h') + "\nACGT\n>b\nAC\n";
  const auto pieces = expect_split(text);
  EXPECT_EQ(pieces.front().kind, Kind::long_begin);
  EXPECT_EQ(pieces.back().kind, Kind::records);
}

TEST(Splitter, AGreaterSignWithinALineBeginsNoRecord) {
  const std::string text = ">a > b\nAC>GT\nA" + std::string(2 * piece_size, '>') + "\n>c\n";
  EXPECT_EQ(kinds(expect_split(text)),
            (std::vector{Kind::long_begin, Kind::long_more, Kind::long_end, Kind::records}));
}

TEST(Splitter, AFileWithoutRecordIsRefused) {
  expect_refused("", "holds no sequence record");
  expect_refused("\n\n", "holds no sequence record");
  expect_refused("; only a comment", "holds no sequence record");
  expect_refused(std::string(3 * piece_size, '\n'), "without a sequence record");
  expect_refused(std::string(3 * piece_size, '\n') + ">a\nAC\n", "without a sequence record");
}

TEST(Splitter, OtherFormatsAreNamedWithTheOffset) {
  expect_refused("@read1\nACGT\n+\nIIII\n", "FASTQ", "0");
  expect_refused("\n\n@read1\nACGT\n", "FASTQ", "2");
  expect_refused("@HD\tVN:1.6\n", "SAM", "0");
  expect_refused("LOCUS       AB000001\n", "GenBank", "0");
  expect_refused("ID   P12345\n", "Swiss-Prot", "0");
  expect_refused("##gff-version 3\n", "GFF", "0");
  expect_refused("##fileformat=VCFv4.2\n", "VCF", "0");
  expect_refused("<!DOCTYPE html>\n", "HTML", "0");
  expect_refused("{\"a\": 1}\n", "JSON", "0");
  expect_refused("CLUSTAL W\n", "Clustal", "0");
  expect_refused("; note\nACGTACGT\n", "not FASTA", "7");
  expect_refused(std::string("\x01\x02\x00\x07", 4), "binary", "0");
  expect_refused("\xEF\xBB\xBF>a\nAC\n", "byte order mark", "0");
  expect_refused(std::string("\xFF\xFE>\0a\0", 6), "UTF-16", "0");
  expect_refused("BAM\x01 and so on", "samtools", "0");
  expect_refused("\x1F\x8B\x08 and so on", "compressed data within", "0");
  expect_refused(">a\rACGT\r>b\rAC\r", "CR alone", "2");
  std::string tar(512, '\0');
  tar.replace(0, 4, "a.fa").replace(257, 5, "ustar");
  expect_refused(tar, "archive", "0");
}

TEST(Splitter, PassesOnTheErrorsOfItsInput) {
  class Failing final : public Input {
    Result<std::size_t> read(char*, std::size_t) override { return failure(errc::io_error, "no luck"); }
    std::string format() const override { return "plain"; }
    std::string name() const override { return "x"; }
  } input;
  FastaSplitter splitter(input);
  auto piece = splitter.next();
  ASSERT_FALSE(piece);
  EXPECT_EQ(piece.error().code(), errc::io_error);
}

// Files of records of which some are longer than a piece, with all kinds of line ends.
rc::Gen<std::string> fasta() {
  return rc::gen::exec([] {
    std::string text = *rc::gen::element<std::string>("", "", "\n", ";c\r\n\n");
    const int records = *rc::gen::inRange(1, 6);
    for (int i = 0; i < records; ++i) {
      const auto residues =
          *rc::gen::oneOf(rc::gen::inRange<std::size_t>(0, 500),
                          rc::gen::inRange<std::size_t>(piece_size - 200, piece_size + 200),
                          rc::gen::inRange<std::size_t>(0, 3 * piece_size));
      const auto width = *rc::gen::element<std::size_t>(60, 1, piece_size / 2 + 5, 10 * piece_size);
      text += record(*rc::gen::element<std::string>("", "x", "a > b"), residues, width,
                     *rc::gen::element<std::string>("\n", "\r\n", "\n>"));
    }
    return text;
  });
}

RC_GTEST_PROP(SplitterProperty, PiecesDependOnTheBytesAlone, ()) {
  const std::string text = *fasta();
  const auto whole = split(text);
  RC_ASSERT(whole.has_value());
  expect_sound(*whole, text);
  const auto sizes = *rc::gen::nonEmpty(rc::gen::container<std::vector<std::size_t>>(
      rc::gen::oneOf(rc::gen::inRange<std::size_t>(500, 70000), rc::gen::just(piece_size))));
  const auto again = split(text, sizes);
  RC_ASSERT(again.has_value());
  RC_ASSERT(kinds(*again) == kinds(*whole));
  for (std::size_t i = 0; i < whole->size(); ++i) RC_ASSERT((*again)[i].bytes == (*whole)[i].bytes);
}

TEST(Record, IsSplitIntoHeaderAndBody) {
  auto parts = split_record(">a b\nAC\nGT\n");
  EXPECT_EQ(parts.header, "a b");
  EXPECT_EQ(parts.body, "AC\nGT\n");
  EXPECT_TRUE(parts.header_ended);
  EXPECT_FALSE(parts.header_crlf);
  parts = split_record(">a\r\nAC");
  EXPECT_EQ(parts.header, "a");
  EXPECT_EQ(parts.body, "AC");
  EXPECT_TRUE(parts.header_crlf);
  parts = split_record(">a\r");
  EXPECT_EQ(parts.header, "a\r");
  EXPECT_FALSE(parts.header_ended);
}

} // namespace
} // namespace talaria

#include "sequence/layout.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>
#include <vector>

namespace talaria {
namespace {

struct Body {
  std::string text;
  bool header_ended = true;
  bool header_crlf = false;
};

std::string header_end(const Body& body) {
  return !body.header_ended ? "" : body.header_crlf ? "\r\n" : "\n";
}

// Reads a body, expecting success.
ReadBody read(const Body& body, std::uint32_t& hint, std::string& residues) {
  auto result = read_body(body.text, body.header_ended, body.header_crlf, hint, residues);
  EXPECT_TRUE(result) << result.error().message();
  return result ? *result : ReadBody{};
}

std::string layout_of(const std::string& text, std::uint32_t hint = 0) {
  std::string residues;
  return read({text}, hint, residues).layout;
}

// Reads, then writes with exactly the room that is needed.
std::string round_trip(const Body& body, std::uint32_t hint = 0) {
  std::string residues = "BEFORE";
  const ReadBody result = read(body, hint, residues);
  EXPECT_EQ(residues.size(), 6 + result.residues);
  for (const char c : residues) EXPECT_TRUE(c >= 'A' && c <= 'Z') << "byte " << int{c};
  std::string out = "kept";
  const std::size_t limit = body.text.size() + header_end(body).size();
  auto written = write_body(result.layout, std::string_view(residues).substr(6), limit, out);
  EXPECT_TRUE(written) << written.error().message();
  return out;
}

void expect_round_trip(const std::string& text) {
  for (const bool crlf : {false, true})
    for (const std::uint32_t hint : {0u, 1u, 2u, 4u, 60u}) {
      const Body body{text, true, crlf};
      EXPECT_EQ(round_trip(body, hint), "kept" + header_end(body) + text);
    }
}

std::string wrapped(const std::string& residues, std::size_t width, const std::string& end = "\n") {
  std::string text;
  for (std::size_t at = 0; at < residues.size(); at += width) text += residues.substr(at, width) + end;
  return text;
}

TEST(Layout, GivesBackWhatWasRead) {
  for (const char* text : {"",
                           "\n",
                           "\n\n\n",
                           "\r\n",
                           "\r\n\r\n",
                           "\n\r\n",
                           "\r\n\n",
                           "A",
                           "A\n",
                           "A\r\n",
                           "AC\nGT\n",
                           "AC\nGT",
                           "AC\nG\n",
                           "AC\nG",
                           "AC\r\nGT\r\n",
                           "AC\r\nGT",
                           "AC\nGT\r\n",
                           "AC\r\nGT\n",
                           "A\nAC\n",
                           "AC\nA\nAC\n",
                           "AC\n\n",
                           "AC\n\n\nGT\n",
                           "\nAC\n",
                           "AC\n\r\n",
                           "AC\r\n\r\n",
                           "AC\r\n\n",
                           "acGT\n",
                           "acgt\n",
                           "ACgt\nac\n",
                           "MKV*\n",
                           "*",
                           "***\n",
                           "A-C.G\n",
                           "--AC--\n",
                           "A C\tG 1 2\n",
                           "AC\rGT\n",
                           "AC\r",
                           "\r",
                           "AC\r\r\n",
                           "A\vC\fG\n",
                           "\x80\xFF\xC3\xA9\n",
                           "ACGT\nACGT\nAC\nACGT\n",
                           "ac-gt\nAC*N\n\n",
                           ";comment\nACGT\n",
                           "AC>GT\n"})
    expect_round_trip(text);
}

TEST(Layout, ResiduesAreLettersInUpperCase) {
  std::string residues;
  std::uint32_t hint = 0;
  EXPECT_EQ(read({"acG-T*\nnN 1\n"}, hint, residues).residues, 6u);
  EXPECT_EQ(residues, "ACGTNN");
}

TEST(Layout, IsTwoBytesForLinesOfEqualWidthWhateverTheLength) {
  const std::string first = layout_of(wrapped(std::string(370, 'M'), 60));
  EXPECT_EQ(first, std::string("\x00\x3C", 2));
  for (const std::size_t length : {61, 119, 120, 121, 9999})
    EXPECT_EQ(layout_of(wrapped(std::string(length, 'K'), 60)), first);
}

TEST(Layout, AShortSequenceSharesTheLayoutOfTheLongerOnesBeforeIt) {
  std::uint32_t hint = 0;
  std::string residues;
  const std::string longer = read({wrapped(std::string(200, 'M'), 60)}, hint, residues).layout;
  EXPECT_EQ(hint, 60u);
  for (const char* text : {"", "MKV\n"}) EXPECT_EQ(read({text}, hint, residues).layout, longer);
  EXPECT_EQ(read({std::string(60, 'M') + "\n"}, hint, residues).layout, longer);
  EXPECT_NE(read({std::string(61, 'M') + "\n"}, hint, residues).layout, longer);
  EXPECT_EQ(hint, 60u);
}

TEST(Layout, SequencesOnOneLineShareALayoutWhateverTheirLength) {
  const std::string layout = layout_of("ACGT\n");
  for (const std::size_t length : {1, 100, 100000})
    EXPECT_EQ(layout_of(std::string(length, 'A') + "\n"), layout);
}

TEST(Layout, AFinalStarOrBlankLineOrLowerCaseThroughoutDependsNotOnTheLength) {
  EXPECT_EQ(layout_of("MKV*\n"), layout_of("MKVLLT*\n"));
  EXPECT_EQ(layout_of("MKV\n\n"), layout_of("MKVLLT\n\n"));
  EXPECT_EQ(layout_of("acgt\n"), layout_of("acgtacgt\n"));
}

TEST(Layout, TheHintNeverChangesTheLayoutOfSeveralLines) {
  for (const char* text : {"ACGT\nACGT\nA\n", "ACGT\nAC\nACGT\n", "AC\nGT\r\n"})
    for (std::uint32_t hint = 1; hint < 12; ++hint)
      EXPECT_EQ(layout_of(text, hint), layout_of(text)) << hint;
}

TEST(Layout, AFileThatEndsWithinAHeaderHasNoBody) {
  EXPECT_EQ(round_trip({"", false, false}), "kept");
  std::uint32_t hint = 0;
  std::string residues;
  EXPECT_FALSE(read_body("ACGT\n", false, false, hint, residues));
}

TEST(Layout, RefusesControlCharactersWithTheirOffset) {
  for (int c = 0; c < 0x20; ++c) {
    if (c >= 9 && c <= 13) continue;
    std::string residues = "KEPT";
    std::uint32_t hint = 7;
    auto result =
        read_body("ACGT\nAC" + std::string(1, static_cast<char>(c)) + "\n", true, false, hint, residues);
    ASSERT_FALSE(result) << c;
    EXPECT_EQ(result.error().code(), errc::unsupported_input);
    EXPECT_NE(result.error().message().find("offset 7"), std::string::npos) << result.error().message();
    EXPECT_EQ(residues, "KEPT");
    EXPECT_EQ(hint, 7u);
  }
}

TEST(Layout, WritesNoMoreThanTheLimit) {
  for (const char* text : {"ACGT\nAC\n", "AC-gt\n\n", "AC\n\nGT\n", "", "\n\n"}) {
    std::string residues;
    std::uint32_t hint = 0;
    const std::string layout = read({text}, hint, residues).layout;
    for (std::size_t limit = 0; limit < std::string(text).size() + 1; ++limit) {
      std::string out = "kept";
      auto written = write_body(layout, residues, limit, out);
      ASSERT_FALSE(written);
      EXPECT_EQ(written.error().code(), errc::damaged);
      EXPECT_EQ(out, "kept");
    }
  }
}

TEST(Layout, RefusesLayoutsThatDoNotFit) {
  const std::string huge = "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01";
  const std::vector<std::string> layouts = {
      "",                                           // no flags
      std::string("\x00", 1),                       // no width
      std::string("\x00\x3C\x00", 3),               // bytes left over
      std::string("\x04", 1),                       // header without end, but residues
      std::string("\x05\x00", 2),                   // header without end, but CRLF
      std::string("\x40\x00", 2),                   // no lines
      std::string("\x40\x01\x08\x00", 4),           // a line repeated no times
      std::string("\x40\x01\x06\x01", 4),           // lines for 3 characters
      std::string("\x40\x01") + huge + "\x01",      // a line of 2^63 characters
      std::string("\x40\x01\x08") + huge,           // 2^64 lines
      std::string("\xC0\x01\x08\x01\x01", 5),       // irregular and blank lines
      std::string("\x80\x3C\x00", 3),               // blank lines, but none
      "\x80\x3C" + huge,                            // 2^64 blank lines
      std::string("\x88\x3C\x01", 3),               // blank lines after a line without end
      std::string("\x10\x3C\x01\x06\x01-", 6),      // others after more residues than there are
      std::string("\x10\x3C\x01\x01\x00-", 6),      // others, but none
      std::string("\x10\x3C\x01\x01\x01A", 6),      // a letter among the others
      std::string("\x10\x3C\x01\x01\x01\n", 6),     // a line end among the others
      std::string("\x10\x3C\x01\x01\x01\0", 6),     // a control character
      std::string("\x10\x3C\x01\x01") + huge + "-", // 2^64 others
      std::string("\x20\x3C\x00", 3),               // no case
      std::string("\x20\x3C\x01\x04", 4),           // case of more residues than there are
      std::string("\x20\x3C\x02\x01\x00", 5),       // an empty run
      std::string("\x20\x3C\x7F\x01", 4),           // runs missing
  };
  for (const std::string& layout : layouts) {
    std::string out = "kept";
    auto written = write_body(layout, "ACGT", 1000, out);
    ASSERT_FALSE(written) << testing::PrintToString(layout);
    EXPECT_EQ(written.error().code(), errc::damaged);
    EXPECT_EQ(out, "kept");
  }
}

// Texts of what is hard to keep: few letters, many line ends, and everything in between.
rc::Gen<std::string> nasty_text() {
  return rc::gen::map(rc::gen::container<std::vector<std::string>>(
                          rc::gen::weightedElement<std::string>({{8, "A"},
                                                                 {4, "ACGT"},
                                                                 {4, "acgt"},
                                                                 {8, "\n"},
                                                                 {4, "\r\n"},
                                                                 {2, "\r"},
                                                                 {2, "\n\n"},
                                                                 {2, "-"},
                                                                 {1, "*"},
                                                                 {1, "N\n"},
                                                                 {1, ">"},
                                                                 {1, " "},
                                                                 {1, "\xFF"},
                                                                 {1, "---..--"},
                                                                 {2, "ACGTACGTACGTACGTACGT\n"},
                                                                 {1, "ACGTACGTACGTACGTACGT\r\n"}})),
                      [](const std::vector<std::string>& parts) {
                        std::string text;
                        for (const std::string& part : parts) text += part;
                        return text;
                      });
}

RC_GTEST_PROP(LayoutProperty, AnyTextComesBack, ()) {
  const Body body{*nasty_text(), true, *rc::gen::arbitrary<bool>()};
  const auto hint = *rc::gen::inRange<std::uint32_t>(0, 30);
  RC_ASSERT(round_trip(body, hint) == "kept" + header_end(body) + body.text);
}

RC_GTEST_PROP(LayoutProperty, WrappedTextComesBack, ()) {
  const auto width = *rc::gen::inRange<std::size_t>(1, 300);
  const auto residues = *rc::gen::container<std::string>(rc::gen::elementOf(std::string("ACGTacgtN-*")));
  std::string many;
  for (auto n = *rc::gen::inRange(1, 40); n > 0; --n) many += residues;
  std::string text = wrapped(many, width, *rc::gen::element<std::string>("\n", "\r\n"));
  text.resize(text.size() -
              *rc::gen::inRange<std::size_t>(0, std::min<std::size_t>(text.size(), 3) + 1));
  RC_ASSERT(round_trip({text}, *rc::gen::element<std::uint32_t>(0u, 60u)) == "kept\n" + text);
}

RC_GTEST_PROP(LayoutProperty, ArbitraryLayoutsStayWithinTheLimit, ()) {
  const auto layout = *rc::gen::container<std::string>(
      rc::gen::oneOf(rc::gen::arbitrary<char>(), rc::gen::inRange<char>(0, 9)));
  std::string out;
  if (auto written = write_body(layout, "ACGTACGT", 100, out); !written) {
    RC_ASSERT(written.error().code() == errc::damaged);
    RC_ASSERT(out.empty());
  }
  RC_ASSERT(out.size() <= 100u);
}

} // namespace
} // namespace talaria

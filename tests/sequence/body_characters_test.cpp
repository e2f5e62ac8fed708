#include "sequence/body_characters.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <string>

namespace talaria {
namespace {

// What `samtools faidx` takes for the characters of a body.
std::string visible(std::string_view text) {
  std::string characters;
  for (const char c : text)
    if (c > ' ' && c < '\x7F') characters += c;
  return characters;
}

struct Stored {
  std::string layout;
  std::string residues;
};

Stored stored(std::string_view body) {
  Stored s;
  std::uint32_t hint = 0;
  auto read = read_body(body, true, false, hint, s.residues);
  EXPECT_TRUE(read) << read.error().message();
  if (read) s.layout = read->layout;
  return s;
}

// The characters begin .. end, from the residues among them alone.
std::string cut(const BodyCharacters& body, std::string_view residues, uint64_t begin, uint64_t end) {
  const auto needed = body.residues_of(begin, end);
  std::string out = "kept";
  body.append(begin, end, residues.substr(needed.first, needed.count), out);
  EXPECT_EQ(out.substr(0, 4), "kept");
  return out.substr(4);
}

TEST(BodyCharacters, AreLettersInTheirCaseAndSigns) {
  const auto s = stored("acGT-N\nMK*aa\n\n");
  const auto body = BodyCharacters::open(s.layout, s.residues.size());
  ASSERT_TRUE(body);
  EXPECT_EQ(body->count(), 11u);
  EXPECT_EQ(cut(*body, s.residues, 0, 11), "acGT-NMK*aa");
  EXPECT_EQ(cut(*body, s.residues, 1, 6), "cGT-N");
  EXPECT_EQ(cut(*body, s.residues, 4, 5), "-");
  EXPECT_EQ(cut(*body, s.residues, 8, 10), "*a");
  EXPECT_EQ(cut(*body, s.residues, 3, 3), "");
}

TEST(BodyCharacters, BlanksAndOtherBytesDoNotCount) {
  const auto s = stored("AC GT\t\xC3\xA9\r\nA \r\n");
  const auto body = BodyCharacters::open(s.layout, s.residues.size());
  ASSERT_TRUE(body);
  EXPECT_EQ(body->count(), 5u);
  EXPECT_EQ(cut(*body, s.residues, 1, 5), "CGTA");
}

TEST(BodyCharacters, OfDamagedLayoutsAreRefused) {
  for (std::string layout : {"", "\x10\x3C\x01", "\xFF\x00"}) {
    const auto body = BodyCharacters::open(layout, 10);
    ASSERT_FALSE(body);
    EXPECT_EQ(body.error().code(), errc::damaged);
  }
}

RC_GTEST_PROP(BodyCharacters, AnyPartIsACutOfTheText, ()) {
  const auto text = *rc::gen::container<std::string>(
      rc::gen::elementOf(std::string("AAAACGTNacgtnn--**. \t\r\n\n\x80")));
  const auto s = stored(text);
  const auto expected = visible(text);
  const auto body = BodyCharacters::open(s.layout, s.residues.size());
  RC_ASSERT(body.has_value());
  RC_ASSERT(body->count() == expected.size());
  const auto begin = *rc::gen::inRange<std::size_t>(0, expected.size() + 1);
  const auto end = *rc::gen::inRange<std::size_t>(begin, expected.size() + 1);
  RC_ASSERT(cut(*body, s.residues, begin, end) == expected.substr(begin, end - begin));
}

} // namespace
} // namespace talaria

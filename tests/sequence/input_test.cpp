#include "sequence/input.hpp"

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <unistd.h>
#include <vector>
#include <zstd.h>

namespace talaria {
namespace {

namespace fs = std::filesystem;

// A folder of its own for each test, removed afterwards.
class InputTest : public testing::Test {
protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "talaria-input-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }

  std::string path(const std::string& name) const { return (folder_ / name).string(); }

  std::string write(const std::string& name, const std::string& bytes) const {
    std::ofstream(path(name), std::ios::binary) << bytes;
    return path(name);
  }

  // What `command` (one that reads standard input and writes standard output) makes of `bytes`; empty if
  // there is no such program.
  std::string filtered(const std::string& command, const std::string& bytes) const {
    write("in", bytes);
    const std::string line = command + " < '" + path("in") + "' > '" + path("out") + "' 2> /dev/null";
    if (std::system(line.c_str()) != 0) return "";
    std::ifstream file(path("out"), std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  fs::path folder_;
};

Result<std::string> read_all(Input& input, std::size_t step) {
  std::string all;
  std::string buffer(step, '\0');
  for (;;) {
    auto got = input.read(buffer.data(), step);
    if (!got) return tl::unexpected<Error>(got.error());
    if (*got == 0) return all;
    all.append(buffer, 0, *got);
  }
}

// The content of a file given as bytes, or the error of opening or reading it.
Result<std::string> content(const std::string& bytes, std::size_t step = 4096) {
  auto input = open_input_bytes("test.fa.x", bytes);
  if (!input) return tl::unexpected<Error>(input.error());
  return read_all(**input, step);
}

std::string format_of(const std::string& bytes) {
  auto input = open_input_bytes("test.fa.x", bytes);
  return input ? (*input)->format() : input.error().message();
}

void expect_content(const std::string& bytes, const std::string& expected) {
  for (const std::size_t step : {std::size_t{1}, std::size_t{777}, std::size_t{1} << 20}) {
    if (step == 1 && expected.size() > 100000) continue;
    auto all = content(bytes, step);
    ASSERT_TRUE(all) << all.error().message();
    EXPECT_TRUE(*all == expected) << all->size() << " bytes for " << expected.size();
  }
}

void expect_corrupt(const std::string& bytes, const std::string& words) {
  auto all = content(bytes);
  ASSERT_FALSE(all) << "read as " << all->size() << " bytes";
  EXPECT_EQ(all.error().code(), errc::corrupt_input);
  const std::string& message = all.error().message();
  EXPECT_NE(message.find(words), std::string::npos) << message;
  EXPECT_NE(message.find("test.fa.x"), std::string::npos) << message;
  EXPECT_NE(message.find("offset"), std::string::npos) << message;
  EXPECT_NE(message.find("again"), std::string::npos) << message;
}

// Text that doesn't compress to nothing.
std::string sample(std::size_t size) {
  std::string text;
  unsigned state = 1;
  while (text.size() < size) {
    text += ">r" + std::to_string(text.size()) + "\n";
    for (int i = 0; i < 120; ++i) {
      state = state * 1664525u + 1013904223u;
      text += "ACGT"[state >> 30];
      if (i % 60 == 59) text += '\n';
    }
  }
  return text;
}

struct Compressor {
  const char* format;
  const char* command;
};

class CompressedInputTest : public InputTest, public testing::WithParamInterface<Compressor> {
protected:
  std::string compressed(const std::string& text) const { return filtered(GetParam().command, text); }
};

#define SKIP_WITHOUT(bytes)                                                                             \
  if ((bytes).empty()) GTEST_SKIP() << "not installed: " << GetParam().command

TEST_P(CompressedInputTest, IsDecompressed) {
  for (const std::size_t size : {1, 1000, 3000000}) {
    const std::string text = sample(size);
    const std::string bytes = compressed(text);
    SKIP_WITHOUT(bytes);
    EXPECT_EQ(format_of(bytes), GetParam().format);
    expect_content(bytes, text);
  }
}

TEST_P(CompressedInputTest, StreamsOneAfterAnotherAreOneInput) {
  const std::string one = sample(70000);
  const std::string two = sample(300);
  const std::string bytes = compressed(one);
  SKIP_WITHOUT(bytes);
  expect_content(bytes + compressed("") + compressed(two) + bytes, one + two + one);
}

TEST_P(CompressedInputTest, OfNothingIsEmpty) {
  const std::string bytes = compressed("");
  SKIP_WITHOUT(bytes);
  expect_content(bytes, "");
}

TEST_P(CompressedInputTest, EveryTruncationIsRefused) {
  for (const std::size_t size : {100, 3000}) {
    const std::string bytes = compressed(sample(size));
    SKIP_WITHOUT(bytes);
    // Of bzip2's magic, "B" and "BZ" are text, which the splitter refuses.
    for (std::size_t n = GetParam().format == std::string("bzip2") ? 3 : 1; n < bytes.size(); ++n) {
      SCOPED_TRACE(n);
      expect_corrupt(bytes.substr(0, n), "");
    }
    expect_corrupt(bytes.substr(0, bytes.size() - 1), "truncated");
  }
}

TEST_P(CompressedInputTest, ATruncatedSecondStreamIsRefused) {
  const std::string first = compressed(sample(1000));
  SKIP_WITHOUT(first);
  const std::string second = compressed(sample(500));
  for (std::size_t n = 1; n < second.size(); ++n) {
    SCOPED_TRACE(n);
    expect_corrupt(first + second.substr(0, n), "");
  }
}

TEST_P(CompressedInputTest, AFlippedByteIsRefusedOrOfNoConsequence) {
  const std::string text = sample(3000);
  const std::string bytes = compressed(text);
  SKIP_WITHOUT(bytes);
  std::size_t refused = 0;
  for (std::size_t i = 6; i < bytes.size(); ++i) {
    std::string flipped = bytes;
    flipped[i] = static_cast<char>(flipped[i] ^ 0x10);
    auto all = content(flipped);
    if (all)
      EXPECT_TRUE(*all == text) << "byte " << i;
    else
      ++refused;
  }
  EXPECT_GE(refused, bytes.size() - 40);
}

TEST_P(CompressedInputTest, SomethingElseBehindItIsRefused) {
  const std::string bytes = compressed(sample(1000));
  SKIP_WITHOUT(bytes);
  expect_corrupt(bytes + "something else", "");
}

INSTANTIATE_TEST_SUITE_P(Formats, CompressedInputTest,
                         testing::Values(Compressor{"gzip", "gzip -c"}, Compressor{"bgzf", "bgzip -c"},
                                         Compressor{"zstd", "zstd -qc --check"},
                                         Compressor{"bzip2", "bzip2 -c"}, Compressor{"xz", "xz -c"}),
                         [](const auto& tested) { return std::string(tested.param.format); });

TEST_F(InputTest, GzipMayEndInZeros) {
  const std::string bytes = filtered("gzip -c", "ACGT\n");
  if (bytes.empty()) GTEST_SKIP() << "gzip is not installed";
  expect_content(bytes + std::string(1000000, '\0'), "ACGT\n");
  expect_corrupt(bytes + std::string(1000, '\0') + "x", "follows");
}

TEST_F(InputTest, GzipHeadersMayHoldANameAndMore) {
  write("named.fa", "ACGT\n");
  const std::string line = "gzip -c '" + path("named.fa") + "' > '" + path("named.gz") + "'";
  if (std::system(line.c_str()) != 0) GTEST_SKIP() << "gzip is not installed";
  auto input = open_input(path("named.gz"));
  ASSERT_TRUE(input);
  EXPECT_EQ(*read_all(**input, 100), "ACGT\n");
}

TEST_F(InputTest, BgzfWithoutItsEndMarkerIsTruncated) {
  const std::string bytes = filtered("bgzip -c", sample(200000));
  if (bytes.empty()) GTEST_SKIP() << "bgzip is not installed";
  expect_corrupt(bytes.substr(0, bytes.size() - 28), "truncated");
  expect_content(bytes + bytes, sample(200000) + sample(200000));
}

TEST_F(InputTest, ZstdSkippableFramesAreSkipped) {
  const std::string text = sample(1000);
  std::string frame(ZSTD_compressBound(text.size()), '\0');
  frame.resize(ZSTD_compress(frame.data(), frame.size(), text.data(), text.size(), 3));
  const std::string skippable("\x5A\x2A\x4D\x18\x03\0\0\0abc", 11);
  EXPECT_EQ(format_of(skippable + frame), "zstd");
  expect_content(skippable + frame + skippable + frame, text + text);
  expect_corrupt(frame + skippable.substr(0, 10), "truncated");
}

TEST_F(InputTest, ZstdLongWindowsAreRead) {
  ZSTD_CCtx* context = ZSTD_createCCtx();
  ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, 30);
  const std::string text = sample(1000);
  std::string frame(ZSTD_compressBound(text.size()), '\0');
  ZSTD_inBuffer from{text.data(), text.size(), 0};
  ZSTD_outBuffer to{frame.data(), frame.size(), 0};
  ASSERT_NE(ZSTD_compressStream2(context, &to, &from, ZSTD_e_continue), 1u);
  ASSERT_EQ(ZSTD_compressStream2(context, &to, &from, ZSTD_e_end), 0u);
  ZSTD_freeCCtx(context);
  frame.resize(to.pos);
  expect_content(frame, text);
}

TEST_F(InputTest, PlainBytesAreGivenAsTheyAre) {
  for (const std::size_t size : {0, 1, 1023, 1024, 1025, 262144, 1000000}) {
    const std::string text = sample(size).substr(0, size);
    expect_content(text, text);
    auto input = open_input(write("plain.fa", text));
    ASSERT_TRUE(input);
    EXPECT_EQ((*input)->format(), "plain");
    EXPECT_EQ((*input)->name(), path("plain.fa"));
    EXPECT_TRUE(*read_all(**input, 5000) == text);
  }
}

TEST_F(InputTest, StandardInputIsReadForADash) {
  const int saved = ::dup(STDIN_FILENO);
  ASSERT_NE(std::freopen(write("stdin.fa", ">a\nAC\n").c_str(), "r", stdin), nullptr);
  {
    auto input = open_input("-");
    ASSERT_TRUE(input);
    EXPECT_EQ((*input)->name(), "standard input");
    EXPECT_EQ(*read_all(**input, 100), ">a\nAC\n");
  }
  if (saved >= 0) {
    ::dup2(saved, STDIN_FILENO);
    ::close(saved);
  }
}

TEST_F(InputTest, WhatCanNotBeOpenedSaysWhy) {
  auto missing = open_input(path("nothing.fa"));
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code(), errc::not_found);
  EXPECT_NE(missing.error().message().find("nothing.fa"), std::string::npos);

  auto folder = open_input(folder_.string());
  ASSERT_FALSE(folder);
  EXPECT_EQ(folder.error().code(), errc::invalid_argument);
  EXPECT_NE(folder.error().message().find("directory"), std::string::npos);

  if (::geteuid() == 0) return; // may read all files
  fs::permissions(write("secret.fa", ">a\n"), fs::perms::none);
  auto secret = open_input(path("secret.fa"));
  ASSERT_FALSE(secret);
  EXPECT_EQ(secret.error().code(), errc::io_error);
}

TEST_F(InputTest, OtherBinaryFormatsAreNamed) {
  std::string tar(512, '\0');
  tar.replace(257, 5, "ustar");
  using namespace std::string_literals;
  const std::pair<std::string, const char*> cases[] = {
      {tar, "archive"},
      {"PK\x03\x04....", "archive"},
      {"7z\xBC\xAF\x27\x1C..", "archive"},
      {"CRAM\x03", "samtools"},
      {"\x43\x27\x41\x1A\0\0\0\0"s, "2bit"},
      {"\x89HDF\r\n\x1A\n", "HDF5"},
      {"SQLite format 3\0"s, "SQLite"},
      {"\x7F"
       "ELF\x02\x01",
       "program"},
      {"%PDF-1.4", "PDF"},
      {"\xEF\xBB\xBF>a\nAC\n", "byte order mark"},
      {"\xFF\xFE>\0a\0"s, "UTF-16"},
      {"\0\0\0\x04\0\0\0\x01\0\0\0\x05title\0\0\0"s, "BLAST"},
      {"\0\0\0\x05\0\0\0\x01\0\0\0\0\0\0\0\x05title"s, "BLAST"},
      {"\x30\x80\x30\x80\xA0\x80", "BLAST"},
      {"\0\x0C\x01\x0B\x0A\0\x0C"s, "BLAST"},
  };
  for (const auto& [bytes, what] : cases) {
    auto input = open_input_bytes("x", bytes);
    ASSERT_FALSE(input) << what;
    EXPECT_EQ(input.error().code(), errc::unsupported_input);
    EXPECT_NE(input.error().message().find(what), std::string::npos) << input.error().message();
  }
}

} // namespace
} // namespace talaria

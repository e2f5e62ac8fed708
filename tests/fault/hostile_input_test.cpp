// Input that is not what it should be: refused with nothing stored, or stored and given back byte for
// byte.
#include "tests/fault/fixture.hpp"

#include <filesystem>

namespace talaria::test {
namespace {

class HostileInput : public ProgramTest {
protected:
  void SetUp() override { make_repository(); }

  void expect_refused(const std::string& file) const {
    const auto before = files("repo").size();
    const auto outcome = run({"ingest", file, "--release", "db@1"});
    EXPECT_EQ(outcome.code, 1) << outcome.err;
    EXPECT_NE(outcome.err.find(std::filesystem::path(file).filename()), std::string::npos)
        << outcome.err;
    EXPECT_EQ(run({"releases"}).out.find("db"), std::string::npos);
    EXPECT_EQ(files("repo").size(), before);
    done({"verify"});
  }

  void expect_stored(const std::string& file, const std::string& text) const {
    done({"ingest", file, "--release", "db@1"});
    EXPECT_TRUE(done({"export", "db@1"}).out == text);
    done({"verify"});
  }

  void expect_refused_or_stored(const std::string& file, const std::string& text) const {
    const auto outcome = run({"ingest", file, "--release", "db@1"});
    if (outcome.code == 0)
      expect_stored(file, text);
    else
      expect_refused(file);
  }

  static std::string letters(std::size_t count) {
    std::string text(count, 'A');
    for (std::size_t i = 0; i < count; ++i) text[i] = "ACGT"[(i * i + i / 7) % 4];
    return text;
  }
};

constexpr std::size_t ten_million = 10'000'000;

TEST_F(HostileInput, ALineOfTenMegabytesIsStored) {
  const std::string text = ">long\n" + letters(ten_million) + "\n";
  expect_stored(write("in", text), text);
}

TEST_F(HostileInput, AHeaderOfTenMegabytesIsRefusedOrStored) {
  const std::string text = ">" + letters(ten_million) + "\nACGT\n";
  expect_refused_or_stored(write("in", text), text);
}

TEST_F(HostileInput, AnEmptyFileIsRefused) {
  expect_refused(write("in", ""));
}

TEST_F(HostileInput, ABareHeaderIsStored) {
  for (const std::string text : {">", ">\n", ">\n>\n>", ">a\n\n\n>b\n"}) {
    SCOPED_TRACE(text);
    std::filesystem::remove_all(path("repo"));
    make_repository();
    expect_stored(write("in", text), text);
  }
}

TEST_F(HostileInput, ZeroBytesAreRefusedOrStored) {
  using namespace std::string_literals;
  for (const std::string& text :
       {"\0"s, std::string(100'000, '\0'), ">a\nAC\0GT\n"s, ">a\0b\nACGT\n"s, "\0>a\nACGT\n"s}) {
    SCOPED_TRACE(testing::PrintToString(text.substr(0, 20)));
    std::filesystem::remove_all(path("repo"));
    make_repository();
    expect_refused_or_stored(write("in", text), text);
  }
}

TEST_F(HostileInput, FastqIsRefused) {
  expect_refused(write("in", "@read1\nACGT\n+\nIIII\n@read2\nACGT\n+\nIIII\n"));
}

TEST_F(HostileInput, ATextThatIsNoFastaIsRefused) {
  expect_refused(write("in", "This is not a sequence file.\n"));
}

TEST_F(HostileInput, ATruncatedGzipIsRefused) {
  write("in", fasta(2000));
  if (execute(folder(), {"gzip", "-k", "in"}).code != 0) GTEST_SKIP() << "there is no gzip";
  const auto size = std::filesystem::file_size(path("in.gz"));
  for (const auto length :
       {size - 1, size - 8, size - 9, size / 2, std::uintmax_t{12}, std::uintmax_t{2}}) {
    SCOPED_TRACE(length);
    std::filesystem::resize_file(path("in.gz"), length);
    expect_refused(path("in.gz"));
  }
}

} // namespace
} // namespace talaria::test

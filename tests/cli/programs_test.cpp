// The two programs: talaria, which reads, and talaria-full, which it becomes for all else.
#include "tests/cli/program.hpp"

#include <csignal>
#include <filesystem>
#include <thread>

namespace talaria::test {
namespace {

using TwoPrograms = ProgramTest;

TEST_F(TwoPrograms, ShowTheSameVersion) {
  const auto version = done({"version"}).out;
  EXPECT_EQ(done({"--version"}).out, version);
  const std::filesystem::path full =
      std::filesystem::path(TALARIA_PROGRAM).parent_path() / "talaria-full";
  ASSERT_TRUE(std::filesystem::exists(full));
  const auto out = path("version");
  ASSERT_EQ(std::system((full.string() + " --version > " + out).c_str()), 0);
  EXPECT_EQ(read("version"), version);
}

TEST_F(TwoPrograms, ReadAlikeWhateverTheCodec) {
  done({"init"});
  const auto input = write("in.fasta", fasta(200, 1));
  for (const char* codec : {"zstd", "dense", "lz4", "gzip", "none"}) {
    const std::string release = std::string("db@") + codec;
    const auto text = ">" + std::string(codec) + " first\nACDEFGHIKLMNPQRSTVWY\n" + read("in.fasta");
    done({"ingest", write("in2.fasta", text), "--release", release, "--codec", codec});
    EXPECT_EQ(done({"get", codec, "--release", release}).out,
              ">" + std::string(codec) + " first\nACDEFGHIKLMNPQRSTVWY\n");
  }
}

TEST_F(TwoPrograms, TheOneThatReadsSaysThatTheOtherIsMissing) {
  const auto alone = path("talaria");
  std::filesystem::copy_file(TALARIA_PROGRAM, alone);
  ASSERT_EQ(std::system((alone + " version > " + path("out")).c_str()), 0);
  const auto status =
      std::system((alone + " init --repo " + path("repo") + " 2> " + path("err")).c_str());
  EXPECT_EQ(WEXITSTATUS(status), 1);
  EXPECT_NE(read("err").find("talaria-full"), std::string::npos) << read("err");
}

TEST_F(TwoPrograms, WrongUseOfACommandThatReadsIsExplained) {
  const auto outcome = run({"get", "--no-such-option", "ID"});
  EXPECT_EQ(outcome.code, 2);
  EXPECT_NE(outcome.err.find("talaria get --help"), std::string::npos) << outcome.err;
}

} // namespace
} // namespace talaria::test

// Where the program takes its settings from: flags over environment over file over defaults.
//
// A setting shows by what the program refuses: a wrong value in a source that is overridden still
// counts, so the tests use values that are right alone and wrong together (the level on the codec).
#include "tests/cli/program.hpp"

namespace talaria::test {
namespace {

using SettingsOfProgram = ProgramTest;

TEST_F(SettingsOfProgram, AWrongValueNamesItsSource) {
  make_repository();
  const auto file = write("bad.yaml", "threads: 1\nmemory: lots\n");
  const auto from_file = run({"stats", "--config", file});
  EXPECT_EQ(from_file.code, 2);
  EXPECT_NE(from_file.err.find("bad.yaml:2:"), std::string::npos) << from_file.err;
  const auto from_environment = run({"stats"}, "/dev/null", {{"TALARIA_MEMORY", "lots"}});
  EXPECT_EQ(from_environment.code, 2);
  EXPECT_NE(from_environment.err.find("TALARIA_MEMORY"), std::string::npos) << from_environment.err;
  const auto from_flag = run({"stats", "--memory", "lots"});
  EXPECT_EQ(from_flag.code, 2);
  EXPECT_NE(from_flag.err.find("--memory"), std::string::npos) << from_flag.err;
  const auto wait = run({"stats", "--wait", "soon", "--json"});
  EXPECT_EQ(wait.code, 2);
  EXPECT_NE(wait.error()["message"].get<std::string>().find("--wait"), std::string::npos);
}

TEST_F(SettingsOfProgram, AFlagOverridesTheEnvironmentWhichOverridesTheFile) {
  make_repository();
  // gzip knows the levels 0 to 3.
  const auto file = write("gzip.yaml", "codec: gzip\n");
  EXPECT_EQ(run({"stats", "--config", file}, "/dev/null", {{"TALARIA_LEVEL", "9"}}).code, 2);
  EXPECT_EQ(
      run({"stats", "--config", file}, "/dev/null", {{"TALARIA_LEVEL", "9"}, {"TALARIA_CODEC", "zstd"}})
          .code,
      0);
  EXPECT_EQ(run({"stats", "--config", file, "--level", "3"}, "/dev/null", {{"TALARIA_LEVEL", "9"}}).code,
            0);
  EXPECT_EQ(run({"stats", "--config", file, "--codec", "gzip"}, "/dev/null",
                {{"TALARIA_LEVEL", "9"}, {"TALARIA_CODEC", "zstd"}})
                .code,
            2);
}

TEST_F(SettingsOfProgram, TheFileAndTheRepositoryMayComeFromTheEnvironment) {
  make_repository();
  const auto file = write("bad.yaml", "thread: 1\n");
  const auto outcome = run({"stats"}, "/dev/null", {{"TALARIA_CONFIG", file}});
  EXPECT_EQ(outcome.code, 2);
  EXPECT_NE(outcome.err.find("threads"), std::string::npos);
  EXPECT_EQ(Program(folder(), {"stats"}, {{"TALARIA_REPO", path("repo")}}).wait().code, 0);
  EXPECT_EQ(
      Program(folder(), {"stats", "--repo", path("none")}, {{"TALARIA_REPO", path("repo")}}).wait().code,
      10);
}

TEST_F(SettingsOfProgram, TheRepositoryIsTalariaRepoByDefault) {
  EXPECT_EQ(Program(folder(), {"init"}).wait().code, 0);
  EXPECT_FALSE(files("talaria-repo").empty());
  EXPECT_EQ(Program(folder(), {"stats"}).wait().code, 0);
}

TEST_F(SettingsOfProgram, OptionsMayStandBeforeAndAfterTheCommand) {
  make_repository();
  EXPECT_EQ(Program(folder(), {"--repo", "repo", "stats", "--json"}).wait().code, 0);
  EXPECT_EQ(Program(folder(), {"--json", "stats", "--repo", "repo"}).wait().code, 0);
  EXPECT_EQ(Program(folder(), {"chunk", "--json", "list", "--repo", "repo"}).wait().code, 0);
}

TEST_F(SettingsOfProgram, EverySettingIsAFlag) {
  make_repository();
  done({"ingest",       write("db.fasta", fasta(20)),
        "--release",    "db@1",
        "--memory",     "256MiB",
        "--cache",      "64MiB",
        "--block-size", "16KiB",
        "--pack-size",  "1MiB",
        "--page-chain", "2",
        "--codec",      "zstd",
        "--level",      "-3",
        "--wait",       "0.5"});
  EXPECT_EQ(done({"export", "db"}).out, fasta(20));
}

} // namespace
} // namespace talaria::test

// remove and gc as a user sees them: what they say, their exit codes, and what is left.
#include "tests/cli/program.hpp"

#include <filesystem>

namespace talaria::test {
namespace {

class RemovalCommands : public ProgramTest {
protected:
  void SetUp() override {
    make_repository();
    ingest("1", fasta(100));
    ingest("2", fasta(100) + fasta(40, 2));
  }

  void ingest(const std::string& version, const std::string& text) const {
    done({"ingest", write(version + ".fasta", text), "--release", "db@" + version});
  }

  std::uint64_t bytes() const { return done({"stats", "--json"}).json().at("repository_bytes"); }
};

TEST_F(RemovalCommands, TakeAReleaseOutAndFreeItsSpace) {
  const auto said = done({"remove", "db@2"});
  EXPECT_NE(said.out.find("removed db@2"), std::string::npos) << said.out;
  EXPECT_NE(said.out.find("talaria gc"), std::string::npos) << said.out;
  EXPECT_EQ(run({"export", "db@2"}).code, 1);
  const auto before = bytes();
  const auto dry = done({"gc", "--dry-run"});
  EXPECT_NE(dry.out.find("would be freed"), std::string::npos) << dry.out;
  EXPECT_EQ(bytes(), before);
  const auto collected = done({"gc", "--json"}).json();
  EXPECT_EQ(collected.at("packs_dropped"), 1);
  EXPECT_EQ(collected.at("packs_kept"), 1);
  EXPECT_EQ(collected.at("bytes_before"), before);
  EXPECT_EQ(collected.at("bytes_after"), bytes());
  EXPECT_LT(bytes(), before);
  EXPECT_EQ(done({"export", "db@1"}).out, fasta(100));
  done({"verify"});
}

TEST_F(RemovalCommands, AskForTheVersion) {
  const auto outcome = run({"remove", "db"});
  EXPECT_EQ(outcome.code, 2);
  EXPECT_NE(outcome.err.find("NAME@VERSION"), std::string::npos) << outcome.err;
  EXPECT_EQ(done({"releases", "--json"}).json().at("releases").size(), 2U);
}

TEST_F(RemovalCommands, RemoveAllThatAreNamedOrNone) {
  EXPECT_EQ(run({"remove", "db@1", "db@3"}).code, 1);
  EXPECT_EQ(done({"releases", "--json"}).json().at("releases").size(), 2U);
  const auto removed = done({"remove", "db@1", "db@2", "--json"}).json().at("removed");
  ASSERT_EQ(removed.size(), 2U);
  EXPECT_EQ(removed[0].at("version"), "1");
  done({"gc"});
  EXPECT_TRUE(files("repo/packs").empty());
  EXPECT_EQ(done({"stats", "--json"}).json().at("chunks"), 0);
}

TEST_F(RemovalCommands, RewriteAsTheShareSays) {
  done({"remove", "db@1"});
  ingest("3", fasta(100).substr(0, fasta(100).find("\n>", 4000) + 1));
  done({"remove", "db@2"});
  EXPECT_EQ(done({"gc", "--dead-share", "100", "--json"}).json().at("packs_rewritten"), 0);
  EXPECT_EQ(done({"gc", "--dead-share", "10%", "--json"}).json().at("packs_rewritten"), 1);
  EXPECT_EQ(done({"gc", "--dead-share", "0", "--json"}).json().at("chunks"), 0);
  done({"verify"});
  for (const char* wrong : {"-1", "101", "x", ""}) {
    const auto outcome = run({"gc", "--dead-share", wrong});
    EXPECT_EQ(outcome.code, 2) << wrong;
    EXPECT_NE(outcome.err, "");
  }
}

TEST_F(RemovalCommands, FreeChunksThatWereRemoved) {
  const auto digest = done({"chunk", "put", write("bytes", "some bytes")}).out.substr(0, 64);
  done({"chunk", "remove", digest});
  EXPECT_EQ(done({"gc", "--json"}).json().at("chunks"), 1);
  EXPECT_EQ(run({"chunk", "get", digest}).code, 1);
  done({"verify"});
}

TEST_F(RemovalCommands, OfTheSampleLeaveTheOthers) {
  const std::string sample = TALARIA_SOURCE_DIR "/examples/sample";
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(sample)) {
    const std::string name = entry.path().filename();
    if (name.find(".fa") == std::string::npos) continue;
    done({"ingest", entry.path(), "--release", "sample@" + std::to_string(names.size())});
    names.push_back(entry.path());
  }
  ASSERT_GE(names.size(), 2U);
  const auto kept = "sample@" + std::to_string(names.size() - 1);
  const auto text = done({"export", kept}).out;
  for (std::size_t i = 0; i + 1 < names.size(); ++i) {
    done({"remove", "sample@" + std::to_string(i)});
    done({"gc", "--dead-share", "0"});
    EXPECT_TRUE(done({"export", kept}).out == text);
    done({"verify"});
  }
}

} // namespace
} // namespace talaria::test

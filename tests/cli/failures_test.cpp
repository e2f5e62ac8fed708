// What the program says and leaves behind when something fails: exit codes, messages, files.
#include "tests/cli/program.hpp"

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <memory>
#include <thread>

namespace talaria::test {
namespace {

using Failures = ProgramTest;

// Flips a byte in the middle of the first file of a folder of the repository.
void damage(const std::string& file) {
  std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
  const auto middle = static_cast<std::streamoff>(std::filesystem::file_size(file) / 3);
  stream.seekg(middle);
  const auto byte = static_cast<char>(stream.get());
  stream.seekp(middle);
  stream.put(static_cast<char>(byte ^ 0x20));
}

TEST_F(Failures, NoRepositoryIs10) {
  for (const Arguments& command :
       std::vector<Arguments>{{"stats"},
                              {"releases"},
                              {"verify"},
                              {"rebuild"},
                              {"export", "db"},
                              {"get", "P1"},
                              {"chunk", "list"},
                              {"ingest", write("f", fasta(1)), "--release", "a@1"}}) {
    const auto outcome = run(command);
    EXPECT_EQ(outcome.code, 10) << command[0];
    EXPECT_NE(outcome.err.find("talaria init"), std::string::npos) << outcome.err;
  }
  EXPECT_EQ(run({"stats", "--json"}).error()["code"], "no_repository");
  EXPECT_FALSE(std::filesystem::exists(path("repo")));
}

TEST_F(Failures, WrongUsageIs2) {
  make_release();
  for (const Arguments& arguments :
       std::vector<Arguments>{{},
                              {"chunk"},
                              {"unknown"},
                              {"stats", "--unknown"},
                              {"stats", "extra"},
                              {"ingest"},
                              {"ingest", path("db.fasta")},
                              {"ingest", path("db.fasta"), "--release", "db"},
                              {"ingest", path("db.fasta"), "--release", "@1"},
                              {"ingest", path("db.fasta"), "--release", "db@"},
                              {"ingest", path("db.fasta"), "--release", "d b@1"},
                              {"export"},
                              {"export", "db@"},
                              {"export", "db", "-o", folder()},
                              {"get"},
                              {"get", "P00001", "--release", "db@"},
                              {"rebuild", "extra"},
                              {"verify", "--sample", "0"},
                              {"verify", "--sample", "101%"},
                              {"verify", "--sample", "some"},
                              {"verify", "--sample", "5%", "--quick"},
                              {"chunk", "get", "abc"},
                              {"chunk", "remove", "abc"},
                              {"chunk", "put"},
                              {"chunk", "put", "-", "-"},
                              {"chunk", "put", folder()},
                              {"stats", "--memory", "lots"}}) {
    const auto outcome = run(arguments);
    EXPECT_EQ(outcome.code, 2) << testing::PrintToString(arguments) << outcome.err;
    EXPECT_EQ(outcome.out, "") << testing::PrintToString(arguments);
    EXPECT_NE(outcome.err, "") << testing::PrintToString(arguments);
  }
  EXPECT_EQ(run({"--json"}).error()["code"], "invalid_argument");
  EXPECT_EQ(run({"unknown", "--json"}).error()["code"], "invalid_argument");
}

TEST_F(Failures, AnExistingRepositoryIsNotMadeAgain) {
  make_release();
  const auto before = files("repo");
  EXPECT_EQ(run({"init"}).code, 1);
  EXPECT_EQ(files("repo"), before);
}

TEST_F(Failures, WhatIsNotThereIs1) {
  make_release();
  EXPECT_EQ(run({"export", "nodb"}).code, 1);
  EXPECT_EQ(run({"export", "db@2", "--json"}).error()["code"], "not_found");
  EXPECT_EQ(run({"ingest", path("none.fasta"), "--release", "x@1"}).code, 1);
  EXPECT_EQ(run({"get", "--ids", path("none")}).code, 1);
  EXPECT_EQ(run({"chunk", "put", path("none")}).code, 1);
  EXPECT_EQ(run({"chunk", "get", std::string(64, 'a')}).code, 1);
  EXPECT_EQ(run({"stats", "--config", path("none")}).code, 1);
}

TEST_F(Failures, WhatIsNotFastaIsRefusedAndNothingIsStored) {
  make_repository();
  const auto before = files("repo");
  const auto whole = write("whole.fasta", fasta(2000));
  ASSERT_EQ(std::system(("gzip -k '" + whole + "'").c_str()), 0);
  const auto packed = read("whole.fasta.gz");
  std::string binary;
  for (int i = 0; i < 100'000; ++i) binary += static_cast<char>(i * 7919 >> 3);
  for (const auto& file :
       {write("reads.fastq", "@read1\nACGT\n+\nIIII\n@read2\nACGT\n+\nIIII\n"), write("binary", binary),
        write("cut.gz", packed.substr(0, packed.size() / 2)), write("empty", ""), write("blank", "\n\n"),
        write("prose.txt", "It was a dark and stormy night.\n")}) {
    const auto outcome = run({"ingest", file, "--release", "db@1"});
    EXPECT_EQ(outcome.code, 1) << file;
    EXPECT_NE(outcome.err.find(std::filesystem::path(file).filename()), std::string::npos)
        << outcome.err;
    EXPECT_EQ(files("repo"), before) << file;
  }
  EXPECT_EQ(run({"ingest", folder(), "--release", "db@1"}).code, 2);
  EXPECT_EQ(done({"releases", "--json"}).json()["releases"].size(), 0u);
}

TEST_F(Failures, ASecondWriterIsLockedOutUnlessItWaits) {
  make_repository();
  Fifo fifo(path("pipe"));
  auto first = start({"ingest", path("pipe"), "--release", "slow@1"});
  fifo.write(more_than_buffers());
  const auto file = write("db.fasta", fasta(50));

  const auto refused = run({"ingest", file, "--release", "db@1", "--json"});
  EXPECT_EQ(refused.code, 11);
  EXPECT_EQ(refused.error()["code"], "locked");
  EXPECT_EQ(run({"chunk", "put", file}).code, 11);
  EXPECT_EQ(run({"rebuild"}).code, 11);
  EXPECT_EQ(run({"rebuild", "--dry-run"}).code, 0);
  EXPECT_EQ(done({"releases", "--json"}).json()["releases"].size(), 0u) << "readers never wait";

  auto second = start({"ingest", file, "--release", "db@1", "--wait", "50"});
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  fifo.close();
  EXPECT_EQ(first->wait().code, 0);
  const auto waited = second->wait();
  EXPECT_EQ(waited.code, 0) << waited.err;
  EXPECT_EQ(done({"releases", "--json"}).json()["releases"].size(), 2u);
}

class Interrupted : public ProgramTest, public testing::WithParamInterface<int> {};

TEST_P(Interrupted, AnIngestFromAPipeEndsWith130AndLeavesNothing) {
  make_release();
  const auto before = files("repo");
  Fifo fifo(path("pipe"));
  auto program = start({"ingest", path("pipe"), "--release", "slow@1", "--pack-size", "1MiB"});
  fifo.write(more_than_buffers());
  program->signal(GetParam());
  const auto outcome = program->wait();
  EXPECT_EQ(outcome.code, 130) << outcome.err;
  EXPECT_NE(outcome.err.find("interrupted"), std::string::npos);
  EXPECT_EQ(files("repo"), before);
  EXPECT_EQ(done({"verify", "--json"}).json()["ok"], true);
  EXPECT_EQ(done({"releases", "--json"}).json()["releases"].size(), 1u);
}

INSTANTIATE_TEST_SUITE_P(Signals, Interrupted, testing::Values(SIGINT, SIGTERM));

TEST_F(Failures, AnInterruptedIngestIsNotTakenForAWholeFile) {
  // The store sees the end of its input; the content so far is that of a release it has.
  make_repository();
  const auto text = more_than_buffers();
  done({"ingest", write("db.fasta", text), "--release", "db@1"});
  Fifo fifo(path("pipe"));
  auto program = start({"ingest", path("pipe"), "--release", "db@2"});
  fifo.write(text);
  program->signal(SIGINT);
  EXPECT_EQ(program->wait().code, 130);
  EXPECT_EQ(done({"releases", "--json"}).json()["releases"].size(), 1u);
}

TEST_F(Failures, AnIngestThatWaitsForAWriterCanBeInterrupted) {
  make_repository();
  Fifo fifo(path("pipe"));
  auto program = start({"ingest", path("pipe"), "--release", "slow@1", "--json"});
  // Nobody ever opens the pipe for writing.
  std::this_thread::sleep_for(std::chrono::milliseconds(500));
  program->signal(SIGINT);
  const auto outcome = program->wait();
  EXPECT_EQ(outcome.code, 130);
  EXPECT_EQ(outcome.error()["code"], "cancelled");
}

TEST_F(Failures, DamageIsFoundNamedAndNeverExported) {
  make_release();
  const auto packs = files("repo/packs");
  ASSERT_FALSE(packs.empty());
  for (const auto& pack : packs) damage(pack);

  const auto verify = run({"verify", "--json"});
  EXPECT_EQ(verify.code, 3);
  EXPECT_EQ(verify.json()["ok"], false);
  const auto damages = verify.json()["damages"];
  EXPECT_TRUE(std::any_of(damages.begin(), damages.end(), [](const auto& damage) {
    return damage["releases"] == nlohmann::json{"db@1"};
  })) << damages;
  const auto plain = run({"verify"});
  EXPECT_EQ(plain.code, 3);
  EXPECT_NE(plain.out.find("DAMAGED"), std::string::npos);
  EXPECT_NE(plain.out.find("db@1"), std::string::npos);

  const auto exported = run({"export", "db", "-o", path("out.fasta"), "--json"});
  EXPECT_EQ(exported.code, 3);
  EXPECT_EQ(exported.error()["code"], "damaged");
  for (const auto& file : files(".")) EXPECT_EQ(file.find("out.fasta"), std::string::npos) << file;
  EXPECT_EQ(run({"export", "db"}).code, 3);
  EXPECT_EQ(run({"get", "P00001"}).code, 3);
}

TEST_F(Failures, AFailedExportKeepsTheOldFile) {
  make_release();
  write("out.fasta", "old");
  EXPECT_EQ(run({"export", "db@7", "-o", path("out.fasta")}).code, 1);
  EXPECT_EQ(read("out.fasta"), "old");
  EXPECT_EQ(run({"export", "db", "-o", path("no/such/folder/out.fasta")}).code, 1);
}

TEST_F(Failures, AFullDiskIsSaid) {
  make_release();
  for (const Arguments& command :
       std::vector<Arguments>{{"export", "db"}, {"stats"}, {"get", "P00001"}}) {
    Arguments arguments{"--repo", path("repo")};
    arguments.insert(arguments.end(), command.begin(), command.end());
    const auto outcome = Program(folder(), arguments, {}, "/dev/null", "/dev/full").wait();
    EXPECT_EQ(outcome.code, 1) << command[0];
    EXPECT_NE(outcome.err.find("standard output"), std::string::npos) << outcome.err;
  }
}

TEST_F(Failures, AReaderThatLeavesEndsTheProgramQuietly) {
  make_repository();
  done({"ingest", write("db.fasta", fasta(20'000)), "--release", "db@1"});
  const std::string command = "'" TALARIA_PROGRAM "' --repo '" + path("repo") + "' export db 2>'" +
                              path("err") + "' | head -c 10 > '" + path("head") + "'";
  EXPECT_EQ(std::system(command.c_str()), 0);
  EXPECT_EQ(read("head").size(), 10u);
  EXPECT_EQ(read("err"), "");
}

} // namespace
} // namespace talaria::test

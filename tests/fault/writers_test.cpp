// Several processes on one repository: one writes, any number read.
#include "tests/fault/fixture.hpp"

#include <chrono>
#include <csignal>

namespace talaria::test {
namespace {

using Clock = std::chrono::steady_clock;

class Writers : public FaultTest {
protected:
  void SetUp() override { make_first_release(); }
};

TEST_F(Writers, ASecondOneIsTurnedAwayAtOnce) {
  Fifo fifo(path("fifo"));
  const auto writer = start({"ingest", path("fifo"), "--release", "slow@1"});
  fifo.write(more_than_buffers());
  const auto before = Clock::now();
  const auto outcome = run(ingest_second());
  EXPECT_LT(Clock::now() - before, std::chrono::seconds(5));
  EXPECT_EQ(outcome.code, 11);
  EXPECT_NE(outcome.err, "");
  fifo.close();
  EXPECT_EQ(writer->wait().code, 0);
  EXPECT_EQ(releases(), (std::vector<std::string>{"db@1", "slow@1"}));
}

TEST_F(Writers, ASecondOneThatWaitsComesNext) {
  Fifo fifo(path("fifo"));
  const auto writer = start({"ingest", path("fifo"), "--release", "slow@1"});
  fifo.write(more_than_buffers());
  auto command = ingest_second();
  command.insert(command.end(), {"--wait", "20"});
  const auto next = start(command);
  fifo.close();
  EXPECT_EQ(writer->wait().code, 0);
  const auto outcome = next->wait();
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(releases(), (std::vector<std::string>{"db@1", "slow@1", "db@2"}));
  expect_exports("db@2", second());
}

TEST_F(Writers, OneThatIsKilledFreesTheLockAtOnce) {
  Fifo fifo(path("fifo"));
  const auto writer = start({"ingest", path("fifo"), "--release", "slow@1"});
  fifo.write(more_than_buffers());
  EXPECT_EQ(run(ingest_second()).code, 11);
  writer->signal(SIGKILL);
  EXPECT_EQ(writer->wait().code, 128 + SIGKILL);
  expect_survived();
}

// Of many that start at once, each succeeds if it waits.
TEST_F(Writers, ManyTakeTurns) {
  std::vector<std::unique_ptr<Program>> writers;
  for (int i = 0; i < 6; ++i) {
    const auto name = "w" + std::to_string(i);
    writers.push_back(
        start({"ingest", write(name, fasta(100 + i, i + 3)), "--release", name + "@1", "--wait", "50"}));
  }
  for (const auto& writer : writers) {
    const auto outcome = writer->wait();
    EXPECT_EQ(outcome.code, 0) << outcome.err;
  }
  EXPECT_EQ(releases().size(), 7U);
  for (int i = 0; i < 6; ++i) expect_exports("w" + std::to_string(i) + "@1", fasta(100 + i, i + 3));
  expect_sound();
}

TEST_F(Writers, DoNotDisturbReaders) {
  constexpr int rounds = 5;
  constexpr int readers = 20;
  struct Reader {
    std::unique_ptr<Program> program;
    std::string expected; // empty: anything
  };
  std::vector<std::string> stored{first()};
  const auto start_of = first().find(">sp|P00007|");
  const std::string seventh = first().substr(start_of, first().find('>', start_of + 1) - start_of);
  const auto read_something = [&](int i) -> Reader {
    const auto which = static_cast<std::size_t>(i) % stored.size();
    if (i % 3 == 1) return {start({"get", "P00007", "--release", "db@1"}), seventh};
    if (i % 3 == 2) return {start({"releases"}), ""};
    return {start({"export", "db@" + std::to_string(which + 1)}), stored[which]};
  };
  for (int round = 0; round < rounds; ++round) {
    const std::string text = fasta(150, 1) + fasta(3000, round + 5);
    std::vector<Reader> reading;
    for (int i = 0; i < readers / 2; ++i) reading.push_back(read_something(i));
    const auto writer = start(
        {"ingest", write("next.fasta", text), "--release", "db@" + std::to_string(stored.size() + 1)});
    for (int i = readers / 2; i < readers; ++i) reading.push_back(read_something(i));
    for (auto& reader : reading) {
      const auto outcome = reader.program->wait();
      EXPECT_EQ(outcome.code, 0) << outcome.err;
      EXPECT_TRUE(reader.expected.empty() || outcome.out == reader.expected);
    }
    const auto outcome = writer->wait();
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    stored.push_back(text);
  }
  for (std::size_t i = 0; i < stored.size(); ++i)
    expect_exports("db@" + std::to_string(i + 1), stored[i]);
  done({"verify"});
}

} // namespace
} // namespace talaria::test

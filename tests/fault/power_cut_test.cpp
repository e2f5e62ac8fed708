// A power cut on a real file system: what was not made durable is gone, in whatever order the file
// system wrote.
#include "tests/fault/fixture.hpp"

#include <array>
#include <cstdint>
#include <fcntl.h>
#include <filesystem>
#include <string>
#include <sys/ioctl.h>
#include <unistd.h>
#include <vector>

namespace talaria::test {
namespace {

// XFS_IOC_GOINGDOWN, which ext4 knows too; 2: without writing the log.
constexpr unsigned long shutdown_request = 0x8004587d;
constexpr std::uint32_t without_log = 2;

class PowerCut : public FaultTest, public testing::WithParamInterface<const char*> {
protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "only root may mount";
    write("image", "");
    std::filesystem::resize_file(path("image"), std::uintmax_t{320} << 20); // the least that XFS takes
    if (execute(folder(), {std::string("mkfs.") + GetParam(), "-q", path("image")}).code != 0)
      GTEST_SKIP() << "there is no mkfs." << GetParam();
    if (!mount()) GTEST_SKIP() << "cannot mount an image";
  }

  bool mount() { return disk_.mount({"-o", "loop", path("image")}); }

  // From here on, everything on the file system fails.
  void cut_power() const {
    const int fd = ::open(path("repo").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    ASSERT_GE(fd, 0);
    std::uint32_t flags = without_log;
    const int code = ::ioctl(fd, shutdown_request, &flags);
    ::close(fd);
    ASSERT_EQ(code, 0);
  }

  void power_up() {
    disk_.unmount();
    ASSERT_TRUE(mount());
  }

  const std::string text_ = fasta(300);

private:
  Mount disk_{path("repo")};
};

TEST_P(PowerCut, AfterAnIngestLosesNothing) {
  make_repository();
  done({"ingest", write("db.fasta", text_), "--release", "db@1"});
  cut_power();
  power_up();
  EXPECT_EQ(releases(), std::vector<std::string>{"db@1"});
  expect_exports("db@1", text_);
  done({"verify"});
}

TEST_P(PowerCut, AfterInitLeavesARepository) {
  make_repository();
  cut_power();
  power_up();
  EXPECT_TRUE(releases().empty());
}

TEST_P(PowerCut, AfterAChunkPutLosesNothing) {
  make_repository();
  const auto said = done({"chunk", "put", write("bytes", text_)}).out;
  cut_power();
  power_up();
  EXPECT_TRUE(done({"chunk", "get", said.substr(0, 64)}).out == text_);
}

TEST_P(PowerCut, AmidAnIngestLeavesWhatWasThere) {
  make_repository();
  done({"ingest", write("db.fasta", text_), "--release", "db@1"});
  const std::string second = more_than_buffers();
  {
    Fifo fifo(path("fifo"));
    const auto writer = start({"ingest", path("fifo"), "--release", "db@2"});
    fifo.write(second);
    cut_power();
    fifo.close();
    const auto outcome = writer->wait();
    EXPECT_EQ(outcome.code, 1);
    EXPECT_NE(outcome.err, "");
  }
  power_up();
  EXPECT_EQ(releases(), std::vector<std::string>{"db@1"});
  expect_exports("db@1", text_);
  done({"verify"});
  done({"ingest", write("second.fasta", second), "--release", "db@2"});
  expect_exports("db@2", second);
  done({"verify"});
  EXPECT_EQ(object_counts().at(".tmp"), 0U);
}

// Each time the power goes a little later, from the first write to after the commit.
TEST_P(PowerCut, AtAnyMomentLeavesAWholeRepository) {
  make_repository();
  done({"ingest", write("db.fasta", text_), "--release", "db@1"});
  for (int round = 0; round < 8; ++round) {
    SCOPED_TRACE(round);
    const std::string release = "other@" + std::to_string(round);
    const std::string text = fasta(2000, round + 2);
    {
      const auto writer = start({"ingest", write("other.fasta", text), "--release", release});
      ::usleep(static_cast<useconds_t>(20'000 + 10'000 * round));
      cut_power();
      writer->wait(); // however it ends
    }
    power_up();
    expect_exports("db@1", text_);
    done({"verify"});
    done({"ingest", path("other.fasta"), "--release", release});
    expect_exports(release, text);
  }
}

// A removal and a collection that answered have happened; what they left is whole.
TEST_P(PowerCut, AfterACollectionLosesNothing) {
  make_repository();
  done({"ingest", write("db.fasta", text_), "--release", "db@1"});
  done({"ingest", write("other.fasta", fasta(2000, 2)), "--release", "other@1"});
  done({"remove", "other@1"});
  done({"gc"});
  cut_power();
  power_up();
  EXPECT_EQ(releases(), std::vector<std::string>{"db@1"});
  expect_exports("db@1", text_);
  done({"verify"});
}

// Half of each pack is needed, so a collection writes packs and segments anew and removes the old ones.
TEST_P(PowerCut, AtAnyMomentOfACollectionLosesNoRelease) {
  make_repository();
  const auto kept = fasta(1500, 2);
  for (int round = 0; round < 6; ++round) {
    SCOPED_TRACE(round);
    const auto gone = fasta(1500, round + 20);
    done({"ingest", write("both.fasta", kept + gone), "--release", "both@1"});
    done({"ingest", write("db.fasta", kept), "--release", "db@" + std::to_string(round)});
    done({"remove", "both@1"});
    {
      const auto collector = start({"gc"});
      ::usleep(static_cast<useconds_t>(10'000 + 6'000 * round));
      cut_power();
      collector->wait(); // however it ends
    }
    power_up();
    done({"verify"});
    for (int release = 0; release <= round; ++release)
      expect_exports("db@" + std::to_string(release), kept);
    done({"gc"});
    done({"verify"});
    expect_exports("db@0", kept);
  }
}

// Page files are replaced by others with the same records.
TEST_P(PowerCut, AtAnyMomentOfARebaseLosesNoRelease) {
  make_repository();
  std::vector<std::string> texts;
  for (int i = 0; i < 4; ++i) {
    texts.push_back(fasta(2000, 2) + fasta(50, i + 10));
    done({"ingest", write("db.fasta", texts.back()), "--release", "db@" + std::to_string(i)});
  }
  for (int round = 0; round < 6; ++round) {
    SCOPED_TRACE(round);
    {
      const auto writer = start({"rebase", "--page-chain", std::to_string(round % 2 == 0 ? 0 : 8)});
      ::usleep(static_cast<useconds_t>(8'000 + 6'000 * round));
      cut_power();
      writer->wait(); // however it ends
    }
    power_up();
    done({"verify"});
    for (std::size_t i = 0; i < texts.size(); ++i) expect_exports("db@" + std::to_string(i), texts[i]);
  }
}

INSTANTIATE_TEST_SUITE_P(On, PowerCut, testing::Values("ext4", "xfs"),
                         [](const auto& info) { return std::string(info.param); });

} // namespace
} // namespace talaria::test

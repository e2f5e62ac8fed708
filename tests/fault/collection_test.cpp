// Removing releases and collecting garbage under accidents: killed at every call that changes something,
// failing calls, a full disk, and readers in the middle. What is still wanted is never touched.
#include "tests/fault/fixture.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <unistd.h>
#include <utility>

namespace talaria::test {
namespace {

// Of four releases, the first is kept. Collecting drops packs and rewrites others.
class CollectionTest : public FaultTest {
protected:
  const std::string kept_ = fasta(200, 1);
  const Arguments remove_{"remove", "db@2", "db@3", "db@4"};
  const Arguments collect_{"gc", "--dead-share", "0"};

  // The second half of some records.
  static std::string half(const std::string& text) {
    return text.substr(text.find("\n>", text.size() / 2) + 1);
  }

  void make_four_releases() {
    make_repository();
    const std::string second = fasta(250, 2);
    ingest(second, 2);                       // db@1 draws on it
    ingest(half(second) + fasta(100, 3), 3); // so does this
    ingest(fasta(150, 4), 4);                // all its own
    ingest(kept_ + half(half(second)), 1);
  }

  std::string first_release() const { return done({"export", "db@1"}).out; }

  void expect_whole(const std::string& text) const {
    expect_exports("db@1", text);
    const auto verified = run({"verify"});
    EXPECT_EQ(verified.code, 0) << verified.out << verified.err;
  }

private:
  void ingest(const std::string& text, int version) const {
    const auto name = std::to_string(version);
    done({"ingest", write(name + ".fasta", text), "--release", "db@" + name});
  }
};

class CollectionCrash : public CollectionTest, public testing::WithParamInterface<const char*> {
protected:
  void SetUp() override {
    const auto reason = why_no_changes(folder());
    if (!reason.empty()) GTEST_SKIP() << reason;
    make_four_releases();
  }

  void kill_at_each_call(const Arguments& arguments, const std::function<void()>& check) const {
    const std::string call = GetParam();
    sweep(
        call, 0, arguments, 1, [&] { restore(); },
        [&](const Injected& injected) {
          EXPECT_TRUE(injected.happened || injected.outcome.code == 0) << injected.outcome.err;
          check();
        });
  }
};

TEST_P(CollectionCrash, OfARemovalRemovesAllOrNothing) {
  const auto text = first_release();
  keep();
  kill_at_each_call(remove_, [&] {
    const auto left = releases();
    EXPECT_TRUE(left.size() == 4 || left == std::vector<std::string>{"db@1"}) << left.size();
    expect_whole(text);
    if (left.size() == 4) done(remove_);
    done(collect_);
    expect_whole(text);
  });
}

TEST_P(CollectionCrash, OfACollectionLosesNothingAndItCanBeRunAgain) {
  const auto text = first_release();
  done(remove_);
  keep();
  done(collect_);
  const auto whole = object_counts();
  expect_whole(text);
  restore();
  const Arguments ingest{"ingest", write("again.fasta", fasta(250, 2)), "--release", "db@2"};
  bool write_next = false;
  kill_at_each_call(collect_, [&] {
    expect_whole(text);
    if (std::exchange(write_next, !write_next)) {
      done(ingest);
      expect_exports("db@2", fasta(250, 2));
      expect_whole(text);
      return;
    }
    done(collect_);
    expect_whole(text);
    EXPECT_EQ(object_counts(), whole);
    EXPECT_EQ(files("repo/snapshots").size(), 1U);
  });
}

INSTANTIATE_TEST_SUITE_P(At, CollectionCrash, testing::Values("write", "fsync", "renameat2", "unlinkat"),
                         [](const auto& info) { return std::string(info.param); });

struct FailingCollection {
  const char* call;
  int error;
  int stride = 1;
};

class CollectionFailure : public CollectionTest, public testing::WithParamInterface<FailingCollection> {
protected:
  void SetUp() override {
    const auto reason = why_no_changes(folder());
    if (!reason.empty()) GTEST_SKIP() << reason;
  }
};

TEST_P(CollectionFailure, EndsInOrder) {
  make_four_releases();
  const auto text = first_release();
  done(remove_);
  keep();
  const auto [call, error, stride] = GetParam();
  sweep(
      call, error, collect_, stride, [&] { restore(); },
      [&](const Injected& injected) {
        const auto& [code, out, err] = injected.outcome;
        EXPECT_TRUE(injected.happened || code == 0) << err;
        EXPECT_LE(code, 1) << err;
        EXPECT_EQ(err.find("terminate"), std::string::npos) << err;
        expect_whole(text);
        done(collect_);
        expect_whole(text);
      });
}

INSTANTIATE_TEST_SUITE_P(
    Of, CollectionFailure,
    testing::Values(FailingCollection{"write", ENOSPC}, FailingCollection{"fsync", EIO},
                    FailingCollection{"renameat2", EIO}, FailingCollection{"unlinkat", EIO},
                    FailingCollection{"pread64", EIO, 4}, FailingCollection{"openat", EMFILE, 5}),
    [](const auto& info) {
      return std::string(info.param.call) + "_" + ::strerrorname_np(info.param.error);
    });

TEST_F(CollectionTest, IsAWriter) {
  make_four_releases();
  Fifo fifo(path("fifo"));
  const auto writer = start({"ingest", path("fifo"), "--release", "slow@1"});
  fifo.write(more_than_buffers());
  EXPECT_EQ(run(collect_).code, 11);
  EXPECT_EQ(run(remove_).code, 11);
  EXPECT_EQ(run({"gc", "--dry-run"}).code, 0); // which only reads
  fifo.close();
  EXPECT_EQ(writer->wait().code, 0);
}

TEST_F(CollectionTest, DoesNotDisturbReaders) {
  make_repository();
  constexpr int rounds = 4;
  constexpr int readers = 20;
  const std::string shared = fasta(3000, 1);
  const std::string kept = shared + fasta(2000, 9);
  done({"ingest", write("kept.fasta", shared + fasta(10, 50)), "--release", "db@before"});
  done({"ingest", write("kept.fasta", kept), "--release", "db@kept"});
  for (int round = 0; round < rounds; ++round) {
    const auto version = "db@" + std::to_string(round);
    const std::string text =
        shared.substr(0, shared.find("\n>", shared.size() / 2) + 1) + fasta(1500, round + 20);
    done({"ingest", write("next.fasta", text), "--release", version});
    std::vector<std::unique_ptr<Program>> reading;
    const auto read_something = [&](int i) {
      if (i % 4 == 0) return start({"export", "db@kept"});
      if (i % 4 == 1) return start({"get", "P00007", "--release", "db@kept"});
      if (i % 4 == 2) return start({"verify"});
      return start({"export", version});
    };
    for (int i = 0; i < readers / 2; ++i) reading.push_back(read_something(i));
    const auto remover = start({"remove", version, "--wait", "20"});
    for (int i = readers / 2; i < 3 * readers / 4; ++i) reading.push_back(read_something(i));
    EXPECT_EQ(remover->wait().code, 0);
    const auto collector = start(collect_);
    for (int i = 3 * readers / 4; i < readers; ++i) reading.push_back(read_something(i));
    for (int i = 0; i < readers; ++i) {
      const auto outcome = reading[static_cast<std::size_t>(i)]->wait();
      if (i % 4 == 3) { // of what goes: all of it, or an error that says so
        EXPECT_TRUE(outcome.code == 0 ? outcome.out == text : outcome.code == 1)
            << outcome.code << outcome.err;
        continue;
      }
      EXPECT_EQ(outcome.code, 0) << i << outcome.out.substr(0, 300) << outcome.err;
      EXPECT_TRUE(i % 4 != 0 || outcome.out == kept);
    }
    const auto outcome = collector->wait();
    EXPECT_EQ(outcome.code, 0) << outcome.err;
  }
  expect_exports("db@kept", kept);
  done({"verify"});
}

// Packs of which nothing is needed are freed even if there is room for little more than a snapshot; what
// needs more room fails in order and works later.
TEST_F(CollectionTest, OnAFullDisk) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root may mount";
  Mount disk(path("repo"));
  if (!disk.mount({"-t", "tmpfs", "-o", "size=16M", "tmpfs"})) GTEST_SKIP() << "cannot mount a tmpfs";
  make_repository();
  const std::string shared = fasta(6000, 1);
  const std::string kept = half(shared);
  done({"ingest", write("1.fasta", shared), "--release", "db@1"});
  done({"ingest", write("2.fasta", fasta(3000, 2)), "--release", "db@2"});
  done({"ingest", write("3.fasta", kept), "--release", "db@3"});
  done({"remove", "db@1", "db@2"});
  const auto fill = [&] {
    const auto free = std::filesystem::space(path("repo")).available;
    ASSERT_GT(free, 64U << 10);
    write("repo/filler", std::string(free - (64U << 10), 'x'));
  };
  fill();
  const auto free = std::filesystem::space(path("repo")).available;
  const auto outcome = run({"gc", "--dead-share", "0"});
  EXPECT_EQ(outcome.code, 1) << outcome.out;
  EXPECT_NE(outcome.err.find("No space left on device"), std::string::npos) << outcome.err;
  expect_exports("db@3", kept);
  done({"verify"});
  EXPECT_GT(std::filesystem::space(path("repo")).available, free + (64U << 10));
  EXPECT_EQ(object_counts().at("packs"), 1U);
  EXPECT_EQ(object_counts().at(".tmp"), 0U);
  std::filesystem::remove(path("repo/filler"));
  done({"gc", "--dead-share", "0"});
  expect_exports("db@3", kept);
  done({"verify"});
}

// Killed while old files go, packs and segments of before and after are there together; and the snapshot
// is lost on top of that.
TEST_F(CollectionTest, CutShortCanBeRebuilt) {
  const auto reason = why_no_changes(folder());
  if (!reason.empty()) GTEST_SKIP() << reason;
  make_four_releases();
  const auto text = first_release();
  done(remove_);
  keep();
  sweep(
      "unlinkat", 0, collect_, 1, [&] { restore(); },
      [&](const Injected&) {
        std::filesystem::remove_all(path("repo/snapshots"));
        std::filesystem::remove_all(path("repo/refs"));
        done({"rebuild"});
        expect_whole(text);
        done(collect_);
        expect_whole(text);
      });
}

// All that follows from packs and page files can still be made anew.
TEST_F(CollectionTest, CanBeRebuiltAfterwards) {
  make_four_releases();
  const auto text = first_release();
  done(remove_);
  done(collect_);
  std::filesystem::remove_all(path("repo/index"));
  EXPECT_EQ(run({"verify"}).code, 3);
  done({"rebuild"});
  expect_whole(text);
  std::filesystem::remove_all(path("repo/index"));
  std::filesystem::remove_all(path("repo/snapshots"));
  std::filesystem::remove_all(path("repo/refs"));
  done({"rebuild"});
  expect_whole(text);
  EXPECT_EQ(releases(), std::vector<std::string>{"db@1"});
  done(collect_);
  expect_whole(text);
}

} // namespace
} // namespace talaria::test

// kill -9 at every system call that changes something: a writer may die anywhere, and the next one finds
// a repository that is whole.
#include "tests/fault/fixture.hpp"

#include <filesystem>

namespace talaria::test {
namespace {

class Crash : public FaultTest, public testing::WithParamInterface<const char*> {
protected:
  void SetUp() override {
    const auto reason = why_no_changes(folder());
    if (!reason.empty()) GTEST_SKIP() << reason;
  }

  void kill_at_each_call(const Arguments& arguments, const std::function<void()>& prepare,
                         const std::function<void()>& check) const {
    const std::string call = GetParam();
    sweep(call, 0, arguments, call == "openat" ? 3 : 1, prepare, [&](const Injected& injected) {
      EXPECT_TRUE(injected.happened || injected.outcome.code == 0) << injected.outcome.err;
      check();
    });
  }
};

TEST_P(Crash, OfAnIngestLosesNothing) {
  make_first_release();
  kill_at_each_call(
      ingest_second(), [&] { restore(); }, [&] { expect_survived(); });
}

// Here the folders of the repository don't exist yet.
TEST_P(Crash, OfTheFirstIngestLeavesAnEmptyRepositoryOrARelease) {
  make_repository();
  keep();
  const std::string text = fasta(100);
  const Arguments ingest{"ingest", write("db.fasta", text), "--release", "db@1"};
  kill_at_each_call(
      ingest, [&] { restore(); },
      [&] {
        EXPECT_LE(releases().size(), 1U);
        done({"verify"});
        done(ingest);
        expect_exports("db@1", text);
        EXPECT_EQ(object_counts().at("packs"), 1U);
        EXPECT_EQ(object_counts().at(".tmp"), 0U);
      });
}

TEST_P(Crash, OfInitLeavesNoRepositoryOrAWorkingOne) {
  const std::string text = fasta(20);
  const Arguments ingest{"ingest", write("db.fasta", text), "--release", "db@1"};
  kill_at_each_call(
      {"init"}, [&] { restore(); },
      [&] {
        const int listed = run({"releases"}).code;
        EXPECT_TRUE(listed == 0 || listed == 10) << listed;
        const auto again = run({"init"});
        if (listed == 0)
          EXPECT_EQ(again.code, 1) << again.err;
        else
          EXPECT_EQ(again.code, 0) << again.err;
        done(ingest);
        expect_exports("db@1", text);
        done({"verify"});
      });
}

TEST_P(Crash, OfAChunkPutLosesNothing) {
  make_first_release();
  const std::string bytes = fasta(10, 7);
  const Arguments put{"chunk", "put", write("bytes", bytes)};
  kill_at_each_call(
      put, [&] { restore(); },
      [&] {
        expect_sound();
        const auto said = done(put).out;
        EXPECT_EQ(done({"chunk", "get", said.substr(0, 64)}).out, bytes);
        EXPECT_EQ(object_counts().at("packs"), 2U);
        EXPECT_EQ(object_counts().at(".tmp"), 0U);
      });
}

// The fourth commit replaces the segments of the first three: killed before, while or after they go.
TEST_P(Crash, OfAPutThatMergesSegmentsLosesNothing) {
  make_repository();
  std::vector<std::pair<std::string, std::string>> chunks; // names and contents
  const auto put = [&](int i) {
    const std::string bytes = fasta(10, i + 1);
    chunks.emplace_back(done({"chunk", "put", write("bytes", bytes)}).out.substr(0, 64), bytes);
  };
  for (int i = 0; i < 3; ++i) put(i);
  keep();
  write("fourth", fasta(10, 4));
  const auto before = chunks;
  kill_at_each_call(
      {"chunk", "put", path("fourth")},
      [&] {
        restore();
        chunks = before;
      },
      [&] {
        EXPECT_EQ(done({"chunk", "get", before[0].first}).out, before[0].second);
        for (int i = 3; i < 6; ++i) put(i);
        EXPECT_EQ(done({"chunk", "get", chunks[3].first}).out, chunks[3].second);
        done({"verify"});
        const auto counts = object_counts();
        EXPECT_EQ(counts.at("packs"), 6U);
        EXPECT_EQ(counts.at("index"), 3U);
        EXPECT_EQ(counts.at(".tmp"), 0U);
      });
}

TEST_P(Crash, OfADeltaPutOrARebaseOfItLosesNothing) {
  make_repository();
  const std::string before = fasta(40, 7);
  const std::string after = before + ">one more\nACDEFGH\n";
  const auto first = done({"chunk", "put", write("before", before)}).out.substr(0, 64);
  const Arguments put{"chunk", "put", write("after", after), "--reference", first};
  keep();
  auto expect_chunks = [&](const Arguments& again, const std::string& kind) {
    done({"verify"});
    EXPECT_EQ(done({"chunk", "get", first}).out, before);
    const auto second = done(again).out.substr(0, 64);
    EXPECT_EQ(done({"chunk", "get", second}).out, after);
    EXPECT_EQ(done({"chunk", "info", second, "--json"}).json()["kind"], kind);
    EXPECT_EQ(object_counts().at(".tmp"), 0U);
    return second;
  };
  kill_at_each_call(
      put, [&] { restore(); },
      [&] {
        expect_chunks(put, "delta");
        EXPECT_EQ(object_counts().at("packs"), 2U);
      });
  const Arguments rebase{"chunk", "rebase", expect_chunks(put, "delta")};
  keep();
  kill_at_each_call(
      rebase, [&] { restore(); },
      [&] {
        expect_chunks(rebase, "whole");
        EXPECT_EQ(object_counts().at("packs"), 3U);
        done({"chunk", "remove", first});
      });
}

TEST_P(Crash, OfARebaseLosesNothing) {
  make_first_release();
  done(ingest_second());
  const std::string third = first() + second();
  done({"ingest", write("third.fasta", third), "--release", "db@3"});
  keep();
  const Arguments rebase{"rebase", "--page-chain", "0"};
  kill_at_each_call(
      rebase, [&] { restore(); },
      [&] {
        expect_sound();
        expect_exports("db@2", second());
        done(rebase);
        expect_exports("db@3", third);
        expect_sound();
        // What a rebase that was killed left over goes when two snapshots have done without it.
        done({"chunk", "put", write("bytes", "some")});
        done({"chunk", "put", write("bytes", "others")});
        EXPECT_EQ(object_counts().at("pages"), 3U);
        EXPECT_EQ(object_counts().at("releases"), 3U);
        EXPECT_EQ(object_counts().at(".tmp"), 0U);
      });
}

// Also those that the program doesn't make today: then there is one run, which must be unharmed.
INSTANTIATE_TEST_SUITE_P(At, Crash,
                         testing::Values("write", "pwrite64", "fsync", "fdatasync", "renameat",
                                         "renameat2", "linkat", "unlinkat", "openat", "mkdirat", "mkdir",
                                         "ftruncate", "flock", "sync_file_range"),
                         [](const auto& info) { return std::string(info.param); });

} // namespace
} // namespace talaria::test

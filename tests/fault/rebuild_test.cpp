// Everything but packs and page files is lost or damaged, in turn and together: it is made again, and
// comes back as it was; nor does it matter where the program dies meanwhile.
#include "tests/fault/fixture.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <filesystem>

namespace talaria::test {
namespace {

namespace fs = std::filesystem;

class Rebuild : public FaultTest {
protected:
  // Two releases that share records, one with a sequence that is cut into parts, and chunks.
  void SetUp() override {
    make_first_release();
    done(ingest_second());
    genome_ = ">chromosome\n";
    std::uint32_t state = 1;
    for (int i = 0; i < 600'000; ++i) genome_ += "ACGT"[(state = state * 1664525 + 1013904223) >> 30];
    genome_ += "\n>plasmid\nACGTACGT\n";
    done({"ingest", write("genome.fasta", genome_), "--release", "genome@1"});
    done({"chunk", "put", write("gone", "removed"), write("stays", "a chunk")});
    done({"chunk", "remove", digest_of_file("gone")});
    keep();
    listed_ = run({"releases", "--json"}).out;
    stats_ = done({"stats", "--json"}).json();
  }

  std::string digest_of_file(const std::string& name) const {
    return done({"chunk", "put", path(name)}).out.substr(0, 64);
  }

  // The files that can be made again.
  std::vector<std::string> derived() const {
    std::vector<std::string> names{"refs/main"};
    for (const char* where : {"index", "snapshots", "releases"})
      for (const auto& entry : fs::directory_iterator(path("kept/") + where))
        names.push_back(where + ("/" + entry.path().filename().string()));
    return names;
  }

  std::string in_repo(const std::string& name) const { return path("repo/" + name); }

  void replace(const std::string& name, const std::string& bytes) const {
    fs::remove(in_repo(name));
    write("repo/" + name, bytes);
  }

  void lose(const std::vector<std::string>& folders) const {
    for (const auto& name : folders) fs::remove_all(in_repo(name));
  }

  void expect_data_untouched() const {
    for (const char* where : {"packs", "pages"})
      for (const auto& entry : fs::directory_iterator(path("kept/") + where)) {
        const auto name = where + ("/" + entry.path().filename().string());
        EXPECT_TRUE(read("repo/" + name) == read("kept/" + name)) << name;
      }
  }

  void expect_whole() const {
    expect_data_untouched();
    expect_sound();
    expect_exports("db@2", second());
    expect_exports("genome@1", genome_);
    EXPECT_EQ(run({"releases", "--json"}).out, listed_);
    EXPECT_EQ(done({"get", "P00007", "--release", "db@1"}).out.substr(0, 11), ">sp|P00007|");
  }

  // Also the next writer, who sweeps, finds and leaves all that there is.
  void expect_whole_after_a_writer() const {
    expect_whole();
    done({"chunk", "put", path("kept_too")});
    expect_whole();
    EXPECT_EQ(object_counts().at(".tmp"), 0U);
  }

  std::string genome_;
  std::string listed_;
  nlohmann::json stats_;
  const std::string another_ = write("kept_too", "another chunk");
};

TEST_F(Rebuild, OfEachDerivedFileBringsItBack) {
  for (const auto& name : derived()) {
    const auto whole = read("kept/" + name);
    std::string flipped = whole;
    flipped[whole.size() / 2] = static_cast<char>(flipped[whole.size() / 2] ^ 4);
    for (const auto& bytes : {std::optional<std::string>(), std::optional(flipped),
                              std::optional(whole.substr(0, whole.size() / 2)),
                              std::optional(std::string()), std::optional(whole + '\0')}) {
      SCOPED_TRACE(name + (bytes ? ", " + std::to_string(bytes->size()) + " bytes" : ", missing"));
      restore();
      if (bytes)
        replace(name, *bytes);
      else
        fs::remove(in_repo(name));
      const auto would = run({"rebuild", "--dry-run", "--json"});
      EXPECT_EQ(would.code, 0) << would.err;
      const auto made = done({"rebuild", "--json"}).json();
      EXPECT_EQ(made["rebuilt"], would.json()["rebuilt"]);
      // Only the parent of the snapshot is of no use any more.
      const bool needed =
          !name.starts_with("snapshots/") || read("kept/refs/main").find(name.substr(10)) < 79;
      EXPECT_EQ(made["rebuilt"].size(), needed ? 1U : 0U) << made;
      expect_whole();
      EXPECT_EQ(done({"rebuild", "--json"}).json()["rebuilt"].size(), 0U);
    }
  }
}

TEST_F(Rebuild, OfAllOfThemAtOnceBringsAllBack) {
  lose({"index", "snapshots", "refs"});
  done({"rebuild"});
  auto stats = done({"stats", "--json"}).json();
  for (const char* same : {"records", "sequences", "residues", "headers", "packs", "raw_bytes"})
    EXPECT_EQ(stats[same], stats_[same]) << same;
  // The removed chunk is there again.
  EXPECT_EQ(stats["application_chunks"], stats_["application_chunks"].get<int>() + 1);
  expect_whole_after_a_writer();
}

// What stood nowhere else is the names.
TEST_F(Rebuild, WithoutReleaseObjectsKeepsTheContents) {
  lose({"index", "snapshots", "refs", "releases"});
  const auto made = done({"rebuild", "--json"}).json();
  EXPECT_EQ(made["releases"], 3);
  EXPECT_GE(made["notes"].size(), 3U);
  done({"verify"});
  done({"chunk", "put", path("kept_too")});
  std::vector<std::string> contents;
  for (const auto& release : releases()) contents.push_back(done({"export", release}).out);
  std::vector<std::string> expected{first(), second(), genome_};
  std::sort(contents.begin(), contents.end());
  std::sort(expected.begin(), expected.end());
  EXPECT_TRUE(contents == expected);
  const auto stats = done({"stats", "--json"}).json();
  EXPECT_EQ(stats["records"], stats_["records"]);
  EXPECT_EQ(done({"releases", "--json"}).json()["releases"][0]["name"], "recovered");
}

// Which packs and page files there are is known from an older snapshot and from the files.
TEST_F(Rebuild, FromAnOlderSnapshotAddsWhatCameAfterIt) {
  restore();
  const auto parent = fs::path(in_repo("snapshots"));
  std::vector<std::string> before;
  for (const auto& entry : fs::directory_iterator(parent)) before.push_back(entry.path());
  done({"ingest", write("third.fasta", fasta(90, 8)), "--release", "other@1"});
  const auto current = "snapshots/" + read("repo/refs/main").substr(14, 64);
  for (const char* other : {"index", "refs/main"}) {
    SCOPED_TRACE(other);
    fs::remove(in_repo(current));
    if (fs::is_regular_file(in_repo(other))) fs::remove(in_repo(other));
    const auto report = done({"rebuild", "--json"}).json();
    EXPECT_NE(report["notes"][0].get<std::string>().find("newest sound snapshot"), std::string::npos);
    done({"verify"});
    expect_exports("other@1", fasta(90, 8));
    expect_exports("db@1", first());
    EXPECT_EQ(done({"stats", "--json"}).json()["application_chunks"], stats_["application_chunks"]);
  }
}

// That one names segments which the newest has merged, and which are gone.
TEST_F(Rebuild, FromTheSnapshotBeforeAMergeKeepsWhatWasRemoved) {
  fs::remove_all(path("repo"));
  make_repository();
  const auto put = [&](int i) {
    return done({"chunk", "put", write("bytes", fasta(10, i))}).out.substr(0, 64);
  };
  const auto removed = put(1);
  const auto other = put(2);
  put(3);
  done({"chunk", "remove", removed});
  const auto newest = put(4);
  ASSERT_EQ(object_counts().at("index"), 1U);
  fs::remove(in_repo("snapshots/" + read("repo/refs/main").substr(14, 64)));
  done({"rebuild"});
  done({"verify"});
  EXPECT_EQ(done({"chunk", "get", other}).out, fasta(10, 2));
  EXPECT_EQ(done({"chunk", "get", newest}).out, fasta(10, 4));
  EXPECT_EQ(run({"chunk", "get", removed}).code, 1);
}

// Also what is a difference from chunks that are stored whole, whose places must be found first.
TEST_F(Rebuild, IndexesDeltasOfApplications) {
  restore();
  std::vector<std::pair<std::string, std::string>> chunks; // digests and bytes
  auto put = [&](const std::string& bytes, const std::string& reference) {
    Arguments command{"chunk", "put", write("bytes", bytes)};
    if (!reference.empty()) command.insert(command.end(), {"--reference", reference});
    chunks.emplace_back(done(command).out.substr(0, 64), bytes);
    return chunks.back().first;
  };
  const auto text = fasta(300, 9);
  const auto long_text = fasta(3'000, 10);
  const auto whole = put(text, "");
  put(text + "more", put(text + "more and", whole));
  auto changed = long_text;
  for (std::size_t at = 1'000; at < changed.size(); at += 20'000) changed[at] = '*';
  put(changed, put(long_text, ""));
  const auto sequences = done({"chunk", "list", "--sequences", "--json"}).json()["chunks"];
  for (const auto& chunk : sequences)
    if (chunk["sequence"] == true && chunk["size"] == genome_.find('\n', 15) - 12)
      put(genome_.substr(100'000, 100'000) + "N", chunk["digest"]);
  for (const auto& lost : {std::vector<std::string>{"index"}, {"index", "snapshots", "refs"}}) {
    lose(lost);
    done({"rebuild"});
    done({"verify"});
    for (const auto& [digest, bytes] : chunks)
      EXPECT_TRUE(done({"chunk", "get", digest}).out == bytes) << digest;
    EXPECT_EQ(done({"chunk", "info", chunks[1].first, "--json"}).json()["kind"], "delta");
    EXPECT_EQ(run({"chunk", "remove", whole}).code, 1);
  }
  expect_sound();
}

TEST_F(Rebuild, IndexesAllButWhatIsDamagedAndSaysSo) {
  restore();
  std::string pack;
  for (const auto& entry : fs::directory_iterator(path("kept/packs"))) {
    const auto name = "packs/" + entry.path().filename().string();
    if (pack.empty() || fs::file_size(in_repo(name)) > fs::file_size(in_repo(pack))) pack = name;
  }
  const auto whole = read("kept/" + pack); // of the genome: its parts are most of it
  std::string flipped = whole;
  flipped[whole.size() / 2] = static_cast<char>(flipped[whole.size() / 2] ^ 1);
  replace(pack, flipped);
  lose({"index"});
  for (int again = 0; again < 2; ++again) {
    const auto outcome = run({"rebuild", "--json"});
    EXPECT_EQ(outcome.code, 3) << outcome.err;
    ASSERT_EQ(outcome.json()["damages"].size(), 1U);
    EXPECT_EQ(outcome.json()["damages"][0]["object"], pack);
    EXPECT_EQ(run({"verify"}).code, 3);
    expect_exports("db@1", first());
    expect_exports("db@2", second());
    EXPECT_EQ(run({"export", "genome@1"}).code, 3);
  }
  EXPECT_NE(run({"rebuild"}).out.find("DAMAGED  " + pack), std::string::npos);
  replace(pack, whole);
  done({"rebuild"});
  expect_whole();
}

TEST_F(Rebuild, LeavesAMissingPackMissingAndTheOthersUsable) {
  restore();
  // The pack of the first release.
  const auto name = "packs/" + fs::directory_iterator(path("kept/packs"))->path().filename().string();
  const auto whole = read("kept/" + name);
  fs::remove(in_repo(name));
  lose({"index"});
  EXPECT_EQ(run({"rebuild", "--dry-run"}).code, 3);
  EXPECT_EQ(run({"rebuild"}).code, 3);
  EXPECT_EQ(run({"verify"}).code, 3);
  replace(name, whole);
  done({"rebuild"});
  expect_whole_after_a_writer();
}

// Where the rebuild dies or fails, it can be run again, and no writer does harm in between.
class InterruptedRebuild : public Rebuild,
                           public testing::WithParamInterface<std::pair<const char*, int>> {
protected:
  void SetUp() override {
    const auto reason = why_no_changes(folder());
    if (!reason.empty()) GTEST_SKIP() << reason;
    Rebuild::SetUp();
  }

  void interrupt_each(const std::vector<std::string>& lost) const {
    const auto [call, error] = GetParam();
    int runs = 0;
    sweep(
        call, error, {"rebuild"}, std::string_view(call) == "openat" ? 9 : 1,
        [&] {
          restore();
          lose(lost);
        },
        [&](const Injected& injected) {
          EXPECT_TRUE(injected.happened || injected.outcome.code == 0) << injected.outcome.err;
          expect_data_untouched();
          // A writer either finds a repository that is whole or changes nothing.
          const auto writer = run({"chunk", "put", path("kept_too")});
          EXPECT_TRUE(writer.code == 0 || writer.code == 3) << writer.code << writer.err;
          expect_data_untouched();
          done({"rebuild"});
          if (runs++ % 4 == 0)
            expect_whole_after_a_writer();
          else
            done({"verify"});
        });
  }
};

TEST_P(InterruptedRebuild, OfIndexAndReleaseObjectsIsDoneAgain) {
  interrupt_each({"index", "releases"});
}

TEST_P(InterruptedRebuild, OfAllIsDoneAgain) {
  interrupt_each({"index", "snapshots", "refs"});
}

INSTANTIATE_TEST_SUITE_P(At, InterruptedRebuild,
                         testing::Values(std::pair("write", 0), std::pair("fsync", 0),
                                         std::pair("renameat", 0), std::pair("renameat2", 0),
                                         std::pair("openat", 0), std::pair("mkdirat", 0),
                                         std::pair("unlinkat", 0), std::pair("write", ENOSPC),
                                         std::pair("fsync", EIO), std::pair("renameat", EIO)),
                         [](const auto& info) {
                           return std::string(info.param.first) +
                                  (info.param.second == 0 ? "_killed" : "_fails");
                         });

} // namespace
} // namespace talaria::test

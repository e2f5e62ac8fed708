// A disk that is really full.
#include "tests/fault/fixture.hpp"

#include <cstdio>
#include <unistd.h>
#include <vector>

namespace talaria::test {
namespace {

class FullDisk : public FaultTest {
protected:
  void mount_at_repository(const std::string& options) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root may mount";
    if (!disk_.mount({"-t", "tmpfs", "-o", options, "tmpfs"})) GTEST_SKIP() << "cannot mount a tmpfs";
  }

  void store_first() const {
    make_repository();
    done({"ingest", write("first.fasta", text_), "--release", "db@1"});
  }

  // What is too large fails and takes nothing away; what is small enough works afterwards.
  void expect_too_large(const std::string& input) const {
    const auto outcome = run({"ingest", input, "--release", "large@1"});
    EXPECT_EQ(outcome.code, 1);
    EXPECT_NE(outcome.err.find("No space left on device"), std::string::npos) << outcome.err;
    EXPECT_NE(outcome.err.find("free some space"), std::string::npos) << outcome.err;
    expect_exports("db@1", text_);
    done({"verify"});
    EXPECT_EQ(releases(), std::vector<std::string>{"db@1"});
    EXPECT_EQ(object_counts().at("packs"), 1U);
    EXPECT_EQ(object_counts().at(".tmp"), 0U);
  }

  const std::string text_ = fasta(200);

private:
  Mount disk_{path("repo")};
};

TEST_F(FullDisk, FailsALargeIngestAndTakesASmallOne) {
  mount_at_repository("size=3M");
  if (IsSkipped()) return;
  store_first();
  expect_too_large(write("large.fasta", fasta(40'000, 2)));
  const std::string small = fasta(300, 3);
  done({"ingest", write("small.fasta", small), "--release", "small@1"});
  expect_exports("small@1", small);
}

TEST_F(FullDisk, FailsARebaseThatDoesNotFitAndLeavesTheReleases) {
  mount_at_repository("size=2M");
  if (IsSkipped()) return;
  std::vector<std::string> texts;
  make_repository();
  for (int i = 1; i <= 9; ++i) {
    texts.push_back(fasta(3'000) + fasta(i, 5));
    done({"ingest", write("db.fasta", texts.back()), "--release", "db@" + std::to_string(i)});
  }
  const Arguments rebase{"rebase", "--page-chain", "0"};
  const auto filler = path("repo/filler");
  std::string bytes(4096, 'x');
  std::FILE* file = std::fopen(filler.c_str(), "wb");
  ASSERT_NE(file, nullptr);
  while (std::fwrite(bytes.data(), 1, bytes.size(), file) == bytes.size() && std::fflush(file) == 0) {
  }
  (void)std::fclose(file);
  const auto outcome = run(rebase);
  EXPECT_EQ(outcome.code, 1);
  EXPECT_NE(outcome.err.find("No space left on device"), std::string::npos) << outcome.err;
  EXPECT_EQ(object_counts().at("pages"), 9U);
  EXPECT_EQ(object_counts().at(".tmp"), 0U);
  std::remove(filler.c_str());
  for (int i = 1; i <= 9; ++i)
    expect_exports("db@" + std::to_string(i), texts[static_cast<std::size_t>(i) - 1]);
  done(rebase);
  for (int i = 1; i <= 9; ++i)
    expect_exports("db@" + std::to_string(i), texts[static_cast<std::size_t>(i) - 1]);
  done({"verify"});
}

TEST_F(FullDisk, WithoutInodesSaysSo) {
  mount_at_repository("size=16M,nr_inodes=32");
  if (IsSkipped()) return;
  store_first();
  int made = 0;
  while (made < 32 && !write("repo/taken" + std::to_string(made), "x").empty() &&
         !read("repo/taken" + std::to_string(made)).empty())
    ++made;
  ASSERT_LT(made, 32);
  const std::string input = write("other.fasta", fasta(300, 3));
  expect_too_large(input);
  for (int i = 0; i < made; ++i) std::remove(path("repo/taken" + std::to_string(i)).c_str());
  done({"ingest", input, "--release", "other@1"});
}

} // namespace
} // namespace talaria::test

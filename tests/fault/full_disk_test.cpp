// A disk that is really full.
#include "tests/fault/fixture.hpp"

#include <unistd.h>

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

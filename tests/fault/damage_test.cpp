// Flipped bits, files cut short and files that are gone: damage is found, and never becomes wrong bytes.
#include "tests/fault/fixture.hpp"

#include <algorithm>
#include <filesystem>

namespace talaria::test {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t small_file = 300;  // every byte of it is tried
constexpr std::size_t spread_count = 60; // offsets tried in a larger file
constexpr std::size_t ends = 12;         // of them, those in a row at either end

std::vector<std::size_t> offsets(std::size_t size) {
  std::vector<std::size_t> found;
  if (size < small_file) {
    for (std::size_t i = 0; i < size; ++i) found.push_back(i);
    return found;
  }
  constexpr std::size_t between = spread_count - 2 * ends;
  for (std::size_t i = 0; i < ends; ++i) found.push_back(i);
  for (std::size_t i = 1; i <= between; ++i) found.push_back(i * size / (between + 1));
  for (std::size_t i = ends; i > 0; --i) found.push_back(size - i);
  return found;
}

class Damaged : public FaultTest, public testing::WithParamInterface<const char*> {
protected:
  // A repository whose only file under GetParam() is `file_`, with the bytes `whole_`.
  void SetUp() override {
    text_ = fasta(60) + ">same header\nACDE\nacde\n>same header\nACDEF";
    make_repository();
    done({"ingest", write("db.fasta", text_), "--release", "db@1"});
    // init's snapshot, the parent, says nothing about the release.
    for (const auto& file : files("repo"))
      if (file.starts_with(path("repo/") + GetParam()) &&
          (file_.empty() || fs::file_size(file) > fs::file_size(file_)))
        file_ = file;
    ASSERT_FALSE(file_.empty());
    whole_ = read(file_.substr(folder().size() + 1));
  }

  void put(const std::string& bytes) const {
    fs::remove(file_); // objects may not be written to
    write(file_.substr(folder().size() + 1), bytes);
  }

  void expect_found() const {
    const auto verified = run({"verify"});
    const bool marker = std::string_view(GetParam()) == "repository";
    EXPECT_TRUE(verified.code == 3 || (marker && verified.code == 10))
        << verified.code << verified.out << verified.err;
    EXPECT_NE(verified.err + verified.out, "");
  }

  // The export succeeds with the right bytes, or fails and leaves no file.
  void expect_no_wrong_bytes() const {
    const auto outcome = run({"export", "db@1", "-o", path("out.fasta")});
    EXPECT_LT(outcome.code, 128) << outcome.err;
    EXPECT_GE(outcome.code, 0);
    if (outcome.code == 0) {
      EXPECT_TRUE(read("out.fasta") == text_);
    } else {
      EXPECT_FALSE(fs::exists(path("out.fasta"))) << outcome.err;
      EXPECT_NE(outcome.err, "");
    }
    fs::remove(path("out.fasta"));
  }

  std::string text_;
  std::string file_;
  std::string whole_;
};

TEST_P(Damaged, BitIsFound) {
  int run = 0;
  for (const auto offset : offsets(whole_.size())) {
    SCOPED_TRACE(offset);
    std::string bytes = whole_;
    bytes[offset] = static_cast<char>(bytes[offset] ^ (1 << (offset % 8)));
    put(bytes);
    // The number of the format itself may become another one.
    const bool other_format = whole_ == "talaria-repository 1\n" && offset + 2 == whole_.size();
    if (other_format)
      EXPECT_NE(this->run({"verify"}).code, 0);
    else
      expect_found();
    if (run++ % 2 == 0) expect_no_wrong_bytes();
  }
  put(whole_);
  done({"verify"});
}

TEST_P(Damaged, LengthIsFound) {
  const auto size = whole_.size();
  for (const std::size_t length :
       {std::size_t{0}, std::size_t{1}, std::size_t{8}, size / 4, size / 2, size - 8, size - 1}) {
    SCOPED_TRACE(length);
    put(whole_.substr(0, length));
    expect_found();
    expect_no_wrong_bytes();
  }
  for (const std::size_t more : {1, 8, 4096}) {
    SCOPED_TRACE(more);
    put(whole_ + std::string(more, '\0'));
    expect_found();
    expect_no_wrong_bytes();
  }
}

TEST_P(Damaged, AbsenceIsFound) {
  fs::remove(file_);
  expect_found();
  expect_no_wrong_bytes();
}

INSTANTIATE_TEST_SUITE_P(In, Damaged,
                         testing::Values("repository", "refs/main", "snapshots", "packs", "index",
                                         "pages", "releases"),
                         [](const auto& info) {
                           std::string name = info.param;
                           std::replace(name.begin(), name.end(), '/', '_');
                           return name;
                         });

// Damage in a chunk is damage of all that differ from it: whoever asks for one of these is told of both.
class DamagedReference : public FaultTest {
protected:
  void expect_named(const std::string& before, const std::string& after) {
    make_repository();
    const auto first = done({"chunk", "put", write("before", before)}).out.substr(0, 64);
    const auto pack = files("repo/packs").at(0);
    const auto second = done({"chunk", "put", write("after", after), "--reference", first, "--json"})
                            .json()["chunks"][0];
    ASSERT_EQ(second["references"][0], first);
    const std::string digest = second["digest"];
    const auto whole = read(pack.substr(folder().size() + 1));
    auto flipped = whole;
    flipped[whole.size() / 3] = static_cast<char>(flipped[whole.size() / 3] ^ 2);
    fs::remove(pack);
    write(pack.substr(folder().size() + 1), flipped);
    const auto outcome = run({"chunk", "get", digest, "-o", path("out")});
    EXPECT_EQ(outcome.code, 3);
    EXPECT_NE(outcome.err.find(digest), std::string::npos) << outcome.err;
    EXPECT_NE(outcome.err.find(first.substr(0, 32)), std::string::npos) << outcome.err;
    EXPECT_NE(outcome.err.find(fs::path(pack).filename().string()), std::string::npos) << outcome.err;
    EXPECT_FALSE(fs::exists(path("out")));
    const auto verified = run({"verify"});
    EXPECT_EQ(verified.code, 3);
    EXPECT_NE(verified.out.find(digest.substr(0, 32)), std::string::npos) << verified.out;
    EXPECT_NE(verified.out.find(fs::path(pack).filename().string()), std::string::npos);
    EXPECT_EQ(run({"chunk", "rebase", digest}).code, 3);
    fs::remove(pack);
    write(pack.substr(folder().size() + 1), whole);
    EXPECT_TRUE(done({"chunk", "get", digest}).out == after);
    done({"verify"});
  }
};

TEST_F(DamagedReference, IsNamedWithTheChunkThatDiffersFromIt) {
  const auto text = fasta(200);
  expect_named(text, text + "more");
}

TEST_F(DamagedReference, IsNamedForALongValueToo) {
  const auto text = fasta(2'000);
  auto changed = text;
  for (std::size_t at = 1'000; at < changed.size(); at += 20'000) changed[at] = '*';
  expect_named(text, changed);
}

} // namespace
} // namespace talaria::test

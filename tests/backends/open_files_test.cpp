#include "backends/open_files.hpp"
#include "backends/posix_io.hpp"
#include "tests/backends/scratch_folder.hpp"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <fstream>

namespace talaria {
namespace {

class OpenFilesTest : public testing::Test {
protected:
  void SetUp() override {
    root_ = open_at(AT_FDCWD, scratch_.path().c_str(), O_RDONLY | O_DIRECTORY);
    for (auto name : {"a", "b", "c"}) write(name, name);
  }

  void write(const std::string& name, std::string_view text) { std::ofstream(scratch_ / name) << text; }

  ScratchFolder scratch_;
  Fd root_;
};

TEST_F(OpenFilesTest, OpensEachOnce) {
  OpenFiles files(root_.get(), scratch_.path(), 2);
  auto first = files.open("a").value();
  EXPECT_EQ(files.open("a").value(), first);
  EXPECT_EQ(first->size, 1u);
}

TEST_F(OpenFilesTest, ClosesTheOneUnusedForLongest) {
  OpenFiles files(root_.get(), scratch_.path(), 2);
  std::weak_ptr<const OpenFile> a = files.open("a").value();
  std::weak_ptr<const OpenFile> b = files.open("b").value();
  files.open("a").value();
  files.open("c").value();
  EXPECT_FALSE(a.expired());
  EXPECT_TRUE(b.expired());
}

TEST_F(OpenFilesTest, LeavesAFileOpenWhileItIsUsed) {
  OpenFiles files(root_.get(), scratch_.path(), 1);
  auto a = files.open("a").value();
  files.open("b").value();
  EXPECT_EQ(read_buffer(a->fd.get(), 0, 1, "a").value().view(), "a");
}

TEST_F(OpenFilesTest, NoticesARemovedOrReplacedFile) {
  OpenFiles files(root_.get(), scratch_.path(), 2);
  files.open("a").value();
  files.open("b").value();
  std::filesystem::remove(scratch_.path() / "a");
  write("new", "longer");
  std::filesystem::rename(scratch_.path() / "new", scratch_.path() / "b");
  EXPECT_EQ(files.open("a").error().code(), errc::not_found);
  EXPECT_EQ(files.open("b").value()->size, 6u);
}

TEST_F(OpenFilesTest, ForgetsWhatItIsTold) {
  OpenFiles files(root_.get(), scratch_.path(), 2);
  std::weak_ptr<const OpenFile> a = files.open("a").value();
  files.drop("a");
  files.drop("never opened");
  EXPECT_TRUE(a.expired());
}

TEST(SystemErrors, SayWhichPathWhatHappenedAndWhatToDo) {
  const auto full = system_error("cannot write", "/data/x", ENOSPC);
  EXPECT_EQ(full.code(), errc::no_space);
  EXPECT_EQ(
      full.message(),
      "/data/x: cannot write: No space left on device; free some space (or inodes), then try again");
  EXPECT_EQ(system_error("cannot write", "x", EDQUOT).code(), errc::no_space);
  EXPECT_EQ(system_error("cannot read", "x", EIO).message(), "x: cannot read: Input/output error");
  for (int number : {EMFILE, ENFILE}) {
    EXPECT_EQ(system_error("cannot open", "x", number).code(), errc::io_error);
    EXPECT_NE(system_error("cannot open", "x", number).message().find("limit of"), std::string::npos);
  }
}

} // namespace
} // namespace talaria

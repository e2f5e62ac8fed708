// What only a folder has: its layout, its rights, its disk and the descriptors of its files.
#include "tests/backends/local_factory.hpp"

#include <fcntl.h>
#include <fstream>
#include <sstream>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

namespace talaria {

namespace {

INSTANTIATE_TEST_SUITE_P(Local, StoreConformance, testing::Values(local_factory()), factory_name);

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using testing::AssertionFailure;
using testing::AssertionResult;
using testing::AssertionSuccess;

// Whether the operation failed in this way, with all the `words` in its message.
template <class T>
AssertionResult fails(const Result<T>& result, errc code,
                      std::initializer_list<std::string_view> words) {
  if (result) return AssertionFailure() << "it succeeded";
  const auto& message = result.error().message();
  if (result.error().code() != code)
    return AssertionFailure() << to_string(result.error().code()) << ": " << message;
  for (auto word : words)
    if (message.find(word) == message.npos)
      return AssertionFailure() << "no '" << word << "' in: " << message;
  return AssertionSuccess();
}

std::string read(const fs::path& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

std::size_t entries(const fs::path& folder) {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& entry : fs::directory_iterator(folder)) ++count;
  return count;
}

class ALocalStore : public testing::Test {
protected:
  ScratchFolder folder;
  std::unique_ptr<ObjectStore> store = open_local(folder.path());
};

TEST_F(ALocalStore, SaysWhereItIsAndWhatItCan) {
  EXPECT_EQ(store->location(), folder.path());
  const auto can = store->capabilities();
  EXPECT_TRUE(can.map && can.conditional_put && can.lock);
}

TEST_F(ALocalStore, MakesNoFileByBeingOpenedOrRead) {
  EXPECT_FALSE(store->get("name"));
  EXPECT_TRUE(store->read_ref("main"));
  EXPECT_TRUE(store->list("", [](const ObjectInfo&) { return true; }));
  EXPECT_TRUE(store->remove_unfinished());
  EXPECT_EQ(entries(folder.path()), 0u);
}

TEST_F(ALocalStore, KeepsEachObjectInAFileOfItsName) {
  ASSERT_TRUE(store->put("packs/ab/one", "text"));
  ASSERT_TRUE(store->compare_and_swap("main", std::nullopt, "value"));
  ASSERT_TRUE(store->lock("writer", 0ms));
  EXPECT_EQ(read(folder / "packs/ab/one"), "text");
  EXPECT_EQ(read(folder / "refs/main"), "value");
  EXPECT_TRUE(fs::exists(folder / ".writer.lock"));
  EXPECT_EQ(entries(folder / ".tmp"), 0u);
}

TEST_F(ALocalStore, LetsNobodyWriteToObjects) {
  ASSERT_TRUE(store->put("name", "text"));
  EXPECT_EQ(fs::status(folder / "name").permissions() & fs::perms(0222), fs::perms::none);
}

TEST_F(ALocalStore, ListsNothingForeign) {
  ASSERT_TRUE(store->put("a/one", "1"));
  std::ofstream(folder / "a b") << "no object can have this name";
  std::ofstream(folder / ".hidden") << "nor this";
  std::ofstream(folder / "a/.hidden") << "nor this";
  fs::create_directory(folder / "lost+found");
  std::ofstream(folder / "lost+found/x") << "nor this";
  fs::create_symlink("nowhere", folder / "dangling");
  fs::create_symlink(".", folder / "circle");
  ::mkfifo((folder / "pipe").c_str(), 0600);
  std::vector<std::string> names;
  EXPECT_TRUE(store->list("a", [&](const ObjectInfo& info) {
    names.push_back(info.name);
    return true;
  }));
  EXPECT_EQ(names, std::vector<std::string>{"a/one"});
  EXPECT_TRUE(store->list("p", [](const ObjectInfo&) { return ADD_FAILURE(), true; }));
  EXPECT_TRUE(store->list("d", [](const ObjectInfo&) { return ADD_FAILURE(), true; }));
  EXPECT_TRUE(fails(store->get("pipe"), errc::not_found, {"pipe"}));
}

TEST_F(ALocalStore, RefusesAnObjectWhereAFolderIsAndTheOtherWayRound) {
  ASSERT_TRUE(store->put("a/one", "1"));
  EXPECT_TRUE(fails(store->put("a", "x"), errc::invalid_argument, {"/a", "folder"}));
  EXPECT_TRUE(fails(store->put_if_absent("a", "x"), errc::invalid_argument, {"folder"}));
  EXPECT_TRUE(fails(store->put("a/one/more", "x"), errc::invalid_argument, {"a/one"}));
  EXPECT_EQ(entries(folder / ".tmp"), 0u);
}

TEST_F(ALocalStore, RemovesWhatDeadWritersLeft) {
  ASSERT_TRUE(store->put("name", "text"));
  std::ofstream(folder / ".tmp/4711-left-behind") << "half an obj";
  auto abandoned = store->create().value();
  ASSERT_TRUE(abandoned->append("more"));
  EXPECT_EQ(entries(folder / ".tmp"), 2u);
  EXPECT_TRUE(store->remove_unfinished());
  EXPECT_EQ(entries(folder / ".tmp"), 0u);
  EXPECT_TRUE(fails(abandoned->commit("other"), errc::io_error, {"other"}));
  EXPECT_TRUE(store->get("name"));
}

TEST_F(ALocalStore, MakesItsFoldersAnewWhenSomebodyRemovedThem) {
  ASSERT_TRUE(store->put("a/b/name", "text"));
  ASSERT_TRUE(store->compare_and_swap("main", std::nullopt, "1"));
  for (auto name : {"a", "refs", ".tmp"}) fs::remove_all(folder / name);
  EXPECT_TRUE(store->put("a/b/name", "text"));
  fs::remove_all(folder / "a");
  EXPECT_TRUE(store->put_if_absent("a/b/name", "text").value());
}

TEST_F(ALocalStore, StaysInItsFolderWhereverTheProcessGoes) {
  const auto before = fs::current_path();
  fs::current_path(folder.path().parent_path());
  auto relative = open_local(folder.path().filename());
  fs::current_path("/");
  EXPECT_TRUE(relative->put("name", "text"));
  fs::current_path(before);
  EXPECT_EQ(read(folder / "name"), "text");
}

TEST_F(ALocalStore, NamesTheHolderOfALock) {
  auto held = store->lock("writer", 0ms).value();
  EXPECT_TRUE(fails(store->lock("writer", 0ms), errc::locked,
                    {"lock writer", "process " + std::to_string(::getpid()), ".writer.lock"}));
}

TEST_F(ALocalStore, CallsAnOverlongRefDamaged) {
  fs::create_directory(folder / "refs");
  std::ofstream(folder / "refs/main") << std::string(70'000, 'x');
  EXPECT_TRUE(fails(store->read_ref("main"), errc::damaged, {"refs/main"}));
}

TEST(OpeningALocalStore, TakesAFolder) {
  ScratchFolder scratch;
  std::ofstream(scratch / "file") << "text";
  EXPECT_TRUE(
      fails(local_store(scratch / "none", false), errc::no_repository, {"none", "no such folder"}));
  EXPECT_TRUE(
      fails(local_store(scratch / "file", false), errc::no_repository, {"file", "not a folder"}));
  EXPECT_TRUE(
      fails(local_store(scratch / "file/x", true), errc::io_error, {"file/x", "Not a directory"}));
  EXPECT_TRUE(fails(local_store("", true), errc::invalid_argument, {"path"}));
  EXPECT_TRUE(local_store(scratch / "a/b/c/", true));
  EXPECT_TRUE(local_store(scratch / "a/b/c", true));
  EXPECT_TRUE(local_store(scratch / "a/b/c", false));
}

// --- A folder that may not be written
// ------------------------------------------------------------------

// A file system of its own, in memory; needs the rights of root.
class Mounted {
public:
  Mounted(const fs::path& path, const char* options) : path_(path) {
    fs::create_directories(path_);
    mounted_ = ::mount("tmpfs", path_.c_str(), "tmpfs", 0, options) == 0;
  }
  ~Mounted() {
    if (mounted_) ::umount2(path_.c_str(), MNT_DETACH);
  }
  Mounted(const Mounted&) = delete;
  Mounted& operator=(const Mounted&) = delete;

  explicit operator bool() const { return mounted_; }
  void make_read_only() { ::mount("tmpfs", path_.c_str(), "tmpfs", MS_REMOUNT | MS_RDONLY, nullptr); }

private:
  fs::path path_;
  bool mounted_;
};

void expect_readable_only(ObjectStore& store) {
  EXPECT_EQ(store.get("a/name").value().view(), "text");
  EXPECT_EQ(store.map("a/name").value().view(), "text");
  EXPECT_EQ(store.read_ref("main").value(), "1");
  EXPECT_TRUE(fails(store.put("a/other", "x"), errc::io_error, {".tmp/", "cannot make"}));
  EXPECT_TRUE(fails(store.create(), errc::io_error, {".tmp/"}));
  EXPECT_TRUE(fails(store.compare_and_swap("main", "1", "2"), errc::io_error, {"refs/"}));
  EXPECT_TRUE(fails(store.lock("another", 0ms), errc::io_error, {".another.lock"}));
  EXPECT_TRUE(fails(store.remove("a/name"), errc::io_error, {"a/name", "cannot remove"}));
}

TEST(AReadOnlyDisk, IsReadAndItsErrorsSayWhatToDo) {
  ScratchFolder scratch;
  Mounted disk(scratch / "disk", "size=1m");
  if (!disk) GTEST_SKIP() << "mounting a file system needs the rights of root";
  auto store = open_local(scratch / "disk");
  ASSERT_TRUE(store->put("a/name", "text"));
  ASSERT_TRUE(store->compare_and_swap("main", std::nullopt, "1").value());
  disk.make_read_only();
  expect_readable_only(*store);
  EXPECT_TRUE(
      fails(store->put("x", ""), errc::io_error, {"Read-only file system", "mount it for writing"}));
  EXPECT_TRUE(open_local(scratch / "disk", true));
}

TEST_F(ALocalStore, WithoutTheRightToWriteIsReadAndSaysSo) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may write anywhere";
  ASSERT_TRUE(store->put("a/name", "text"));
  ASSERT_TRUE(store->compare_and_swap("main", std::nullopt, "1").value());
  const std::vector<std::string> folders{".", "a", ".tmp", "refs"};
  for (const auto& f : folders) fs::permissions(folder / f, fs::perms(0555));
  fs::permissions(folder / "refs/.lock", fs::perms(0444));
  expect_readable_only(*store);
  EXPECT_TRUE(fails(store->put("x", ""), errc::io_error, {"Permission denied", "right to"}));
  for (const auto& f : folders) fs::permissions(folder / f, fs::perms(0755));
}

// --- A full disk
// ---------------------------------------------------------------------------------------

TEST(AFullDisk, IsToldFromOtherErrorsAndCanBeCleanedUp) {
  ScratchFolder scratch;
  Mounted disk(scratch / "disk", "size=1m");
  if (!disk) GTEST_SKIP() << "mounting a file system needs the rights of root";
  auto store = open_local(scratch / "disk");
  ASSERT_TRUE(store->compare_and_swap("main", std::nullopt, "1").value());
  ASSERT_TRUE(store->lock("writer", 0ms));
  std::size_t stored = 0;
  Result<void> last;
  while ((last = store->put("a/" + std::to_string(stored), std::string(100'000, 'x')))) ++stored;
  EXPECT_TRUE(fails(last, errc::no_space, {".tmp/", "No space left", "free some space"}));
  EXPECT_GT(stored, 5u);
  EXPECT_EQ(entries(scratch / "disk/.tmp"), 0u);

  // To the last byte.
  while (store->put("b/" + std::to_string(stored++), std::string(4096, 'x'))) {
  }
  EXPECT_TRUE(fails(store->compare_and_swap("main", "1", "2"), errc::no_space, {"No space left"}));
  EXPECT_EQ(store->read_ref("main").value(), "1");
  EXPECT_TRUE(fails(store->put_if_absent("c", "x"), errc::no_space, {}));
  {
    auto writer = store->create().value();
    EXPECT_TRUE(fails(writer->append(std::string(1'000'000, 'x')), errc::no_space, {".tmp/"}));
    EXPECT_TRUE(fails(writer->append("x"), errc::no_space, {}));
    EXPECT_TRUE(fails(writer->commit("never/seen"), errc::no_space, {}));
  }
  EXPECT_FALSE(store->stat("never/seen"));

  EXPECT_TRUE(store->lock("writer", 0ms)) << "which the cleaning up takes";
  EXPECT_EQ(store->get("a/0").value().size(), 100'000u);
  EXPECT_TRUE(store->remove_unfinished());
  EXPECT_TRUE(store->remove("a/0"));
  EXPECT_TRUE(store->put("a/0", "text"));
  EXPECT_TRUE(store->compare_and_swap("main", "1", "2").value());
}

// --- Descriptors of files
// ------------------------------------------------------------------------------

// Lowers the limit of this process, and restores it.
class DescriptorLimit {
public:
  explicit DescriptorLimit(rlim_t limit) {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    const rlimit lower{limit, before_.rlim_max};
    ::setrlimit(RLIMIT_NOFILE, &lower);
  }
  ~DescriptorLimit() { ::setrlimit(RLIMIT_NOFILE, &before_); }
  DescriptorLimit(const DescriptorLimit&) = delete;
  DescriptorLimit& operator=(const DescriptorLimit&) = delete;

private:
  rlimit before_{};
};

std::size_t open_descriptors() {
  return entries("/proc/self/fd");
}

TEST_F(ALocalStore, KeepsABoundedNumberOfFilesOpen) {
  std::vector<Buffer> mapped;
  for (int i = 0; i < 200; ++i) ASSERT_TRUE(store->put("a/" + std::to_string(i), "text"));
  const auto before = open_descriptors();
  for (int i = 0; i < 200; ++i) {
    ASSERT_TRUE(store->get_range({"a/" + std::to_string(i), 1, 2}));
    mapped.push_back(store->map("a/" + std::to_string(i)).value());
  }
  EXPECT_LE(open_descriptors(), before + 64);
  store.reset();
  EXPECT_LT(open_descriptors(), before);
  EXPECT_EQ(mapped.back().view(), "text");
}

TEST_F(ALocalStore, GivesUpItsOpenFilesBeforeItFails) {
  for (int i = 0; i < 60; ++i) ASSERT_TRUE(store->put("a/" + std::to_string(i), "text"));
  DescriptorLimit limit(open_descriptors() + 20);
  for (int i = 0; i < 60; ++i) ASSERT_TRUE(store->get_range({"a/" + std::to_string(i), 1, 2})) << i;
}

TEST_F(ALocalStore, TellsALimitOfDescriptorsFromAnAbsentObject) {
  ASSERT_TRUE(store->put("name", "text"));
  std::vector<int> taken;
  {
    DescriptorLimit limit(open_descriptors() + 10);
    for (int fd; (fd = ::open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0;) taken.push_back(fd);
    const auto words = {std::string_view("Too many open files"), std::string_view("ulimit -n")};
    EXPECT_TRUE(fails(store->get("name"), errc::io_error, words));
    EXPECT_TRUE(fails(store->get_range({"name", 0, 1}), errc::io_error, words));
    EXPECT_TRUE(fails(store->map("name"), errc::io_error, words));
    EXPECT_TRUE(fails(store->read_ref("main"), errc::io_error, words));
    EXPECT_TRUE(fails(store->put("other", "x"), errc::io_error, words));
    EXPECT_TRUE(fails(store->lock("writer", 0ms), errc::io_error, words));
    EXPECT_TRUE(fails(store->list("", [](const ObjectInfo&) { return true; }), errc::io_error, words));
    EXPECT_TRUE(fails(local_store(folder.path(), false), errc::io_error, words));
    EXPECT_EQ(store->stat("name").value().size, 4u);
  }
  for (int fd : taken) ::close(fd);
  EXPECT_EQ(store->get("name").value().view(), "text");
}

} // namespace
} // namespace talaria

#include "tests/backends/conformance.hpp"

#include <algorithm>
#include <atomic>
#include <fstream>
#include <random>
#include <set>
#include <thread>
#include <unistd.h>

namespace talaria {

// The program of a backend instantiates the suite.
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(StoreConformance);

ObjectStore& StoreConformance::other_handle() {
  if (!under_test_.open_again) return store();
  if (!other_) other_ = under_test_.open_again();
  return *other_;
}

std::vector<std::string> StoreConformance::names(const std::string& prefix) {
  std::vector<std::string> all;
  auto done = store().list(prefix, [&](const ObjectInfo& info) {
    all.push_back(info.name);
    return true;
  });
  EXPECT_TRUE(done) << done.error().message();
  std::sort(all.begin(), all.end());
  return all;
}

namespace {

using namespace std::string_literals;
using namespace std::chrono_literals;

template <class T>
errc code_of(const Result<T>& result) {
  if (result) return errc{};
  EXPECT_FALSE(result.error().message().empty());
  return result.error().code();
}

#define EXPECT_OK(...)                                                                                  \
  do {                                                                                                  \
    auto ok_result_ = (__VA_ARGS__);                                                                    \
    EXPECT_TRUE(ok_result_) << to_string(ok_result_.error().code()) << ": "                             \
                            << ok_result_.error().message();                                            \
  } while (false)

std::string content(std::size_t size, unsigned seed = 1) {
  std::string text(size, '\0');
  std::uint64_t state = seed;
  for (auto& c : text) {
    state = state * 6364136223846793005 + 1442695040888963407;
    c = static_cast<char>(state >> 56);
  }
  return text;
}

// Bytes of memory that this process has in use, now.
std::size_t resident_bytes() {
  std::size_t total = 0;
  std::size_t resident = 0;
  std::ifstream("/proc/self/statm") >> total >> resident;
  return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

// Runs `body` on several threads, which begin together.
void in_parallel(int threads, const std::function<void(int)>& body) {
  std::atomic<int> waiting = threads;
  std::vector<std::thread> all;
  for (int i = 0; i < threads; ++i)
    all.emplace_back([&, i] {
      --waiting;
      while (waiting > 0) std::this_thread::yield();
      body(i);
    });
  for (auto& t : all) t.join();
}

// --- Objects
// ---------------------------------------------------------------------------------------------

TEST_P(StoreConformance, StartsEmpty) {
  EXPECT_TRUE(names().empty());
  EXPECT_EQ(code_of(store().get("absent")), errc::not_found);
  EXPECT_EQ(store().read_ref("main").value(), std::nullopt);
  EXPECT_FALSE(store().location().empty());
}

TEST_P(StoreConformance, GivesBackWhatWasPut) {
  const auto bytes = content(10'000);
  EXPECT_OK(store().put("packs/ab/one", bytes));
  EXPECT_EQ(store().get("packs/ab/one").value().view(), bytes);
  EXPECT_EQ(store().map("packs/ab/one").value().view(), bytes);
  EXPECT_EQ(store().get_range({"packs/ab/one", 0, bytes.size()}).value().view(), bytes);
  const auto info = store().stat("packs/ab/one").value();
  EXPECT_EQ(info.name, "packs/ab/one");
  EXPECT_EQ(info.size, bytes.size());
  EXPECT_EQ(names(), std::vector{"packs/ab/one"s});
}

TEST_P(StoreConformance, ShowsAtOnceToEverybodyWhatWasPut) {
  EXPECT_OK(store().put("a/one", "1"));
  EXPECT_EQ(other_handle().get("a/one").value().view(), "1");
  EXPECT_TRUE(other_handle().stat("a/one"));
  EXPECT_OK(other_handle().put("a/two", "2"));
  EXPECT_EQ(store().get("a/two").value().view(), "2");
  EXPECT_EQ(names(), (std::vector{"a/one"s, "a/two"s}));
}

TEST_P(StoreConformance, ReplacesByPut) {
  EXPECT_OK(store().put("name", "before"));
  EXPECT_EQ(store().get_range({"name", 0, 3}).value().view(), "bef");
  EXPECT_EQ(other_handle().get_range({"name", 0, 3}).value().view(), "bef");
  EXPECT_OK(store().put("name", "and after"));
  for (auto* handle : {&store(), &other_handle()}) {
    EXPECT_EQ(handle->get("name").value().view(), "and after");
    EXPECT_EQ(handle->get_range({"name", 4, 5}).value().view(), "after");
    EXPECT_EQ(handle->map("name").value().view(), "and after");
    EXPECT_EQ(handle->stat("name").value().size, 9u);
  }
  EXPECT_EQ(names().size(), 1u);
}

TEST_P(StoreConformance, KeepsWhatIsThereByPutIfAbsent) {
  EXPECT_TRUE(store().put_if_absent("name", "first").value());
  EXPECT_FALSE(store().put_if_absent("name", "second").value());
  EXPECT_FALSE(other_handle().put_if_absent("name", "third").value());
  EXPECT_EQ(store().get("name").value().view(), "first");
}

TEST_P(StoreConformance, LetsOneOfRacingPutIfAbsentsWin) {
  constexpr int threads = 4;
  constexpr int rounds = 25;
  other_handle();
  std::vector<std::atomic<int>> wins(rounds);
  in_parallel(threads, [&](int id) {
    for (int round = 0; round < rounds; ++round) {
      auto& handle = id % 2 ? store() : other_handle();
      auto won = handle.put_if_absent("race/" + std::to_string(round), std::to_string(id));
      EXPECT_TRUE(won) << won.error().message();
      if (won && *won) ++wins[static_cast<std::size_t>(round)];
      EXPECT_EQ(handle.get("race/" + std::to_string(round)).value().size(), 1u);
    }
  });
  for (auto& w : wins) EXPECT_EQ(w, 1);
}

TEST_P(StoreConformance, HoldsObjectsOfNoBytes) {
  EXPECT_OK(store().put("empty", ""));
  EXPECT_EQ(store().get("empty").value().size(), 0u);
  EXPECT_EQ(store().map("empty").value().size(), 0u);
  EXPECT_EQ(store().get_range({"empty", 0, 0}).value().size(), 0u);
  EXPECT_EQ(store().stat("empty").value().size, 0u);
  EXPECT_EQ(code_of(store().get_range({"empty", 0, 1})), errc::damaged);
  auto writer = store().create().value();
  EXPECT_OK(writer->commit("empty2"));
  EXPECT_EQ(names().size(), 2u);
}

TEST_P(StoreConformance, HoldsLargeObjects) {
  const auto bytes = content(GetParam().large);
  EXPECT_OK(store().put("large", bytes));
  EXPECT_TRUE(store().get("large").value().view() == bytes);
  EXPECT_TRUE(store().map("large").value().view() == bytes);
  EXPECT_EQ(store().get_range({"large", bytes.size() - 5, 5}).value().view(),
            bytes.substr(bytes.size() - 5));
  EXPECT_EQ(store().stat("large").value().size, bytes.size());
}

TEST_P(StoreConformance, KeepsMappedBytesWhenTheObjectGoes) {
  const auto bytes = content(100'000);
  EXPECT_OK(store().put("name", bytes));
  const auto mapped = store().map("name").value();
  const auto part = mapped.slice(500, 100);
  EXPECT_OK(store().remove("name"));
  EXPECT_TRUE(mapped.view() == bytes);
  EXPECT_EQ(part.view(), bytes.substr(500, 100));
}

// --- Parts of objects
// -------------------------------------------------------------------------------------

TEST_P(StoreConformance, ReadsAnyRange) {
  const auto bytes = content(5000);
  EXPECT_OK(store().put("name", bytes));
  std::mt19937 random(1);
  for (int i = 0; i < 200; ++i) {
    const auto offset = random() % (bytes.size() + 1);
    const auto length = random() % (bytes.size() - offset + 1);
    EXPECT_EQ(store().get_range({"name", offset, length}).value().view(), bytes.substr(offset, length));
  }
}

TEST_P(StoreConformance, CallsARangeBeyondTheObjectDamaged) {
  EXPECT_OK(store().put("name", "12345"));
  constexpr auto most = ~std::uint64_t{0};
  const ObjectRange beyond[] = {{"name", 0, 6},       {"name", 5, 1},       {"name", 6, 0},
                                {"name", 6, most},    {"name", 1, 5},       {"name", most, 1},
                                {"name", most, most}, {"name", 3, most - 2}};
  for (const auto& range : beyond) {
    EXPECT_EQ(code_of(store().get_range(range)), errc::damaged) << range.offset << " " << range.length;
    EXPECT_EQ(code_of(store().get_ranges({&range, 1})), errc::damaged);
  }
  EXPECT_EQ(store().get_range({"name", 5, 0}).value().size(), 0u);
  EXPECT_EQ(code_of(store().get_range({"absent", 0, 0})), errc::not_found);
}

TEST_P(StoreConformance, ReadsManyRangesInTheOrderAsked) {
  std::vector<std::string> all;
  for (unsigned i = 0; i < 100; ++i) {
    all.push_back(content(1000, i));
    EXPECT_OK(store().put("objects/" + std::to_string(i), all.back()));
  }
  std::vector<ObjectRange> ranges;
  std::vector<std::string> expected;
  std::mt19937 random(2);
  for (int i = 0; i < 1000; ++i) {
    const auto object = random() % all.size();
    const auto offset = random() % 1000;
    const auto length = random() % (1001 - offset);
    ranges.push_back({"objects/" + std::to_string(object), offset, length});
    expected.push_back(all[object].substr(offset, length));
  }
  const auto parts = store().get_ranges(ranges).value();
  ASSERT_EQ(parts.size(), expected.size());
  for (std::size_t i = 0; i < parts.size(); ++i) EXPECT_EQ(parts[i].view(), expected[i]);
  EXPECT_TRUE(store().get_ranges({}).value().empty());
}

TEST_P(StoreConformance, FailsABatchByItsFirstFailure) {
  EXPECT_OK(store().put("name", "12345"));
  const ObjectRange absent_first[] = {{"name", 0, 5}, {"absent", 0, 1}, {"name", 0, 6}};
  const ObjectRange damaged_first[] = {{"name", 0, 5}, {"name", 0, 6}, {"absent", 0, 1}};
  EXPECT_EQ(code_of(store().get_ranges(absent_first)), errc::not_found);
  EXPECT_EQ(code_of(store().get_ranges(damaged_first)), errc::damaged);
}

// --- Writers
// ----------------------------------------------------------------------------------------------

TEST_P(StoreConformance, ShowsAWrittenObjectWhenItIsCommitted) {
  auto writer = store().create().value();
  std::string whole;
  for (std::size_t size : {0, 1, 1000, 300'000, 7, 262'144, 262'143, 2, 1'000'000, 0}) {
    const auto piece = content(size, static_cast<unsigned>(size));
    EXPECT_OK(writer->append(piece));
    whole += piece;
  }
  EXPECT_TRUE(names().empty());
  EXPECT_OK(writer->commit("a/b/written"));
  EXPECT_TRUE(store().get("a/b/written").value().view() == whole);
  EXPECT_EQ(names(), std::vector{"a/b/written"s});
}

TEST_P(StoreConformance, GathersManySmallAppends) {
  auto writer = store().create().value();
  std::string whole;
  for (int i = 0; i < 200'000; ++i) {
    const auto piece = std::to_string(i);
    ASSERT_TRUE(writer->append(piece));
    whole += piece;
  }
  EXPECT_OK(writer->commit("written"));
  EXPECT_TRUE(store().get("written").value().view() == whole);
}

TEST_P(StoreConformance, LeavesNothingOfAnAbandonedWriter) {
  {
    auto writer = store().create().value();
    EXPECT_OK(writer->append(content(1'000'000)));
    auto unused = store().create().value();
  }
  EXPECT_TRUE(names().empty());
}

TEST_P(StoreConformance, KeepsWhatIsThereByCommit) {
  EXPECT_OK(store().put("name", "first"));
  auto writer = store().create().value();
  EXPECT_OK(writer->append("second"));
  EXPECT_OK(writer->commit("name"));
  EXPECT_EQ(store().get("name").value().view(), "first");
}

TEST_P(StoreConformance, SpendsAWriterByCommit) {
  auto writer = store().create().value();
  EXPECT_OK(writer->append("text"));
  EXPECT_OK(writer->commit("name"));
  EXPECT_EQ(code_of(writer->append("more")), errc::invalid_argument);
  EXPECT_EQ(code_of(writer->commit("other")), errc::invalid_argument);

  auto refused = store().create().value();
  EXPECT_EQ(code_of(refused->commit("not a name")), errc::invalid_argument);
  EXPECT_EQ(code_of(refused->commit("other")), errc::invalid_argument);
  EXPECT_EQ(names(), std::vector{"name"s});
}

TEST_P(StoreConformance, LetsWritersAndLocksOutliveTheStore) {
  auto made = GetParam().make();
  auto writer = made.store->create().value();
  auto lock = made.store->lock("writer", 0ms).value();
  made.store.reset();
  EXPECT_OK(writer->append("text"));
  EXPECT_OK(writer->commit("name"));
}

TEST_P(StoreConformance, HasManyWritersAtOnce) {
  in_parallel(4, [&](int id) {
    for (unsigned i = 0; i < 10; ++i) {
      auto writer = store().create();
      ASSERT_TRUE(writer) << writer.error().message();
      EXPECT_OK((*writer)->append(content(10'000, i)));
      // All threads write the same objects, as two ingests of the same release do.
      EXPECT_OK((*writer)->commit("same/" + std::to_string(i)));
      EXPECT_OK(store().put("own/" + std::to_string(id) + "/" + std::to_string(i), "x"));
    }
  });
  EXPECT_EQ(names("same/").size(), 10u);
  EXPECT_EQ(names("own/").size(), 40u);
  for (unsigned i = 0; i < 10; ++i)
    EXPECT_TRUE(store().get("same/" + std::to_string(i)).value().view() == content(10'000, i));
}

TEST_P(StoreConformance, RemovesNothingThatIsFinishedWithTheUnfinished) {
  EXPECT_OK(store().remove_unfinished());
  EXPECT_OK(store().put("a/name", "text"));
  EXPECT_TRUE(store().compare_and_swap("main", std::nullopt, "1").value());
  EXPECT_OK(store().remove_unfinished());
  EXPECT_EQ(names(), std::vector{"a/name"s});
  EXPECT_EQ(store().read_ref("main").value(), "1");
  EXPECT_OK(store().put("a/other", "text"));
}

// --- Removal
// ----------------------------------------------------------------------------------------------

TEST_P(StoreConformance, RemovesObjects) {
  EXPECT_OK(store().put("a/one", "1"));
  EXPECT_OK(store().put("a/two", "2"));
  EXPECT_EQ(store().get_range({"a/one", 0, 1}).value().view(), "1");
  EXPECT_EQ(other_handle().get_range({"a/one", 0, 1}).value().view(), "1");
  EXPECT_OK(store().remove("a/one"));
  for (auto* handle : {&store(), &other_handle()}) {
    EXPECT_EQ(code_of(handle->get("a/one")), errc::not_found);
    EXPECT_EQ(code_of(handle->get_range({"a/one", 0, 1})), errc::not_found);
    EXPECT_EQ(code_of(handle->map("a/one")), errc::not_found);
    EXPECT_EQ(code_of(handle->stat("a/one")), errc::not_found);
    EXPECT_EQ(code_of(handle->remove("a/one")), errc::not_found);
  }
  EXPECT_EQ(names(), std::vector{"a/two"s});
  EXPECT_OK(store().put("a/one", "again"));
  EXPECT_EQ(store().get_range({"a/one", 0, 5}).value().view(), "again");
}

TEST_P(StoreConformance, HasNoObjectWhereOthersAreOnlyBelow) {
  EXPECT_OK(store().put("a/b/c", "1"));
  for (auto name : {"a", "a/b", "a/b/c/d"}) {
    EXPECT_EQ(code_of(store().get(name)), errc::not_found) << name;
    EXPECT_EQ(code_of(store().get_range({name, 0, 0})), errc::not_found) << name;
    EXPECT_EQ(code_of(store().map(name)), errc::not_found) << name;
    EXPECT_EQ(code_of(store().stat(name)), errc::not_found) << name;
    EXPECT_EQ(code_of(store().remove(name)), errc::not_found) << name;
  }
  EXPECT_EQ(store().get("a/b/c").value().view(), "1");
}

// --- Names
// ------------------------------------------------------------------------------------------------

TEST_P(StoreConformance, TakesEveryPermittedName) {
  const std::string every = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
  std::vector<std::string> all{every,
                               "a",
                               "-",
                               "_",
                               "-rf",
                               "a.",
                               "a..b",
                               "write.lock",
                               "refs.txt",
                               "Refs",
                               "packs/refs/x",
                               "tmp/x",
                               "lower/case",
                               "lower/CASE",
                               std::string(200, 'x'),
                               "deep/a/b/c/d/e/f/g/h/i/j",
                               std::string(199, 'p') + "/" + std::string(200, 'q') + "/" +
                                   std::string(111, 'r')};
  ASSERT_EQ(all.back().size(), 512u);
  for (char c : every)
    if (c != '.') all.push_back(std::string("chars/") + c);
  for (const auto& name : all) {
    EXPECT_OK(store().put(name, name));
    EXPECT_EQ(store().get(name).value().view(), name);
  }
  std::sort(all.begin(), all.end());
  EXPECT_EQ(names(), all);
}

TEST_P(StoreConformance, RefusesEveryOtherName) {
  std::vector<std::string> bad{"",     "/",         "/a",     "a/",   "a//b",   ".",       "..",
                               "../a", "a/.",       "a/../b", "./a",  ".tmp/x", ".a",      "a/.b",
                               "refs", "refs/main", "a b",    "a\nb", "a\0b"s,  "a\\b",    "a:b",
                               "a*",   "\xc3\xa4",  "a/b/",   "~",    "a+b",    "refs/a/b"};
  bad.push_back(std::string(201, 'x'));
  bad.push_back("a/" + std::string(201, 'x'));
  bad.push_back(std::string(199, 'p') + "/" + std::string(200, 'q') + "/" + std::string(112, 'r'));
  const std::string good = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-/";
  for (int c = 0; c < 256; ++c)
    if (good.find(static_cast<char>(c)) == good.npos) bad.push_back("a"s + static_cast<char>(c) + "b");
  for (const auto& name : bad) {
    EXPECT_EQ(code_of(store().put(name, "x")), errc::invalid_argument) << name;
    EXPECT_EQ(code_of(store().put_if_absent(name, "x")), errc::invalid_argument) << name;
    EXPECT_EQ(code_of(store().get(name)), errc::invalid_argument) << name;
    EXPECT_EQ(code_of(store().get_range({name, 0, 0})), errc::invalid_argument) << name;
    EXPECT_EQ(code_of(store().map(name)), errc::invalid_argument) << name;
    EXPECT_EQ(code_of(store().stat(name)), errc::invalid_argument) << name;
    EXPECT_EQ(code_of(store().remove(name)), errc::invalid_argument) << name;
    auto writer = store().create().value();
    EXPECT_EQ(code_of(writer->commit(name)), errc::invalid_argument) << name;
  }
  EXPECT_TRUE(names().empty());
}

TEST_P(StoreConformance, NamesRefsAndLocksByASinglePart) {
  for (auto name : {"", "a/b", ".", "..", ".lock", "a b", "../main"}) {
    EXPECT_EQ(code_of(store().read_ref(name)), errc::invalid_argument) << name;
    EXPECT_EQ(code_of(store().compare_and_swap(name, std::nullopt, "x")), errc::invalid_argument)
        << name;
    EXPECT_EQ(code_of(store().lock(name, 0ms)), errc::invalid_argument) << name;
  }
  const std::string longest(200, 'x');
  EXPECT_TRUE(store().compare_and_swap(longest, std::nullopt, "x").value());
  EXPECT_OK(store().lock(longest, 0ms));
}

// --- Listing
// ----------------------------------------------------------------------------------------------

TEST_P(StoreConformance, ListsByPrefix) {
  for (auto name : {"packs/aa/1", "packs/aa/2", "packs/ab/3", "packs2/x", "pages/aa", "top"})
    EXPECT_OK(store().put(name, "12345"));
  using Names = std::vector<std::string>;
  EXPECT_EQ(names("packs/"), (Names{"packs/aa/1", "packs/aa/2", "packs/ab/3"}));
  EXPECT_EQ(names("packs"), (Names{"packs/aa/1", "packs/aa/2", "packs/ab/3", "packs2/x"}));
  EXPECT_EQ(names("packs/a"), (Names{"packs/aa/1", "packs/aa/2", "packs/ab/3"}));
  EXPECT_EQ(names("packs/aa"), (Names{"packs/aa/1", "packs/aa/2"}));
  EXPECT_EQ(names("packs/aa/"), (Names{"packs/aa/1", "packs/aa/2"}));
  EXPECT_EQ(names("packs/aa/2"), (Names{"packs/aa/2"}));
  EXPECT_EQ(names("pa").size(), 5u);
  EXPECT_EQ(names("").size(), 6u);
  for (auto prefix :
       {"packs/aa/2/", "none", "packs/c", "/", "../", "packs/../pages/", "refs/", ".", ".tmp/", "a b"})
    EXPECT_EQ(names(prefix), Names{}) << prefix;
}

TEST_P(StoreConformance, ListsSizesAndNoRefsOrLocks) {
  EXPECT_OK(store().put("name", "12345"));
  EXPECT_TRUE(store().compare_and_swap("main", std::nullopt, "value").value());
  auto lock = store().lock("writer", 0ms).value();
  auto writer = store().create().value();
  EXPECT_OK(writer->append(content(1'000'000)));
  std::vector<ObjectInfo> all;
  EXPECT_OK(store().list("", [&](const ObjectInfo& info) {
    all.push_back(info);
    return true;
  }));
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].name, "name");
  EXPECT_EQ(all[0].size, 5u);
}

TEST_P(StoreConformance, StopsListingWhenTold) {
  for (int i = 0; i < 20; ++i) EXPECT_OK(store().put("a/" + std::to_string(i), ""));
  int seen = 0;
  EXPECT_OK(store().list("", [&](const ObjectInfo&) { return ++seen < 7; }));
  EXPECT_EQ(seen, 7);
}

TEST_P(StoreConformance, LetsTheVisitorUseTheStore) {
  for (int i = 0; i < 600; ++i) EXPECT_OK(store().put_if_absent("a/" + std::to_string(i), ""));
  EXPECT_OK(store().list("a/", [&](const ObjectInfo& info) {
    EXPECT_OK(store().stat(info.name));
    EXPECT_OK(store().remove(info.name));
    return true;
  }));
  EXPECT_TRUE(names().empty());
}

// --- Refs
// -------------------------------------------------------------------------------------------------

TEST_P(StoreConformance, MovesARefOnlyFromWhatWasExpected) {
  EXPECT_FALSE(store().compare_and_swap("main", "old", "new").value());
  EXPECT_EQ(store().read_ref("main").value(), std::nullopt);
  EXPECT_TRUE(store().compare_and_swap("main", std::nullopt, "one").value());
  EXPECT_FALSE(store().compare_and_swap("main", std::nullopt, "two").value());
  EXPECT_FALSE(store().compare_and_swap("main", "on", "two").value());
  EXPECT_FALSE(store().compare_and_swap("main", "", "two").value());
  EXPECT_EQ(other_handle().read_ref("main").value(), "one");
  EXPECT_TRUE(other_handle().compare_and_swap("main", "one", "two").value());
  EXPECT_EQ(store().read_ref("main").value(), "two");
  EXPECT_EQ(store().read_ref("other").value(), std::nullopt);
}

TEST_P(StoreConformance, HoldsAnyBytesInARefUpToItsBound) {
  const auto longest = content(std::size_t{64} << 10);
  EXPECT_TRUE(store().compare_and_swap("main", std::nullopt, "").value());
  EXPECT_EQ(store().read_ref("main").value(), "");
  EXPECT_TRUE(store().compare_and_swap("main", "", longest).value());
  EXPECT_EQ(store().read_ref("main").value(), longest);
  EXPECT_EQ(code_of(store().compare_and_swap("main", longest, longest + "x")), errc::limit_exceeded);
  EXPECT_EQ(store().read_ref("main").value(), longest);
}

TEST_P(StoreConformance, LetsOneOfRacingSwapsWin) {
  constexpr int threads = 4;
  constexpr int increments = 10;
  other_handle();
  EXPECT_TRUE(store().compare_and_swap("counter", std::nullopt, "0").value());
  in_parallel(threads, [&](int id) {
    auto& handle = id % 2 ? store() : other_handle();
    for (int done = 0; done < increments;) {
      auto value = handle.read_ref("counter").value().value();
      auto swapped = handle.compare_and_swap("counter", value, std::to_string(std::stoi(value) + 1));
      ASSERT_TRUE(swapped) << swapped.error().message();
      done += *swapped;
    }
  });
  EXPECT_EQ(store().read_ref("counter").value(), std::to_string(threads * increments));
}

// --- Locks
// ------------------------------------------------------------------------------------------------

TEST_P(StoreConformance, LocksOutAllOthersUntilReleased) {
  auto held = store().lock("writer", 0ms).value();
  for (auto* handle : {&store(), &other_handle()}) {
    auto refused = handle->lock("writer", 0ms);
    EXPECT_EQ(code_of(refused), errc::locked);
    EXPECT_NE(refused.error().message().find("writer"), std::string::npos) << refused.error().message();
    EXPECT_EQ(code_of(handle->lock("writer", -1ms)), errc::locked);
  }
  EXPECT_OK(other_handle().lock("another", 0ms));
  held.reset();
  EXPECT_OK(other_handle().lock("writer", 0ms));
  EXPECT_OK(store().lock("writer", 0ms));
}

TEST_P(StoreConformance, WaitsForALockAsLongAsAsked) {
  auto held = store().lock("writer", 0ms).value();
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(code_of(other_handle().lock("writer", 60ms)), errc::locked);
  EXPECT_GE(std::chrono::steady_clock::now() - start, 60ms);

  std::thread release([&] {
    std::this_thread::sleep_for(30ms);
    held.reset();
  });
  EXPECT_OK(other_handle().lock("writer", std::chrono::milliseconds::max()));
  release.join();
}

TEST_P(StoreConformance, GivesALockToOneAtATime) {
  std::atomic<int> counter = 0; // its increments are guarded by the lock alone
  other_handle();
  in_parallel(4, [&](int id) {
    for (int i = 0; i < 10; ++i) {
      auto lock = (id % 2 ? store() : other_handle()).lock("writer", 60s);
      ASSERT_TRUE(lock) << lock.error().message();
      const int seen = counter.load();
      std::this_thread::yield();
      counter = seen + 1;
    }
  });
  EXPECT_EQ(counter, 40);
}

// --- All at once
// ------------------------------------------------------------------------------------------

TEST_P(StoreConformance, ServesAllThreadsAtOnce) {
  const auto bytes = content(5000);
  for (int i = 0; i < 80; ++i) EXPECT_OK(store().put("o/" + std::to_string(i), bytes));
  in_parallel(4, [&](int id) {
    std::mt19937 random(static_cast<unsigned>(id));
    for (int i = 0; i < 400; ++i) {
      const auto name = "o/" + std::to_string(random() % 80);
      switch (random() % 16) {
      case 0: { // objects come and go
        auto removed = store().remove(name);
        EXPECT_TRUE(removed || removed.error().code() == errc::not_found);
        break;
      }
      case 1:
        EXPECT_OK(store().put(name, bytes));
        break;
      case 2:
        EXPECT_OK(store().list("", [](const ObjectInfo& info) { return info.size == 5000; }));
        break;
      default: {
        auto part = store().get_range({name, 100, 1000});
        EXPECT_TRUE(part ? part->view() == std::string_view(bytes).substr(100, 1000)
                         : part.error().code() == errc::not_found);
      }
      }
    }
  });
}

TEST_P(StoreConformance, ListsManyObjectsInBoundedMemory) {
  const auto many = GetParam().many;
  // Durability of each is not at stake here; several threads wait for the disk together.
  in_parallel(4, [&](int id) {
    for (auto i = static_cast<std::size_t>(id); i < many; i += 4)
      ASSERT_TRUE(store().put("packs/" + std::to_string(i % 16) + "/" + std::to_string(i), ""));
  });
  std::size_t seen = 0;
  std::size_t hash = 0;
  const auto before = resident_bytes();
  std::size_t most = before;
  EXPECT_OK(store().list("packs/", [&](const ObjectInfo& info) {
    hash ^= std::hash<std::string>()(info.name);
    if (++seen % 1000 == 0) most = std::max(most, resident_bytes());
    return true;
  }));
  for (std::size_t i = 0; i < many; ++i)
    hash ^= std::hash<std::string>()("packs/" + std::to_string(i % 16) + "/" + std::to_string(i));
  EXPECT_EQ(seen, many);
  EXPECT_EQ(hash, 0u) << "not each of them once";
  // AddressSanitizer keeps freed memory for a while.
#ifndef __SANITIZE_ADDRESS__
  EXPECT_LE(most - before, GetParam().listing_memory);
#endif
}

} // namespace
} // namespace talaria

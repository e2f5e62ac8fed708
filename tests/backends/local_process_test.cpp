// A local store among processes: races between them, and their sudden deaths.
#include "tests/backends/local_factory.hpp"

#include <csignal>
#include <string>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace talaria {
namespace {

using namespace std::chrono_literals;

// A child process that runs `body`. Its exit code is 0 if `body` returned true.
class Child {
public:
  explicit Child(const std::function<bool()>& body) : pid_(::fork()) {
    if (pid_ != 0) return;
    bool ok = false;
    try {
      ok = body();
    } catch (...) {
    }
    ::_exit(ok ? 0 : 1);
  }
  Child(Child&& other) noexcept : pid_(std::exchange(other.pid_, -1)) {}
  Child& operator=(Child&&) = delete;
  ~Child() {
    if (pid_ > 0) kill();
  }

  void kill() {
    ::kill(pid_, SIGKILL);
    wait();
  }

  bool wait() {
    int status = 0;
    return ::waitpid(std::exchange(pid_, -1), &status, 0) > 0 && WIFEXITED(status) &&
           WEXITSTATUS(status) == 0;
  }

private:
  pid_t pid_;
};

// Ends a child that meets an error.
void must(const Result<void>& done) {
  if (!done) throw std::runtime_error(done.error().message());
}

// A byte through a pipe: how a child says that it has come so far.
class Signal {
public:
  Signal() { EXPECT_EQ(::pipe(ends_), 0); }
  ~Signal() {
    ::close(ends_[0]);
    ::close(ends_[1]);
  }
  Signal(const Signal&) = delete;
  Signal& operator=(const Signal&) = delete;

  void give() const { EXPECT_EQ(::write(ends_[1], "x", 1), 1); }
  void await() const {
    char byte = 0;
    EXPECT_EQ(::read(ends_[0], &byte, 1), 1);
  }

private:
  int ends_[2] = {-1, -1};
};

// Content that shows whether it is whole: its length, and the same byte all over.
std::string content(int i) {
  return std::string(static_cast<std::size_t>(1000 + 37 * i), static_cast<char>(i));
}
std::string name(int i) {
  return "o/" + std::to_string(i % 4) + "/" + std::to_string(i);
}

TEST(Processes, RacingForASwapLetOneWin) {
  ScratchFolder folder;
  constexpr int processes = 4;
  constexpr int increments = 25;
  ASSERT_TRUE(open_local(folder.path())->compare_and_swap("counter", std::nullopt, "0").value());
  std::vector<Child> children;
  for (int i = 0; i < processes; ++i)
    children.emplace_back([&] {
      auto store = open_local(folder.path());
      for (int done = 0; done < increments;) {
        auto value = store->read_ref("counter").value().value();
        done += store->compare_and_swap("counter", value, std::to_string(std::stoi(value) + 1)).value();
      }
      return true;
    });
  for (auto& child : children) EXPECT_TRUE(child.wait());
  EXPECT_EQ(open_local(folder.path())->read_ref("counter").value(),
            std::to_string(processes * increments));
}

TEST(Processes, RacingForANameLetOneWin) {
  ScratchFolder folder;
  constexpr int processes = 4;
  constexpr int names = 50;
  std::vector<Child> children;
  for (int p = 0; p < processes; ++p)
    children.emplace_back([&, p] {
      auto store = open_local(folder.path());
      for (int i = 0; i < names; ++i)
        if (store->put_if_absent("race/" + std::to_string(i), std::to_string(p)).value())
          must(store->put("won/" + std::to_string(i) + "/" + std::to_string(p), ""));
      return true;
    });
  for (auto& child : children) EXPECT_TRUE(child.wait());
  auto store = open_local(folder.path());
  int won = 0;
  ASSERT_TRUE(store->list("won/", [&](const ObjectInfo& info) {
    ++won;
    const auto i = info.name.substr(4, info.name.rfind('/') - 4);
    EXPECT_EQ(store->get("race/" + i).value().view(), info.name.substr(info.name.rfind('/') + 1));
    return true;
  }));
  EXPECT_EQ(won, names);
}

TEST(Processes, ExcludeEachOtherByLocks) {
  ScratchFolder folder;
  auto store = open_local(folder.path());
  Signal locked;
  Signal done;
  Child child([&] {
    auto lock = open_local(folder.path())->lock("writer", 0ms).value();
    locked.give();
    done.await();
    return true;
  });
  locked.await();
  auto refused = store->lock("writer", 0ms);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), errc::locked);
  done.give();
  EXPECT_TRUE(store->lock("writer", 60s));
  EXPECT_TRUE(child.wait());
}

TEST(Processes, ThatAreKilledHoldNoLock) {
  ScratchFolder folder;
  auto store = open_local(folder.path());
  Signal locked;
  Child child([&] {
    auto lock = open_local(folder.path())->lock("writer", 0ms).value();
    locked.give();
    std::this_thread::sleep_for(600s);
    return false;
  });
  locked.await();
  EXPECT_FALSE(store->lock("writer", 10ms));
  child.kill();
  EXPECT_TRUE(store->lock("writer", 0ms));
}

TEST(Processes, ThatAreKilledLeaveWholeObjectsOrNone) {
  ScratchFolder folder;
  for (int round = 0; round < 20; ++round) {
    Signal begun;
    Child child([&] {
      auto store = open_local(folder.path());
      begun.give();
      for (int i = 0;; i = (i + 1) % 256) {
        auto writer = store->create().value();
        for (char c : content(i)) must(writer->append({&c, 1}));
        must(writer->commit(name(i)));
        must(store->put(name(i), content(i)));
        auto ref = store->read_ref("main").value();
        store->compare_and_swap("main", ref, content(i)).value();
      }
      return false;
    });
    begun.await();
    std::this_thread::sleep_for(std::chrono::milliseconds(1 + round * 2));
    child.kill();

    auto store = open_local(folder.path());
    ASSERT_TRUE(store->list("", [&](const ObjectInfo& info) {
      const int i = std::stoi(info.name.substr(4));
      EXPECT_EQ(info.name, name(i));
      EXPECT_TRUE(store->get(info.name).value().view() == content(i)) << info.name;
      return true;
    }));
    auto ref = store->read_ref("main").value();
    EXPECT_TRUE(!ref || *ref == content(static_cast<unsigned char>(ref->front())));
    ASSERT_TRUE(store->lock("writer", 0ms));
    ASSERT_TRUE(store->remove_unfinished());
    const auto unfinished = folder.path() / ".tmp";
    EXPECT_TRUE(!std::filesystem::exists(unfinished) || std::filesystem::is_empty(unfinished));
  }
}

} // namespace
} // namespace talaria

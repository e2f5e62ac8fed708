// What the fault tests share: system calls that fail or kill, file systems of their own, and the promise
// that has to hold whatever happened.
#pragma once

#include "tests/cli/program.hpp"
#include "tests/fault/tracer.hpp"

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace talaria::test {

// Runs any program, with `folder` as its working folder; 127 if there is no such program.
Outcome execute(const std::string& folder, const Arguments& command);

// What a child process does to run a command: its output goes to files in `folder`.
[[noreturn]] void become(const std::string& folder, const Arguments& command);

// How a command that became so ended.
Outcome outcome_of(const std::string& folder, int status);

// A test with a repository "repo" that has the release db@1, and the input of a second, "second.fasta".
class FaultTest : public ProgramTest {
protected:
  void make_first_release();

  // Runs the program again and again: once with its first call of `call` changed, then the second, until
  // no call was changed. Tries one of `stride` calls. `prepare` comes before each run, `check` after it.
  void sweep(const std::string& call, int error, const Arguments& arguments, int stride,
             const std::function<void()>& prepare,
             const std::function<void(const Injected&)>& check) const;

  // Puts "repo" back to what keep() kept.
  void keep() const;
  void restore() const;

  // The first release is there and sound, the second wholly or not at all; the repository is sound and
  // takes the second release; afterwards nothing is left over.
  void expect_survived() const;

  // db@1 comes back byte for byte, and verify finds nothing.
  void expect_sound() const;

  void expect_exports(const std::string& release, const std::string& content) const;

  std::vector<std::string> releases() const;

  // The numbers of files by folder of "repo"; files that are not objects don't count.
  std::map<std::string, std::size_t> object_counts() const;

  const std::string& first() const { return first_; }
  const std::string& second() const { return second_; }

  // The command that adds the second release.
  Arguments ingest_second() const { return {"ingest", path("second.fasta"), "--release", "db@2"}; }

private:
  std::string first_;
  std::string second_;
  std::map<std::string, std::size_t> whole_; // object_counts() with both releases and no accident
};

// A file system of its own at a path, for as long as this lives.
class Mount {
public:
  explicit Mount(std::string at) : at_(std::move(at)) {}
  ~Mount();
  Mount(const Mount&) = delete;
  Mount& operator=(const Mount&) = delete;

  // mount(8); false if that isn't possible here.
  bool mount(const Arguments& options);

  // Expects success.
  void unmount();

private:
  std::string at_;
  bool mounted_ = false;
};

} // namespace talaria::test

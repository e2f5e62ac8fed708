// Changes one system call of a program: a crash, or a failure, at exactly that point.
#pragma once

#include "tests/cli/program.hpp"

#include <string>

namespace talaria::test {

// The `n`th of the calls of this kind (from 1 on), counted over all threads of the program.
struct Change {
  std::string call; // "write"
  int error = 0;    // what it gives instead of being made; 0: the program is killed before it is made
  int n = 1;
};

struct Injected {
  Outcome outcome;
  bool happened = false; // false: the program never made that many calls
};

// Runs a command with `folder` as its working folder. Of write and pread64 only the calls on files under
// `folder` count, and of openat those that name something under it or beside an open folder: what the
// loader does is not the program's affair, and waking a thread by a descriptor cannot fail. There must
// be no other child process. A command that hangs is ended with the test itself.
Injected run_changed(const std::string& folder, const Arguments& command, const Change& change);

// Empty if run_changed() works here; else why not.
std::string why_no_changes(const std::string& folder);

} // namespace talaria::test

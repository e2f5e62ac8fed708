// Runs the real program and keeps what it said; and a folder with small inputs for it.
#pragma once

#include <gtest/gtest.h>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

namespace talaria::test {

struct Outcome {
  int code = -1; // 128 + number if a signal ended it
  std::string out;
  std::string err;

  nlohmann::json json() const { return nlohmann::json::parse(out); }
  nlohmann::json error() const { return nlohmann::json::parse(err).at("error"); }
};

using Arguments = std::vector<std::string>;
using Variables = std::map<std::string, std::string>;

// The bytes of a file; empty if there is none.
std::string content(const std::string& path);

// Points the descriptor `target` of a forked child to a file; the child ends with status 99 if that
// fails.
void redirect(const std::string& path, int flags, int target);

// A program that runs. Its output goes to files, so it never waits for its reader.
class Program {
public:
  // `input` is a file for standard input, `output` one for standard output instead of what outcome()
  // gives.
  Program(const std::string& folder, const Arguments& arguments, const Variables& variables = {},
          const std::string& input = "/dev/null", const std::string& output = {});
  ~Program();
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  void signal(int number) const;

  // Waits for its end, at most a minute: then it is killed, and the code is -1.
  Outcome wait();

private:
  std::string out_;
  std::string err_;
  pid_t pid_ = -1;
};

// A test with a folder of its own, in which the repository is "repo".
class ProgramTest : public testing::Test {
protected:
  ProgramTest();
  ~ProgramTest() override;

  std::string path(const std::string& name) const { return folder_ + "/" + name; }
  std::string write(const std::string& name, std::string_view content) const;
  std::string read(const std::string& name) const;
  std::vector<std::string> files(const std::string& name) const;

  // Runs the program on "repo".
  Outcome run(Arguments arguments, const std::string& input = "/dev/null",
              const Variables& variables = {}) const;
  std::unique_ptr<Program> start(Arguments arguments) const;

  // As run(), and expects the exit code 0.
  Outcome done(Arguments arguments, const std::string& input = "/dev/null") const;

  // A FASTA text of `records` records, each of its own content, with the accessions P00001 and so on.
  static std::string fasta(int records, int seed = 1);

  // More than all buffers between the writer of a pipe and the store hold: once it is written, the
  // ingest has begun to read.
  static std::string more_than_buffers() { return fasta(40'000); }

  void make_repository() const { done({"init"}); }

  // A repository with the release db@1 out of fasta(50).
  void make_release() const;

  const std::string& folder() const { return folder_; }

private:
  std::string folder_;
};

// A named pipe whose writing end stays open until it is closed.
class Fifo {
public:
  explicit Fifo(const std::string& path);
  ~Fifo() { close(); }
  Fifo(const Fifo&) = delete;
  Fifo& operator=(const Fifo&) = delete;

  // Blocks while the pipe is full.
  void write(std::string_view bytes);
  void close();

private:
  std::string path_;
  int fd_ = -1;
};

} // namespace talaria::test

#include "cli/output.hpp"

#include "core/try.hpp"

#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>
#include <unistd.h>

namespace talaria::cli {

namespace {

constexpr std::size_t gather_size = 1 << 20;
constexpr std::string_view writing_failed = "writing failed";

class Stream final : public Output {
public:
  Stream(Descriptor fd, std::string name) : Output(std::move(fd), std::move(name)) {}
};

class PartialFile final : public Output {
public:
  PartialFile(Descriptor fd, std::string partial, std::string path)
      : Output(std::move(fd), path), partial_(std::move(partial)), path_(std::move(path)) {}
  ~PartialFile() override {
    if (!partial_.empty()) ::unlink(partial_.c_str());
  }

  bool is_file() const override { return true; }

private:
  Result<void> publish() override {
    // A full disk may only be told of here.
    if (::fdatasync(fd_.get()) != 0) return tl::unexpected(system_error(name_, writing_failed, errno));
    if (::rename(partial_.c_str(), path_.c_str()) != 0)
      return tl::unexpected(system_error(name_, "renaming " + partial_ + " failed", errno));
    partial_.clear();
    return {};
  }

  std::string partial_; // empty once it is renamed
  std::string path_;
};

Result<std::unique_ptr<Output>> open_stream(const std::string& path) {
  Descriptor fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!fd) return tl::unexpected(system_error(path, "it can't be opened for writing", errno));
  return std::make_unique<Stream>(std::move(fd), path);
}

Result<std::unique_ptr<Output>> open_partial(const std::string& path) {
  const std::string partial = path + ".partial." + std::to_string(::getpid());
  constexpr int flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC;
  Descriptor fd(::open(partial.c_str(), flags, 0666));
  // A process of this number left it behind, and it is no longer there.
  if (!fd && errno == EEXIST && ::unlink(partial.c_str()) == 0)
    fd = Descriptor(::open(partial.c_str(), flags, 0666));
  if (!fd) return tl::unexpected(system_error(partial, "it can't be made", errno));
  return std::make_unique<PartialFile>(std::move(fd), partial, path);
}

} // namespace

Result<void> Output::write(std::string_view bytes) {
  if (gathered_.size() + bytes.size() < gather_size) {
    gathered_ += bytes;
    return {};
  }
  TALARIA_TRY(flush(gathered_));
  gathered_.clear();
  if (bytes.size() >= gather_size) return flush(bytes);
  gathered_ += bytes;
  return {};
}

Result<void> Output::commit() {
  TALARIA_TRY(flush(gathered_));
  gathered_.clear();
  return publish();
}

Result<void> Output::flush(std::string_view bytes) {
  const int error = write_all(fd_.get(), bytes);
  if (error == 0) return {};
  reader_left_ = error == EPIPE;
  return tl::unexpected(system_error(name_, writing_failed, error));
}

Result<std::unique_ptr<Output>> open_output(const std::string& path) {
  if (path.empty() || path == "-") {
    Descriptor fd(::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
    if (!fd) return tl::unexpected(system_error("standard output", "it can't be written", errno));
    return std::make_unique<Stream>(std::move(fd), "standard output");
  }
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return open_partial(path);
  if (S_ISDIR(status.st_mode))
    return failure(errc::invalid_argument,
                   path + ": this is a folder; right would be the name of a file");
  if (!S_ISREG(status.st_mode)) return open_stream(path);
  // A link stays one: what it points to is replaced.
  std::error_code error;
  const auto target = std::filesystem::canonical(path, error);
  return open_partial(error ? path : target.string());
}

} // namespace talaria::cli

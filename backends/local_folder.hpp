// The root folder of a local store: what its objects, refs and locks have in common.
//
//   NAME          an object, in folders as its name says
//   .tmp/         files being written; what a dead writer left there is removed by remove_unfinished()
//   refs/NAME     a ref;  refs/.lock is held during a swap
//   .NAME.lock    a lock
//
// No object can have a name like the last three.
#pragma once

#include "backends/fd.hpp"
#include "talaria/error.hpp"

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_set>

namespace talaria {

inline constexpr const char* temporary_folder = ".tmp";
inline constexpr const char* refs_folder = "refs";

// Open for as long as the store, its writers or its locks live, so that changing the working folder, or
// mounting something over the path, cannot lead them elsewhere. May be used by any thread.
class LocalFolder {
public:
  static Result<std::shared_ptr<LocalFolder>> open(const std::string& path, bool create);

  int fd() const noexcept { return fd_.get(); }
  const std::string& path() const noexcept { return path_; }

  // The whole path of a name, for messages.
  std::string shown(std::string_view name) const;

  // Makes the folder `name` and those above it, and makes sure that a power cut doesn't lose them.
  Result<void> ensure(std::string_view name);

  // To be called when a folder that ensure() was called for proves to be missing.
  void forget(std::string_view name);

  // A name in .tmp/ that no other process or thread uses.
  std::string temporary_name();

private:
  LocalFolder(Fd fd, std::string path);

  Result<void> ensure_one(const std::string& name);

  Fd fd_;
  std::string path_;
  std::uint64_t process_tag_; // random

  std::mutex mutex_;
  std::uint64_t temporaries_ = 0;
  std::unordered_set<std::string> ensured_; // folders known to be durable; bounded
};
using LocalFolderPtr = std::shared_ptr<LocalFolder>;

// A file in .tmp/ that becomes an object or a ref, or vanishes. Used by one thread.
class TemporaryFile {
public:
  // How publish() treats a file that has the name already.
  enum class Existing { replace, keep };

  // `mode` as of open(): 0444 for what never changes.
  static Result<TemporaryFile> make(LocalFolderPtr folder, mode_t mode);

  TemporaryFile(TemporaryFile&&) noexcept = default;
  TemporaryFile& operator=(TemporaryFile&&) = delete;
  ~TemporaryFile();

  Result<void> write(std::string_view bytes);

  // Makes the file durable, then its name, in one step. False if there was a file already and it was
  // kept; it is durable too then. To be called once.
  Result<bool> publish(const std::string& name, Existing existing);

private:
  TemporaryFile(LocalFolderPtr folder, Fd fd, std::string name)
      : folder_(std::move(folder)), fd_(std::move(fd)), name_(std::move(name)) {}

  // 0, or the error of the system.
  int move_to(const std::string& name, Existing existing) noexcept;

  void start_writing() noexcept;

  LocalFolderPtr folder_; // null when moved from
  Fd fd_;
  std::string name_; // empty once it has its lasting name
  std::uint64_t written_ = 0;
  std::uint64_t started_ = 0; // of these bytes the disk has been told
};

} // namespace talaria

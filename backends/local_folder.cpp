#include "backends/local_folder.hpp"

#include "backends/posix_io.hpp"
#include "core/try.hpp"

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>

namespace talaria {

namespace {

// Bounds the memory for folders known to be durable; beyond it, they are made sure of again.
constexpr std::size_t ensured_max = 4096;

// Bytes after which the disk is told to begin.
constexpr std::uint64_t write_behind = std::uint64_t{4} << 20;

std::string hex(std::uint64_t value) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string text(16, '0');
  for (auto it = text.rbegin(); it != text.rend(); ++it, value >>= 4) *it = digits[value & 15];
  return text;
}

// Needn't be unpredictable, only different from that of every other process, on every machine.
std::uint64_t random_tag() noexcept {
  std::uint64_t tag = 0;
  if (::getrandom(&tag, sizeof tag, GRND_NONBLOCK) == sizeof tag) return tag;
  const auto now = std::chrono::system_clock::now().time_since_epoch().count();
  return static_cast<std::uint64_t>(now) ^ static_cast<std::uint64_t>(::getpid()) << 40;
}

std::string_view parent(std::string_view name) noexcept {
  const auto slash = name.rfind('/');
  return slash == std::string_view::npos ? std::string_view() : name.substr(0, slash);
}

const char* or_root(const std::string& folder) noexcept {
  return folder.empty() ? "." : folder.c_str();
}

// Makes `path` and the folders above it, each durably.
Result<void> make_folders(const std::string& path) {
  for (std::size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
    const std::string part = path.substr(0, end);
    if (::mkdir(part.c_str(), 0777) == 0) {
      const std::string above(parent(part));
      const std::string holder = !above.empty() ? above : part.front() == '/' ? "/" : ".";
      TALARIA_TRY(sync_folder(AT_FDCWD, holder.c_str(), holder));
    } else if (errno != EEXIST && errno != EISDIR) {
      // One that may not be written to can still be there, and lead on.
      const int error_number = errno;
      if (::access(part.c_str(), F_OK) != 0)
        return system_failure("cannot make folder", part, error_number);
    }
    if (end == std::string::npos) return {};
  }
}

bool is_folder(int root, const std::string& name) noexcept {
  struct stat info {};
  return ::fstatat(root, name.c_str(), &info, 0) == 0 && S_ISDIR(info.st_mode);
}

tl::unexpected<Error> name_clash(const std::string& shown) {
  return failure(errc::invalid_argument,
                 shown +
                     ": an object cannot be named as a folder of other objects, nor they as within it");
}

} // namespace

LocalFolder::LocalFolder(Fd fd, std::string path)
    : fd_(std::move(fd)), path_(std::move(path)), process_tag_(random_tag()) {}

Result<LocalFolderPtr> LocalFolder::open(const std::string& path, bool create) {
  if (path.empty() || path.find('\0') != std::string::npos)
    return failure(errc::invalid_argument, "the path of a local store is empty or has a zero byte");
  if (create) TALARIA_TRY(make_folders(path));
  Fd fd = open_at(AT_FDCWD, path.c_str(), O_RDONLY | O_DIRECTORY);
  if (fd) return LocalFolderPtr(new LocalFolder(std::move(fd), path));
  if (errno == ENOENT) return failure(errc::no_repository, path + ": no such folder");
  if (errno == ENOTDIR) return failure(errc::no_repository, path + ": not a folder");
  return system_failure("cannot open folder", path, errno);
}

std::string LocalFolder::shown(std::string_view name) const {
  std::string text = path_;
  if (text.back() != '/') text += '/';
  return text.append(name);
}

Result<void> LocalFolder::ensure(std::string_view name) {
  for (std::size_t end = 0; end < name.size(); ++end) {
    end = std::min(name.find('/', end), name.size());
    TALARIA_TRY(ensure_one(std::string(name.substr(0, end))));
  }
  return {};
}

Result<void> LocalFolder::ensure_one(const std::string& name) {
  {
    std::lock_guard guard(mutex_);
    if (ensured_.contains(name)) return {};
  }
  if (::mkdirat(fd(), name.c_str(), 0777) != 0) {
    if (errno == ENOTDIR) return name_clash(shown(name));
    if (errno != EEXIST) return system_failure("cannot make folder", shown(name), errno);
    if (!is_folder(fd(), name)) return name_clash(shown(name));
  }
  // Also if it was there: another process may have made it a moment ago and not have come this far.
  const std::string above(parent(name));
  TALARIA_TRY(sync_folder(fd(), or_root(above), shown(above)));
  std::lock_guard guard(mutex_);
  if (ensured_.size() >= ensured_max) ensured_.clear();
  ensured_.insert(name);
  return {};
}

void LocalFolder::forget(std::string_view name) {
  std::lock_guard guard(mutex_);
  for (; !name.empty(); name = parent(name)) ensured_.erase(std::string(name));
}

std::string LocalFolder::temporary_name() {
  std::lock_guard guard(mutex_);
  return std::string(temporary_folder) + '/' + std::to_string(::getpid()) + '-' + hex(process_tag_) +
         '-' + std::to_string(temporaries_++);
}

Result<TemporaryFile> TemporaryFile::make(LocalFolderPtr folder, mode_t mode) {
  TALARIA_TRY(folder->ensure(temporary_folder));
  std::string name = folder->temporary_name();
  const int flags = O_WRONLY | O_CREAT | O_EXCL;
  Fd fd = open_at(folder->fd(), name.c_str(), flags, mode);
  if (!fd && errno == ENOENT) { // somebody removed the folder
    folder->forget(temporary_folder);
    TALARIA_TRY(folder->ensure(temporary_folder));
    fd = open_at(folder->fd(), name.c_str(), flags, mode);
  }
  if (!fd) return system_failure("cannot make a temporary file", folder->shown(name), errno);
  return TemporaryFile(std::move(folder), std::move(fd), std::move(name));
}

TemporaryFile::~TemporaryFile() {
  if (folder_ && !name_.empty()) ::unlinkat(folder_->fd(), name_.c_str(), 0);
}

Result<void> TemporaryFile::write(std::string_view bytes) {
  TALARIA_TRY(write_all(fd_.get(), bytes, folder_->shown(name_)));
  written_ += bytes.size();
  if (written_ - started_ >= write_behind) start_writing();
  return {};
}

// The disk works while more is being made; publish() then has little left to wait for. Only a hint: what
// it misses, publish() writes.
void TemporaryFile::start_writing() noexcept {
#ifdef SYNC_FILE_RANGE_WRITE
  (void)::sync_file_range(fd_.get(), static_cast<off_t>(started_),
                          static_cast<off_t>(written_ - started_), SYNC_FILE_RANGE_WRITE);
#endif
  started_ = written_;
}

int TemporaryFile::move_to(const std::string& name, Existing existing) noexcept {
  const int root = folder_->fd();
  if (existing == Existing::replace)
    return ::renameat(root, name_.c_str(), root, name.c_str()) == 0 ? 0 : errno;
  if (::renameat2(root, name_.c_str(), root, name.c_str(), RENAME_NOREPLACE) == 0) return 0;
  if (errno != EINVAL && errno != ENOSYS) return errno;
  // File systems that don't know it (NFS is one) can still make a second name if there is none.
  if (::linkat(root, name_.c_str(), root, name.c_str(), 0) != 0) return errno;
  ::unlinkat(root, name_.c_str(), 0);
  return 0;
}

Result<bool> TemporaryFile::publish(const std::string& name, Existing existing) {
  const std::string folder(parent(name));
  TALARIA_TRY(sync_file(fd_.get(), folder_->shown(name_)));
  TALARIA_TRY(folder_->ensure(folder));
  int error_number = move_to(name, existing);
  if (error_number == ENOENT) { // somebody removed the folder
    folder_->forget(folder);
    TALARIA_TRY(folder_->ensure(folder));
    error_number = move_to(name, existing);
  }
  const bool taken = error_number == EEXIST && existing == Existing::keep;
  if (error_number == EISDIR || error_number == ENOTDIR || (taken && is_folder(folder_->fd(), name)))
    return name_clash(folder_->shown(name));
  if (error_number != 0 && !taken)
    return system_failure("cannot give the file its name", folder_->shown(name), error_number);
  if (!taken) name_.clear();
  fd_.close();
  // A file that was there may be that of a process which has not come this far.
  TALARIA_TRY(sync_folder(folder_->fd(), or_root(folder), folder_->shown(folder)));
  return !taken;
}

} // namespace talaria

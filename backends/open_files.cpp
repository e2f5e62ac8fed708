#include "backends/open_files.hpp"

#include "backends/posix_io.hpp"
#include "core/try.hpp"

#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>

namespace talaria {

namespace {

// Whether the file still has a name: none after a removal, or after another took its place.
bool is_current(int fd) noexcept {
  struct stat info {};
  return ::fstat(fd, &info) == 0 && info.st_nlink > 0;
}

tl::unexpected<Error> absent(const std::string& shown) {
  return failure(errc::not_found, shown + ": no such object");
}

} // namespace

Result<OpenFilePtr> OpenFiles::open(const std::string& name) {
  if (auto file = find(name)) {
    if (is_current(file->fd.get())) return file;
    drop(name);
  }
  TALARIA_TRY_ASSIGN(auto file, open_once(name));
  keep(name, file);
  return file;
}

Result<OpenFilePtr> OpenFiles::open_once(const std::string& name) {
  const std::string shown = shown_root_ + "/" + name;
  Fd fd = open_at(folder_, name.c_str(), O_RDONLY | O_NONBLOCK);
  if (!fd && (errno == EMFILE || errno == ENFILE)) {
    // The files kept open here are the first to give way.
    drop_all();
    fd = open_at(folder_, name.c_str(), O_RDONLY | O_NONBLOCK);
  }
  if (!fd) {
    // ENOTDIR: a part of the name is an object, so that nothing can be within it.
    if (errno == ENOENT || errno == ENOTDIR) return absent(shown);
    return system_failure("cannot open", shown, errno);
  }
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) return system_failure("cannot stat", shown, errno);
  if (!S_ISREG(info.st_mode)) return absent(shown); // a folder, or something foreign
  return std::make_shared<const OpenFile>(
      OpenFile{std::move(fd), static_cast<std::uint64_t>(info.st_size)});
}

OpenFilePtr OpenFiles::find(const std::string& name) {
  std::lock_guard guard(mutex_);
  auto it = by_name_.find(name);
  if (it == by_name_.end()) return nullptr;
  order_.splice(order_.begin(), order_, it->second);
  return it->second->file;
}

void OpenFiles::keep(const std::string& name, const OpenFilePtr& file) {
  Order unused; // closed after the mutex is released
  std::lock_guard guard(mutex_);
  if (auto it = by_name_.find(name); it != by_name_.end()) {
    it->second->file = file; // another thread was faster
    return;
  }
  order_.push_front({name, file});
  by_name_.emplace(order_.front().name, order_.begin());
  if (order_.size() > capacity_) {
    by_name_.erase(order_.back().name);
    unused.splice(unused.begin(), order_, std::prev(order_.end()));
  }
}

void OpenFiles::drop(const std::string& name) {
  Order unused;
  std::lock_guard guard(mutex_);
  auto it = by_name_.find(name);
  if (it == by_name_.end()) return;
  unused.splice(unused.begin(), order_, it->second);
  by_name_.erase(it);
}

void OpenFiles::drop_all() {
  Order unused;
  std::lock_guard guard(mutex_);
  by_name_.clear();
  unused.swap(order_);
}

} // namespace talaria

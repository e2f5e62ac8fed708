#include "backends/local_list.hpp"

#include "backends/object_name.hpp"
#include "backends/posix_io.hpp"
#include "core/try.hpp"

#include <cerrno>
#include <dirent.h>
#include <fcntl.h>
#include <memory>
#include <sys/stat.h>
#include <vector>

namespace talaria {

namespace {

struct CloseFolder {
  void operator()(DIR* folder) const noexcept { ::closedir(folder); }
};
using FolderHandle = std::unique_ptr<DIR, CloseFolder>;

class Walk {
public:
  Walk(const LocalFolder& root, const std::string& prefix,
       const std::function<bool(const ObjectInfo&)>& visit)
      : root_(root), prefix_(prefix), visit_(visit) {}

  Result<void> run() {
    const auto slash = prefix_.rfind('/');
    if (slash != std::string::npos) {
      current_.name = prefix_.substr(0, slash);
      // Nothing can be in a folder of an impossible name, which may also be one outside of the store.
      if (!is_object_name(current_.name)) return {};
    }
    TALARIA_TRY(enter(root_.fd(), current_.name.empty() ? "." : current_.name.c_str()));
    while (!levels_.empty() && !stopped_) TALARIA_TRY(step());
    return {};
  }

private:
  struct Level {
    FolderHandle folder;
    std::size_t name_length; // of current_.name while in this folder
  };

  // Goes down into the folder that current_.name says. One that has gone meanwhile is empty.
  Result<void> enter(int from, const char* path) {
    Fd fd = open_at(from, path, O_RDONLY | O_DIRECTORY);
    if (!fd && (errno == ENOENT || errno == ENOTDIR)) return {};
    if (!fd) return system_failure("cannot open folder", root_.shown(current_.name), errno);
    FolderHandle folder(::fdopendir(fd.get()));
    if (!folder) return system_failure("cannot read folder", root_.shown(current_.name), errno);
    fd.release(); // closed by closedir() from here on
    levels_.push_back({std::move(folder), current_.name.size()});
    return {};
  }

  // Looks at the next entry of the innermost folder, or leaves it.
  Result<void> step() {
    const auto& level = levels_.back();
    current_.name.resize(level.name_length);
    errno = 0;
    const dirent* entry = ::readdir(level.folder.get());
    if (!entry && errno != 0)
      return system_failure("cannot read folder", root_.shown(current_.name), errno);
    if (!entry) {
      levels_.pop_back();
      return {};
    }
    if (!is_name_part(entry->d_name)) return {};
    if (!current_.name.empty()) current_.name += '/';
    current_.name += entry->d_name;
    // In the first folder the prefix may end within a name; deeper, it is behind us.
    if (levels_.size() == 1 && !current_.name.starts_with(prefix_)) return {};
    if (!is_object_name(current_.name)) return {}; // refs, or too long
    return look_at(::dirfd(level.folder.get()), *entry);
  }

  Result<void> look_at(int folder, const dirent& entry) {
    if (entry.d_type == DT_DIR) return enter(folder, entry.d_name);
    struct stat info {};
    if (::fstatat(folder, entry.d_name, &info, 0) != 0) {
      if (errno == ENOENT || errno == ELOOP) return {};
      return system_failure("cannot stat", root_.shown(current_.name), errno);
    }
    if (S_ISDIR(info.st_mode)) return enter(folder, entry.d_name);
    if (!S_ISREG(info.st_mode)) return {};
    current_.size = static_cast<std::uint64_t>(info.st_size);
    stopped_ = !visit_(current_);
    return {};
  }

  const LocalFolder& root_;
  const std::string& prefix_;
  const std::function<bool(const ObjectInfo&)>& visit_;
  ObjectInfo current_;
  std::vector<Level> levels_;
  bool stopped_ = false;
};

} // namespace

Result<void> list_local(const LocalFolder& root, const std::string& prefix,
                        const std::function<bool(const ObjectInfo&)>& visit) {
  return Walk(root, prefix, visit).run();
}

} // namespace talaria

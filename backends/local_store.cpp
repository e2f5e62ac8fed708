#include "backends/file_lock.hpp"
#include "backends/guarded.hpp"
#include "backends/local_folder.hpp"
#include "backends/local_list.hpp"
#include "backends/object_name.hpp"
#include "backends/open_files.hpp"
#include "backends/posix_io.hpp"
#include "core/try.hpp"
#include "talaria/object_store.hpp"

#include <cerrno>
#include <dirent.h>
#include <fcntl.h>
#include <mutex>
#include <sys/mman.h>
#include <sys/stat.h>

namespace talaria {

namespace {

using Existing = TemporaryFile::Existing;

// Files kept open for reading: few beside the usual limit of 1024 descriptors in a process.
constexpr std::size_t open_files_max = 64;
// Up to so many bytes, map() copies.
constexpr std::size_t small_object = std::size_t{16} << 10;
// Appends are gathered up to this size, so that many small ones make few system calls.
constexpr std::size_t write_buffer_size = std::size_t{256} << 10;
// Objects never change, so nobody needs to write to their files.
constexpr mode_t object_mode = 0444;
constexpr mode_t ref_mode = 0666;
// A swap takes some milliseconds; one that waits longer meets a stopped process or a dead network
// folder.
constexpr auto swap_patience = std::chrono::seconds(60);

class LocalWriter final : public ObjectWriter {
public:
  explicit LocalWriter(TemporaryFile file) : file_(std::move(file)) {}

  Result<void> append(std::string_view bytes) override {
    return guarded([&]() -> Result<void> {
      TALARIA_TRY(check_usable());
      auto done = add(bytes);
      if (!done) failed_ = done.error(); // bytes are missing: the object must never appear
      return done;
    });
  }

  Result<void> commit(const std::string& name) override {
    return guarded([&]() -> Result<void> {
      TALARIA_TRY(check_usable());
      auto file = *std::exchange(file_, std::nullopt); // gone on every way out
      TALARIA_TRY(check_object_name(name));
      TALARIA_TRY(file.write(buffer_));
      TALARIA_TRY(file.publish(name, Existing::keep));
      return {};
    });
  }

private:
  Result<void> check_usable() const {
    if (failed_) return tl::unexpected<Error>(*failed_);
    if (!file_) return failure(errc::invalid_argument, "the object writer was committed before");
    return {};
  }

  Result<void> add(std::string_view bytes) {
    if (buffer_.size() + bytes.size() <= write_buffer_size) {
      buffer_.reserve(write_buffer_size);
      buffer_.append(bytes);
      return {};
    }
    TALARIA_TRY(file_->write(buffer_));
    buffer_.clear();
    if (bytes.size() >= write_buffer_size) return file_->write(bytes);
    buffer_.append(bytes);
    return {};
  }

  std::optional<TemporaryFile> file_; // nothing when spent
  std::optional<Error> failed_;
  std::string buffer_;
};

class LocalLock final : public ObjectLock {
public:
  LocalLock(LocalFolderPtr folder, FileLock lock) : folder_(std::move(folder)), lock_(std::move(lock)) {}

private:
  LocalFolderPtr folder_;
  FileLock lock_;
};

// A mapped file; unmapped when the last buffer lets go of it.
class Mapping {
public:
  Mapping(void* start, std::size_t size) noexcept : start_(start), size_(size) {}
  ~Mapping() { ::munmap(start_, size_); }
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;

private:
  void* start_;
  std::size_t size_;
};

class LocalStore final : public ObjectStore {
public:
  explicit LocalStore(LocalFolderPtr folder)
      : folder_(std::move(folder)), files_(folder_->fd(), folder_->path(), open_files_max) {}

  Capabilities capabilities() const noexcept override {
    return {.map = true, .conditional_put = true, .lock = true};
  }

  std::string location() const override { return folder_->path(); }

  Result<void> put(const std::string& name, std::string_view bytes) override {
    return guarded([&]() -> Result<void> {
      TALARIA_TRY(store(name, bytes, Existing::replace));
      files_.drop(name);
      return {};
    });
  }

  Result<bool> put_if_absent(const std::string& name, std::string_view bytes) override {
    return guarded([&] { return store(name, bytes, Existing::keep); });
  }

  Result<std::unique_ptr<ObjectWriter>> create() override {
    return guarded([&]() -> Result<std::unique_ptr<ObjectWriter>> {
      TALARIA_TRY_ASSIGN(auto file, TemporaryFile::make(folder_, object_mode));
      return std::make_unique<LocalWriter>(std::move(file));
    });
  }

  Result<Buffer> get(const std::string& name) const override {
    return guarded([&]() -> Result<Buffer> {
      TALARIA_TRY_ASSIGN(auto file, open_once(name));
      return read_buffer(file->fd.get(), 0, file->size, folder_->shown(name));
    });
  }

  Result<Buffer> get_range(const ObjectRange& range) const override {
    return guarded([&]() -> Result<Buffer> {
      TALARIA_TRY_ASSIGN(auto file, open(range.name));
      return read_range(*file, range);
    });
  }

  Result<std::vector<Buffer>> get_ranges(std::span<const ObjectRange> ranges) const override {
    return guarded([&]() -> Result<std::vector<Buffer>> {
      std::vector<Buffer> parts;
      parts.reserve(ranges.size());
      OpenFilePtr file;
      const std::string* open_name = nullptr; // of `file`: runs of ranges are of the same object
      for (const auto& range : ranges) {
        if (!open_name || *open_name != range.name) {
          TALARIA_TRY_ASSIGN(file, open(range.name));
          open_name = &range.name;
        }
        TALARIA_TRY_ASSIGN(auto part, read_range(*file, range));
        parts.push_back(std::move(part));
      }
      return parts;
    });
  }

  Result<Buffer> map(const std::string& name) const override {
    return guarded([&]() -> Result<Buffer> {
      TALARIA_TRY_ASSIGN(auto file, open_once(name));
      const std::size_t size = file->size;
      // To map a small one, and to use and unmap it, takes longer than to copy it.
      if (size <= small_object) return read_range(*file, {name, 0, size});
      void* start = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, file->fd.get(), 0);
      if (start == MAP_FAILED) return map_failure(name, errno);
      try {
        return Buffer(std::make_shared<const Mapping>(start, size),
                      {static_cast<const char*>(start), size});
      } catch (...) {
        ::munmap(start, size);
        throw;
      }
    });
  }

  Result<ObjectInfo> stat(const std::string& name) const override {
    return guarded([&]() -> Result<ObjectInfo> {
      TALARIA_TRY(check_object_name(name));
      struct stat info {};
      if (::fstatat(folder_->fd(), name.c_str(), &info, 0) != 0) {
        if (errno == ENOENT || errno == ENOTDIR) return absent(name);
        return system_failure("cannot stat", folder_->shown(name), errno);
      }
      if (!S_ISREG(info.st_mode)) return absent(name);
      return ObjectInfo{name, static_cast<std::uint64_t>(info.st_size)};
    });
  }

  Result<void> list(const std::string& prefix,
                    const std::function<bool(const ObjectInfo&)>& visit) const override {
    return guarded([&] { return list_local(*folder_, prefix, visit); });
  }

  // Needs no space, so that a full disk can be cleaned up. Not made durable: an object that comes back
  // after a power cut is garbage, which the next collection finds again.
  Result<void> remove(const std::string& name) override {
    return guarded([&]() -> Result<void> {
      TALARIA_TRY(check_object_name(name));
      files_.drop(name);
      if (::unlinkat(folder_->fd(), name.c_str(), 0) == 0) return {};
      // EISDIR: a folder of objects is none itself.
      if (errno == ENOENT || errno == ENOTDIR || errno == EISDIR) return absent(name);
      return system_failure("cannot remove", folder_->shown(name), errno);
    });
  }

  Result<std::optional<std::string>> read_ref(const std::string& ref) const override {
    return guarded([&]() -> Result<std::optional<std::string>> {
      TALARIA_TRY(check_single_name("ref", ref));
      const std::string name = ref_name(ref);
      Fd fd = open_at(folder_->fd(), name.c_str(), O_RDONLY);
      if (!fd && errno == ENOENT) return std::nullopt;
      if (!fd) return system_failure("cannot open", folder_->shown(name), errno);
      struct stat info {};
      if (::fstat(fd.get(), &info) != 0)
        return system_failure("cannot stat", folder_->shown(name), errno);
      const auto size = static_cast<std::uint64_t>(info.st_size);
      if (!S_ISREG(info.st_mode) || size > ref_value_max)
        return failure(errc::damaged, folder_->shown(name) + ": not a ref");
      std::string value(size, '\0');
      TALARIA_TRY(read_exactly(fd.get(), value.data(), size, 0, folder_->shown(name)));
      return value;
    });
  }

  Result<bool> compare_and_swap(const std::string& ref, std::optional<std::string_view> expected,
                                std::string_view desired) override {
    return guarded([&]() -> Result<bool> {
      TALARIA_TRY(check_single_name("ref", ref));
      TALARIA_TRY(check_ref_value(ref, desired));
      TALARIA_TRY(folder_->ensure(refs_folder));
      std::lock_guard guard(swap_mutex_); // threads of this handle wait in line, without polling
      const std::string lock_name = ref_name(".lock");
      TALARIA_TRY_ASSIGN(auto lock, FileLock::take(folder_->fd(), lock_name, swap_patience,
                                                   "the lock of the refs", folder_->shown(lock_name)));
      TALARIA_TRY_ASSIGN(auto value, read_ref(ref));
      if (value != expected) return false;
      TALARIA_TRY_ASSIGN(auto file, TemporaryFile::make(folder_, ref_mode));
      TALARIA_TRY(file.write(desired));
      TALARIA_TRY(file.publish(ref_name(ref), Existing::replace));
      return true;
    });
  }

  Result<std::unique_ptr<ObjectLock>> lock(const std::string& name,
                                           std::chrono::milliseconds patience) override {
    return guarded([&]() -> Result<std::unique_ptr<ObjectLock>> {
      TALARIA_TRY(check_single_name("lock", name));
      const std::string path = "." + name + ".lock";
      TALARIA_TRY_ASSIGN(auto held, FileLock::take(folder_->fd(), path, patience, "lock " + name,
                                                   folder_->shown(path)));
      return std::make_unique<LocalLock>(folder_, std::move(held));
    });
  }

  Result<void> remove_unfinished() override {
    return guarded([&]() -> Result<void> {
      const std::string shown = folder_->shown(temporary_folder);
      Fd fd = open_at(folder_->fd(), temporary_folder, O_RDONLY | O_DIRECTORY);
      if (!fd && errno == ENOENT) return {};
      if (!fd) return system_failure("cannot open folder", shown, errno);
      std::unique_ptr<DIR, int (*)(DIR*)> entries(::fdopendir(fd.get()), ::closedir);
      if (!entries) return system_failure("cannot read folder", shown, errno);
      const int inside = fd.release(); // closed by closedir()
      errno = 0;
      while (const dirent* entry = ::readdir(entries.get())) {
        const std::string_view name = entry->d_name;
        if (name != "." && name != ".." && ::unlinkat(inside, entry->d_name, 0) != 0 && errno != ENOENT)
          return system_failure("cannot remove", shown + "/" + entry->d_name, errno);
        errno = 0;
      }
      if (errno != 0) return system_failure("cannot read folder", shown, errno);
      return {};
    });
  }

private:
  static std::string ref_name(const std::string& ref) { return std::string(refs_folder) + "/" + ref; }

  tl::unexpected<Error> absent(const std::string& name) const {
    return failure(errc::not_found, folder_->shown(name) + ": no such object");
  }

  tl::unexpected<Error> map_failure(const std::string& name, int error_number) const {
    auto error = system_error("cannot map into memory", folder_->shown(name), error_number);
    if (error_number != ENOMEM) return tl::unexpected<Error>(std::move(error));
    return failure(errc::limit_exceeded, error.message() +
                                             "; too many files are mapped, or too much: raise "
                                             "the limit (sysctl vm.max_map_count, ulimit -v)");
  }

  Result<bool> store(const std::string& name, std::string_view bytes, Existing existing) {
    TALARIA_TRY(check_object_name(name));
    TALARIA_TRY_ASSIGN(auto file, TemporaryFile::make(folder_, object_mode));
    TALARIA_TRY(file.write(bytes));
    return file.publish(name, existing);
  }

  Result<OpenFilePtr> open(const std::string& name) const {
    TALARIA_TRY(check_object_name(name));
    return files_.open(name);
  }

  Result<OpenFilePtr> open_once(const std::string& name) const {
    TALARIA_TRY(check_object_name(name));
    return files_.open_once(name);
  }

  Result<Buffer> read_range(const OpenFile& file, const ObjectRange& range) const {
    TALARIA_TRY(check_range(range.name, range.offset, range.length, file.size));
    return read_buffer(file.fd.get(), range.offset, range.length, folder_->shown(range.name));
  }

  const LocalFolderPtr folder_;
  mutable OpenFiles files_;
  std::mutex swap_mutex_;
};

} // namespace

Result<std::unique_ptr<ObjectStore>> local_store(const std::string& path, bool create) {
  return guarded([&]() -> Result<std::unique_ptr<ObjectStore>> {
    TALARIA_TRY_ASSIGN(auto folder, LocalFolder::open(path, create));
    return std::make_unique<LocalStore>(std::move(folder));
  });
}

} // namespace talaria

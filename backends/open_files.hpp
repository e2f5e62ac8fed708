// The object files that are open for reading: a bounded number, so that a repository of any size can be
// read within the limit of file descriptors.
#pragma once

#include "backends/fd.hpp"
#include "talaria/error.hpp"

#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

namespace talaria {

// An open object. Immutable, and may be read by many threads. Closed when the last user lets go of it.
struct OpenFile {
  Fd fd;
  std::uint64_t size = 0; // bytes
};
using OpenFilePtr = std::shared_ptr<const OpenFile>;

// Keeps the most recently used files open. May be called from any thread.
class OpenFiles {
public:
  // `folder` is the open root, `shown_root` its path for messages; both must outlive this.
  OpenFiles(int folder, std::string shown_root, std::size_t capacity)
      : folder_(folder), shown_root_(std::move(shown_root)), capacity_(capacity) {}

  // The object's file, open; errc::not_found if there is none. A file that was removed or replaced
  // since, by whichever process, is not returned.
  Result<OpenFilePtr> open(const std::string& name);

  // The same, for one use: the file isn't kept.
  Result<OpenFilePtr> open_once(const std::string& name);

  // Forgets a file that is about to go.
  void drop(const std::string& name);

private:
  struct Entry {
    std::string name;
    OpenFilePtr file;
  };
  using Order = std::list<Entry>; // the most recently used first

  OpenFilePtr find(const std::string& name);
  void keep(const std::string& name, const OpenFilePtr& file);
  void drop_all();

  const int folder_;
  const std::string shown_root_;
  const std::size_t capacity_;

  std::mutex mutex_;
  Order order_;
  std::unordered_map<std::string_view, Order::iterator> by_name_; // views of Entry::name
};

} // namespace talaria

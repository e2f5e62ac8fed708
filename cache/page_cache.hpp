// The cache of open page files and of their pages, shared by the threads of a process.
#pragma once

#include "cache/lru.hpp"
#include "repository/repository.hpp"
#include "repository/run_page.hpp"
#include "talaria/digest.hpp"
#include "talaria/error.hpp"
#include "talaria/object_store.hpp"

#include <cstddef>
#include <mutex>

namespace talaria {

// Forgets what was used least recently; files and pages have half of the capacity each. Thread-safe. The
// store must outlive it.
class PageCache {
public:
  PageCache(const ObjectStore& store, std::size_t capacity_bytes)
      : store_(store), files_(capacity_bytes / 2), pages_(capacity_bytes / 2) {}

  Result<PageFilePtr> file(const View& view, const ReleaseEntry& release);

  // A page, with those that it goes back to.
  Result<RunPagePtr> page(const PageFile& file, std::size_t place);

private:
  struct PageKey {
    Digest file;
    std::size_t place = 0;

    friend bool operator==(const PageKey&, const PageKey&) = default;
  };
  struct PageKeyHash {
    std::size_t operator()(const PageKey& key) const noexcept {
      return DigestHash()(key.file) + key.place * 0x9E3779B97F4A7C15u;
    }
  };

  Result<RunPagePtr> read(const PageFile& file, std::size_t place);

  const ObjectStore& store_;
  std::mutex mutex_;
  LruCache<Digest, PageFilePtr, DigestHash> files_;
  LruCache<PageKey, RunPagePtr, PageKeyHash> pages_;
};

} // namespace talaria

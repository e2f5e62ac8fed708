// A repository on an object store: its marker, its ref, and the snapshots that the ref points to.
#pragma once

#include "repository/digest_index.hpp"
#include "repository/page.hpp"
#include "repository/snapshot.hpp"
#include "talaria/error.hpp"
#include "talaria/object_store.hpp"

#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace talaria {

// A snapshot with what is needed to read it. Immutable; safe to share between threads.
class View {
public:
  View(const ObjectStore& store, std::shared_ptr<PackRegistry> registry, Digest digest,
       Snapshot snapshot, std::string ref_value, std::shared_ptr<const View> previous);

  const Snapshot& snapshot() const noexcept { return snapshot_; }
  const Digest& digest() const noexcept { return digest_; }

  // The value of the ref that this view was opened from: what a commit on top of it expects.
  const std::string& ref_value() const noexcept { return ref_value_; }

  // Opens the index at the first call; segments that an earlier view has open are shared with it. If
  // commits have meanwhile replaced segments of this view, it is the index of a newer one, in which
  // every number of this view is what it was.
  Result<DigestIndexPtr> index() const;

  // The release, or errc::not_found. An empty version means the latest of that name.
  Result<const ReleaseEntry*> release(const std::string& name, const std::string& version) const;

  Result<PageFilePtr> pages(const ReleaseEntry& release) const;

private:
  Result<DigestIndexPtr> open_index() const;
  Result<DigestIndexPtr> newer_index(const Error& missing) const;

  const ObjectStore& store_;
  std::shared_ptr<PackRegistry> registry_;
  Digest digest_;
  Snapshot snapshot_;
  std::string ref_value_;
  mutable std::mutex mutex_;
  mutable std::shared_ptr<const View> previous_; // until the index is open
  mutable DigestIndexPtr index_;
};

using ViewPtr = std::shared_ptr<const View>;

// Thread-safe. The store must outlive it; it must outlive those who read blocks by its registry.
class Repository {
public:
  // Makes an empty repository; errc::exists if there is one.
  static Result<void> create(ObjectStore& store);

  // errc::no_repository if there is none; errc::unsupported_input for a newer format.
  static Result<std::unique_ptr<Repository>> open(ObjectStore& store);

  ~Repository();
  Repository(const Repository&) = delete;
  Repository& operator=(const Repository&) = delete;

  ObjectStore& store() const noexcept { return store_; }
  const std::shared_ptr<PackRegistry>& registry() const noexcept { return registry_; }

  // The current view: what the ref points to now.
  Result<ViewPtr> view();

  // The view that was current when this process last looked; null if it hasn't.
  ViewPtr last_view() const;

  // Makes `next` durable and moves the ref to it if it still has the value that `base` was opened from.
  // errc::conflict if it hasn't: then nothing is changed, and the caller may try again on a new view.
  Result<ViewPtr> commit(const View& base, Snapshot next);

  // The same without a view to start from: `expected` is what the ref has now, if anything. For
  // rebuilding; the releases of `next` have their objects already.
  Result<ViewPtr> publish(std::optional<std::string_view> expected, Snapshot next);

  // What the ref has now, whether it makes sense or not.
  Result<std::optional<std::string>> ref_value() const;

  // Excludes other writers; errc::locked after `patience`. Removes what writers that died left behind:
  // unfinished objects, and finished ones that no snapshot names.
  Result<std::unique_ptr<ObjectLock>> lock_for_writing(std::chrono::milliseconds patience);

  // Removes the files of `before` that `now` doesn't name, to which the ref has moved: readers that miss
  // one read the ref again. Failing to is harmless, the next writer but one sweeps. Page files and
  // release objects stay where the lock doesn't exclude other processes, which may be about to name them
  // again.
  void remove_replaced(const Snapshot& before, const Snapshot& now);

  // Removes all that the current snapshot doesn't name, also what its parent does: after a commit that
  // took something out, since a rebuild from an older snapshot would miss it. Under the writer's lock;
  // does nothing where that doesn't exclude other processes.
  Result<void> remove_unnamed();

  // Excludes other writers and removes nothing: what a damaged snapshot doesn't name may be all that
  // there is.
  Result<std::unique_ptr<ObjectLock>> lock_for_rebuilding(std::chrono::milliseconds patience);

private:
  explicit Repository(ObjectStore& store);
  Result<void> put_releases(const Snapshot& base, const Snapshot& next);
  Result<void> sweep(bool keep_parent);
  Result<BlockPlace> locate_now(Kind kind, const Number& number);

  ObjectStore& store_;
  std::shared_ptr<PackRegistry> registry_;
  mutable std::mutex mutex_;
  ViewPtr current_;
};

// Seconds since 1970, UTC.
uint64_t now_seconds();

} // namespace talaria

// What can be found in an object store when the snapshot that the ref names, or the ref, is lost.
#pragma once

#include "repository/snapshot.hpp"
#include "repository/verify.hpp"
#include "talaria/error.hpp"
#include "talaria/object_store.hpp"

#include <optional>
#include <string>
#include <vector>

namespace talaria {

// A snapshot whose content is what its name says.
struct FoundSnapshot {
  Digest digest;
  Snapshot snapshot;
};

// The one with the largest serial; of several, that made last.
Result<std::optional<FoundSnapshot>> newest_snapshot(const ObjectStore& store);

// The objects of a folder ("packs/") that are named by digests, in the order of these.
Result<std::vector<PackInfo>> files_in(const ObjectStore& store, const std::string& folder);

struct Recovery {
  // The newest snapshot that is sound, as the child that was lost, with all releases and packs that it
  // doesn't have. Segments and totals are still its own.
  Snapshot snapshot;
  std::optional<uint64_t> serial;    // of the newest snapshot that is sound, if there is one
  std::size_t known_packs = 0;       // the first so many packs are its own
  std::vector<PackInfo> loose_pages; // page files that no release has
  std::vector<Finding> findings;     // objects that can't be read
};

Result<Recovery> recover(const ObjectStore& store);

} // namespace talaria

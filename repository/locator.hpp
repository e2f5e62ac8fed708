// Finding chunks by digest in the current view of a repository.
#pragma once

#include "repository/repository.hpp"
#include "talaria/digest.hpp"
#include "talaria/error.hpp"

#include <mutex>
#include <span>
#include <vector>

namespace talaria {

// A chunk asked for by digest, and where it is.
struct LocatedChunk {
  bool found = false;
  Kind kind = Kind::sequence;
  Number number;
  BlockPlace place;
};

struct LocatedChunks {
  DigestIndexPtr index; // that the numbers belong to
  std::vector<LocatedChunk> chunks;
};

// Thread-safe. The repository must outlive it.
class Locator {
public:
  explicit Locator(Repository& repository) : repository_(repository) {}

  // Sequences of releases and chunks of applications, in the order asked. What is stored never changes,
  // so an older view answers for all sequences that it has; only if something is missing, or chunks of
  // applications are among it, the ref is read again. So a sequence may be found that another process
  // has just removed; not one that this process has.
  Result<LocatedChunks> locate(std::span<const Digest> digests);

private:
  Repository& repository_;
  std::mutex mutex_;
  ViewPtr view_; // used last
};

} // namespace talaria

// Reads alone, without actors: a store for programs that are to start quickly.
#pragma once

#include "reads/read_context.hpp"
#include "talaria/chunk_store.hpp"
#include "talaria/store.hpp"

#include <memory>
#include <string>
#include <vector>

namespace talaria {

// Its calls do what those of Store and ChunkStore do that have their names. Used by one thread at a
// time.
class Reader {
public:
  // As Store::open().
  static Result<std::unique_ptr<Reader>> open(const std::string& path, const Settings& settings);

  Result<std::vector<ReleaseInfo>> releases(const std::string& name);
  Result<Record> get(const std::string& id, const std::string& release);
  Result<Buffer> get_chunk(const Digest& digest);
  Result<StoreStats> stats();

private:
  explicit Reader(CorePtr core);

  ReadContext context_;
};

} // namespace talaria

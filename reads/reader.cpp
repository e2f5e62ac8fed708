#include "reads/reader.hpp"

#include "core/try.hpp"
#include "reads/chunk.hpp"
#include "reads/parallel_blocks.hpp"
#include "reads/records.hpp"
#include "reads/releases.hpp"

namespace talaria {

Reader::Reader(CorePtr core) {
  context_.many = std::make_shared<ParallelBlockSource>(core);
  context_.core = std::move(core);
}

Result<std::unique_ptr<Reader>> Reader::open(const std::string& path, const Settings& settings) {
  TALARIA_TRY_ASSIGN(auto objects, local_store(path, false));
  TALARIA_TRY_ASSIGN(auto core, Core::open(std::move(objects), settings));
  return std::unique_ptr<Reader>(new Reader(std::move(core)));
}

Result<std::vector<ReleaseInfo>> Reader::releases(const std::string& name) {
  return list_releases(*context_.core, name);
}

Result<Record> Reader::get(const std::string& id, const std::string& release) {
  return find_record(context_, id, release);
}

Result<Buffer> Reader::get_chunk(const Digest& digest) {
  return talaria::get_chunk(context_, digest);
}

Result<StoreStats> Reader::stats() {
  return count(*context_.core);
}

} // namespace talaria

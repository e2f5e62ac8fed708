#include "repository/chunk_bits.hpp"

#include "backends/posix_io.hpp"
#include "core/try.hpp"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <string>
#include <sys/mman.h>

namespace talaria {

namespace {

// So many bytes are kept in memory: the bits of 32 million chunks.
constexpr std::size_t most_in_memory = std::size_t{4} << 20;

// The file has its space before it is mapped, for without it a write into the mapping would be fatal.
Result<Fd> unlinked_file(std::size_t size) {
  std::error_code failed;
  auto folder = std::filesystem::temp_directory_path(failed);
  if (failed) return system_failure("cannot find", "the folder for temporary files", failed.value());
  auto path = (folder / "talaria-XXXXXX").string();
  Fd file(::mkostemp(path.data(), O_CLOEXEC));
  if (!file) return system_failure("cannot make", path, errno);
  ::unlink(path.c_str());
  if (auto error = ::posix_fallocate(file.get(), 0, static_cast<off_t>(size)); error != 0)
    return system_failure("cannot make room for", path, error);
  return file;
}

} // namespace

Result<ChunkBits> ChunkBits::create(const DigestIndex& index) {
  ChunkBits bits;
  uint64_t count = 0;
  for (auto& segment : index.segments()) {
    auto& first = bits.first_.emplace_back();
    for (auto kind : all_kinds) {
      first[index_of(kind)] = count;
      count += segment->count(kind);
    }
  }
  auto size = static_cast<std::size_t>(count / 64 + 1) * sizeof(uint64_t);
  Fd file;
  if (size > most_in_memory) {
    TALARIA_TRY_ASSIGN(file, unlinked_file(size));
  }
  auto flags = file ? MAP_SHARED : MAP_PRIVATE | MAP_ANONYMOUS;
  void* start = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, flags, file.get(), 0);
  if (start == MAP_FAILED) return system_failure("cannot map", "the bits of all chunks", errno);
  bits.words_ = {static_cast<uint64_t*>(start), [size](uint64_t* words) { ::munmap(words, size); }};
  return bits;
}

bool ChunkBits::get(Kind kind, const DigestIndex::Slot& slot) const noexcept {
  auto at = place(kind, slot);
  std::atomic_ref<uint64_t> word(words_.get()[at / 64]);
  return (word.load(std::memory_order_relaxed) >> (at % 64) & 1) != 0;
}

bool ChunkBits::set(Kind kind, const DigestIndex::Slot& slot) noexcept {
  auto at = place(kind, slot);
  auto bit = uint64_t{1} << (at % 64);
  std::atomic_ref<uint64_t> word(words_.get()[at / 64]);
  if ((word.load(std::memory_order_relaxed) & bit) != 0) return false;
  return (word.fetch_or(bit, std::memory_order_relaxed) & bit) == 0;
}

} // namespace talaria

#include "core/huge_pages.hpp"

#include <new>
#include <sys/mman.h>

namespace talaria {

namespace {

// Below this, a huge page would mostly stay empty.
constexpr std::size_t smallest_huge = std::size_t{4} << 20;

} // namespace

void* allocate_huge(std::size_t size) {
  if (size < smallest_huge) return ::operator new(size);
  void* memory = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
#ifdef MADV_HUGEPAGE
  ::madvise(memory, size, MADV_HUGEPAGE); // a wish: without it all works, only slower
#endif
  return memory;
}

void release_huge(void* memory, std::size_t size) noexcept {
  if (size < smallest_huge)
    ::operator delete(memory);
  else
    ::munmap(memory, size);
}

} // namespace talaria

// Memory for large tables that are read at random: in huge pages where the system has them, since else
// most of the time goes to looking up addresses.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

namespace talaria {

// Memory of `size` bytes, given back to the operating system when released; not initialised.
// std::bad_alloc if there is none.
void* allocate_huge(std::size_t size);
void release_huge(void* memory, std::size_t size) noexcept;

// For containers. Small ones get ordinary memory.
template <class T>
struct HugeAllocator {
  using value_type = T;

  HugeAllocator() = default;
  template <class U>
  HugeAllocator(const HugeAllocator<U>&) noexcept {}

  T* allocate(std::size_t count) { return static_cast<T*>(allocate_huge(count * sizeof(T))); }
  void deallocate(T* memory, std::size_t count) noexcept { release_huge(memory, count * sizeof(T)); }

  friend bool operator==(const HugeAllocator&, const HugeAllocator&) noexcept { return true; }
};

template <class T>
using HugeVector = std::vector<T, HugeAllocator<T>>;

// Uninitialised bytes.
class HugeBytes {
public:
  explicit HugeBytes(std::size_t size)
      : memory_(static_cast<char*>(allocate_huge(size)), Release{size}) {}
  char* data() const noexcept { return memory_.get(); }

private:
  struct Release {
    std::size_t size;
    void operator()(char* memory) const noexcept { release_huge(memory, size); }
  };
  std::unique_ptr<char, Release> memory_;
};

} // namespace talaria

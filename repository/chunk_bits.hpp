// A bit for each chunk of an index.
#pragma once

#include "repository/digest_index.hpp"
#include "talaria/error.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

namespace talaria {

// All are 0 at first. Many of them lie in an unlinked file in the folder for temporary files, so that
// the operating system need not keep them in memory. Safe to share between threads.
class ChunkBits {
public:
  // errc::no_space if there is no room for that file.
  static Result<ChunkBits> create(const DigestIndex& index);

  bool get(Kind kind, const DigestIndex::Slot& slot) const noexcept;

  // Sets it to 1; true if it was 0.
  bool set(Kind kind, const DigestIndex::Slot& slot) noexcept;

private:
  uint64_t place(Kind kind, const DigestIndex::Slot& slot) const noexcept {
    return first_[slot.segment][index_of(kind)] + slot.slot;
  }

  std::vector<std::array<uint64_t, kind_count>> first_; // by segment and kind: the bit of slot 0
  std::shared_ptr<uint64_t> words_;                     // mapped
};

} // namespace talaria

// Locations: the place of each slot's block in the table of blocks of an index segment. Bit-packed slot
// by slot, or, where that is smaller, run by run: a block is said once for successive slots that lie in
// it. docs/format.md, "Locations".
#pragma once

#include "repository/checked_file.hpp"
#include "repository/lookup_table.hpp"
#include "talaria/error.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace talaria {

// The form of the locations of a part.
struct LocationShape {
  uint8_t bits = 0;  // of each location, if they are bit-packed; else 0
  uint32_t runs = 0; // 0 if they are bit-packed

  // The smaller form for `slots`, of which those in one block make `runs`, and a table of `blocks`.
  static LocationShape of(uint32_t slots, uint32_t blocks, uint32_t runs) noexcept;

  // Whether a reader can use it.
  bool valid(uint32_t slots) const noexcept;

  uint64_t size(uint32_t slots) const noexcept;
};

// Counts the runs of locations that are added one by one.
class RunCounter {
public:
  void add(uint32_t location) noexcept {
    if (last_ != location) ++runs_;
    last_ = location;
  }
  uint32_t runs() const noexcept { return runs_; }

private:
  std::optional<uint32_t> last_;
  uint32_t runs_ = 0;
};

// Appends the locations of successive slots to `out`, as far as they are complete.
class LocationWriter {
public:
  LocationWriter(const LocationShape& shape, std::string& out) : shape_(shape), out_(out), bits_(out) {}
  void put(uint32_t location);
  void finish();

private:
  LocationShape shape_;
  std::string& out_;
  BitWriter bits_;
  std::optional<uint32_t> last_;
  uint32_t slot_ = 0;
};

// The location of a slot of the part. `offset`: of the locations in `file`, whose runs must have been
// checked. errc::damaged if a checksum fails.
Result<uint32_t> find_location(const CheckedFile& file, uint64_t offset, const LocationShape& shape,
                               uint32_t slot);

// errc::damaged unless the first run begins at slot 0, each other one behind the one before it, and the
// last below `slots`.
Result<void> check_runs(const CheckedFile& file, uint64_t offset, const LocationShape& shape,
                        uint32_t slots);

} // namespace talaria

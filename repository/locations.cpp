#include "repository/locations.hpp"

#include "core/endian.hpp"
#include "core/try.hpp"

namespace talaria {

namespace {

constexpr std::size_t run_size = 8; // first slot, location
constexpr std::size_t packed_padding =
    7; // so that any location can be read by one access to eight bytes

uint64_t packed_size(uint32_t slots, unsigned bits) noexcept {
  return (uint64_t{slots} * bits + 7) / 8 + packed_padding;
}

} // namespace

LocationShape LocationShape::of(uint32_t slots, uint32_t blocks, uint32_t runs) noexcept {
  auto bits = bits_for(uint64_t{blocks} + 1);
  if (uint64_t{runs} * run_size < packed_size(slots, bits)) return {0, runs};
  return {static_cast<uint8_t>(bits), 0};
}

bool LocationShape::valid(uint32_t slots) const noexcept {
  return runs > 0 ? bits == 0 && runs <= slots : bits >= 1 && bits <= 32;
}

uint64_t LocationShape::size(uint32_t slots) const noexcept {
  return runs > 0 ? uint64_t{runs} * run_size : packed_size(slots, bits);
}

void LocationWriter::put(uint32_t location) {
  if (shape_.runs == 0) {
    bits_.put(location, shape_.bits);
  } else if (last_ != location) {
    store_u32(out_, slot_);
    store_u32(out_, location);
    last_ = location;
  }
  ++slot_;
}

void LocationWriter::finish() {
  if (shape_.runs == 0) bits_.finish(packed_padding);
}

Result<uint32_t> find_location(const CheckedFile& file, uint64_t offset, const LocationShape& shape,
                               uint32_t slot) {
  if (shape.runs == 0) {
    auto position = uint64_t{slot} * shape.bits;
    TALARIA_TRY_ASSIGN(const char* bytes, file.at(offset + position / 8, 8));
    return static_cast<uint32_t>(load_bits(bytes, position % 8, shape.bits));
  }
  const char* runs = file.file().data() + offset;
  uint32_t found = 0;
  for (auto left = shape.runs; left > 1;) {
    auto half = left / 2;
    if (load_u32(runs + std::size_t{found + half} * run_size) <= slot) found += half;
    left -= half;
  }
  return load_u32(runs + std::size_t{found} * run_size + 4);
}

Result<void> check_runs(const CheckedFile& file, uint64_t offset, const LocationShape& shape,
                        uint32_t slots) {
  TALARIA_TRY_ASSIGN(const char* runs, file.at(offset, shape.size(slots)));
  uint32_t next = 0; // the least slot that the next run may begin with
  for (uint32_t i = 0; i < shape.runs; ++i) {
    auto first = load_u32(runs + std::size_t{i} * run_size);
    if (first < next || first >= slots || (i == 0 && first != 0))
      return failure(errc::damaged, file.name() + ": locations contradict themselves");
    next = first + 1;
  }
  return {};
}

} // namespace talaria

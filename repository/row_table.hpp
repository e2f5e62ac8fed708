// From the numbers that the rows of a page name to the places of the rows.
#pragma once

#include "repository/page_payload.hpp"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <optional>
#include <vector>

namespace talaria {

// Open addressing, made at once: pages are made and compared by the thousand. The rows must outlive it.
class RowTable {
public:
  RowTable() = default; // finds nothing

  // `number`: of the header or of the sequence of a row.
  RowTable(const std::vector<Row>& rows, Number Row::*number) : rows_(&rows), number_(number) {
    auto slots = std::bit_ceil(std::max<std::size_t>(2, 2 * rows.size()));
    slots_.resize(slots, 0);
    shift_ = std::countl_zero(slots) + 1;
    for (uint32_t place = 0; place < rows.size(); ++place) {
      auto& slot = slots_[slot_of(rows[place].*number)];
      if (slot == 0) slot = place + 1;
    }
  }

  bool empty() const noexcept { return slots_.empty(); }

  // The first row with a number, or nothing.
  std::optional<uint32_t> find(const Number& number) const noexcept {
    if (empty()) return std::nullopt;
    auto slot = slots_[slot_of(number)];
    if (slot == 0) return std::nullopt;
    return slot - 1;
  }

private:
  // That of the number, or an empty one.
  std::size_t slot_of(const Number& number) const noexcept {
    auto key = uint64_t{number.generation} << 32 | number.ordinal;
    auto slot = static_cast<std::size_t>(key * 0x9E3779B97F4A7C15 >> shift_);
    while (slots_[slot] != 0 && !((*rows_)[slots_[slot] - 1].*number_ == number))
      slot = (slot + 1) & (slots_.size() - 1);
    return slot;
  }

  const std::vector<Row>* rows_ = nullptr;
  Number Row::*number_ = nullptr;
  std::vector<uint32_t> slots_; // place + 1, or 0; a power of two of them, half full at most
  int shift_ = 0;
};

} // namespace talaria

// Snapshots: what a reader opens. All packs, segments and releases that are alive, and the totals.
// docs/format.md, "Snapshots".
#pragma once

#include "repository/number.hpp"
#include "repository/pack.hpp"
#include "repository/release.hpp"
#include "talaria/digest.hpp"
#include "talaria/error.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace talaria {

std::string snapshot_name(const Digest& digest);

// A page file that isn't whole, and the one that it is the difference from.
struct PageDelta {
  Digest pages;
  PackInfo reference;

  friend bool operator==(const PageDelta&, const PageDelta&) = default;
};

// Of the chunks of one kind.
struct KindTotals {
  uint64_t count = 0;
  uint64_t bytes = 0; // of the values, before compression; what is cut into parts counts here and there
};

struct Snapshot {
  struct Pack : PackInfo {
    uint32_t generation = 0; // place in `generations`
  };

  uint64_t serial = 0; // one more than the parent's
  uint64_t created = 0;
  Digest parent;                         // all zero for the first
  uint64_t removals = 0;                 // of the commits up to this one, those that took something out
  std::vector<GenerationId> generations; // only ever grows at the end
  std::vector<Pack> packs;
  std::vector<PackInfo> segments;     // newest last
  std::vector<ReleaseEntry> releases; // in the order of their commits
  std::vector<PageDelta> deltas;      // of all page files that releases need
  std::vector<Number> removed;        // chunks of kind `bytes` that are no longer there; sorted
  std::array<KindTotals, kind_count> totals;

  std::string encode() const;
  // errc::damaged for bytes that no writer makes.
  static Result<Snapshot> decode(std::string_view bytes);

  // The place of a generation, or nothing.
  std::optional<uint32_t> generation(const GenerationId& id) const noexcept;
  // The page files that a page file goes back to, the nearest first.
  std::vector<PackInfo> references(const Digest& pages) const;
  // All page files that releases need, each once.
  std::vector<PackInfo> page_files() const;
  // The names of all objects that the snapshot needs, but for its own and its parent's.
  std::unordered_set<std::string> file_names() const;
  // Forgets the differences that no release needs.
  void drop_unused_deltas();
  bool is_removed(const Number& number) const noexcept;
};

} // namespace talaria

// Interning: each distinct chunk is stored once and known by its number ever after.
#pragma once

#include "coding/chunker.hpp"
#include "repository/block_reader.hpp"
#include "repository/digest_index.hpp"
#include "repository/list.hpp"
#include "repository/run.hpp"
#include "talaria/error.hpp"

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace talaria {

// Finds chunks in the repository or in the run of new ones, or adds them to the run.
//
// A chunk that follows a known one in a file is most likely the next one that some generation met, so
// those are looked at first (locality-preserved caching; Zhu, Li, Patterson: "Avoiding the Disk
// Bottleneck in the Data Domain Deduplication File System", FAST 2008). Used by one thread at a time.
class Interner {
public:
  // `headers`: where it reads the headers that a new one is compared with; outlives it. `generation`:
  // the place of the commit's own generation in the index.
  Interner(BlockSource& headers, DigestIndexPtr index, uint32_t generation, std::unique_ptr<Run> run);

  Run& run() noexcept { return *run_; }

  // The place of the own generation of the commit in the index.
  uint32_t generation() const noexcept { return generation_; }

  // What was stored before this commit and is drawn on now. Headers are left out, for each is compared
  // with its text.
  struct Drawn {
    std::vector<std::vector<bool>> blocks;   // by segment of the index and place in its table
    std::set<std::pair<Kind, Number>> lists; // long values
  };
  const Drawn& drawn() const noexcept { return drawn_; }

  // Goes on with another run, after the last one has become a segment of `index`.
  void next_run(DigestIndexPtr index, std::unique_ptr<Run> run);
  std::unique_ptr<Run> take_run() noexcept { return std::move(run_); }

  // Asks for the memory that intern() will touch if the chunk is of this run or new.
  void prefetch(Kind kind, const Key128& key) const noexcept { run_->prefetch(kind, key); }

  // A chunk by the first 128 bits of its digest. Not for headers.
  Result<Number> intern(Kind kind, const Key128& key, std::string_view content);

  // A long value by the first 128 bits of its own digest.
  Result<Number> intern_list(Kind kind, const Key128& key, const PartList& list);

  // A value of any length by its digest: cut into parts if it is long.
  Result<Number> intern_value(Kind kind, const Digest& digest, std::string_view content);

  // A header line of any length.
  Result<Number> intern_header(std::string_view header, uint64_t accession_key);

  // Adds a part of a long value to its list.
  Result<void> intern_part(std::string_view content, PartList& list);

private:
  struct Expected { // next
    Number number;
    BlockPtr block;         // of a header: where the one before it was found
    bool last_half = false; // of that block has been reached
  };
  Result<std::optional<Number>> find_expected(Kind kind,
                                              const std::function<Result<bool>(Expected&)>& is_it);
  void expect_after(Kind kind, const Number& number);
  Result<bool> header_is(Expected& expected, std::string_view header);
  void read_ahead(Expected& next);
  Result<PartList> list_of_parts(std::string_view content);
  Result<std::optional<Number>> find(Kind kind, const Key128& key);
  Result<void> draw(Kind kind, const DigestIndex::Slot& slot);

  DigestIndexPtr index_;
  uint32_t generation_;
  std::unique_ptr<Run> run_;
  BlockSource& headers_;
  Hasher hasher_;
  // By kind: what comes after that found last, the most recent first.
  std::array<std::vector<Expected>, kind_count> expected_;
  Drawn drawn_;
};

// A value that arrives in pieces. Memory: a few parts, whatever its length. Used by one thread at a
// time.
class ValueBuilder {
public:
  ValueBuilder(Interner& interner, Kind kind) : interner_(interner), kind_(kind) {}

  Result<void> append(std::string_view content);

  // Bytes so far.
  uint64_t size() const noexcept { return size_; }

  // The number of the whole value.
  Result<Number> finish();

private:
  Interner& interner_;
  Kind kind_;
  Hasher hasher_;
  std::string pending_;
  uint64_t size_ = 0;
  PartList list_;
};

} // namespace talaria

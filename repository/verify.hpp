// Verification: does what is stored still have the digests under which it was stored?
#pragma once

#include "repository/block_reader.hpp"
#include "repository/difference_reader.hpp"
#include "repository/digest_index.hpp"
#include "repository/page.hpp"
#include "repository/similar_sequences.hpp"
#include "talaria/error.hpp"
#include "talaria/object_store.hpp"

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace talaria {

// Blocks of one pack to be checked.
struct BlockCheck {
  DigestIndexPtr index; // null if it can't be read: then digests are not compared
  GenerationId generation;
  std::vector<BlockPlace> places;
  std::shared_ptr<KeptBlocks> references = {}; // of what differences refer to, if they are kept
};

// Blocks of one pack that a new release draws on: are they still what was proven when they were stored?
struct DrawnCheck {
  DigestIndexPtr index;
  GenerationId generation;
  std::vector<BlockPlace> places;
  std::shared_ptr<const SoughtSequences> sought = {}; // what sequences are compared with, if anything
};

// Long values to be read through their parts.
struct ValueCheck {
  DigestIndexPtr index;
  Kind kind = Kind::sequence;
  std::vector<Number> numbers;
  std::shared_ptr<KeptBlocks> references = {};
};

// A file whose name is to be compared with its content.
struct FileCheck {
  std::string name;
  Digest digest;
  uint64_t size = 0;
};

// A segment of the index to be read entry by entry.
struct SegmentCheck {
  SegmentPtr segment;
};

// The pages of a release, which must name only chunks that exist.
struct PagesCheck {
  DigestIndexPtr index;
  PageFilePtr pages;
  std::string name;     // of the file
  uint64_t records = 0; // that the snapshot says
};

// Something found wrong.
struct Finding {
  std::string object;
  Error error;
  std::vector<uint64_t> blocks;                // keys of the blocks that can't be trusted
  std::vector<std::pair<Kind, Number>> values; // long values and differences that can't be trusted
};

struct CheckReport {
  std::vector<Finding> findings;
  uint64_t blocks = 0;
  uint64_t chunks = 0;
  uint64_t bytes = 0;
  std::vector<std::pair<Kind, Number>> lists; // long values met, to be checked by ValueCheck
  SimilarSequences similar;                   // of DrawnCheck::sought
  std::set<DigestIndex::BlockAt> referred;    // of a DrawnCheck: blocks that its differences refer to
};

// Each never fails: what goes wrong is a finding. Used by one thread at a time.
class Checker {
public:
  Checker(const ObjectStore& store, std::shared_ptr<PackRegistry> registry);

  CheckReport check(const BlockCheck& job);
  CheckReport check(const DrawnCheck& job);
  CheckReport check(const ValueCheck& job);
  CheckReport check(const FileCheck& job);
  CheckReport check(const SegmentCheck& job);
  CheckReport check(const PagesCheck& job);

private:
  DirectBlockSource source_of(const std::shared_ptr<KeptBlocks>& kept) const;
  void check_block(const BlockCheck& job, uint32_t generation, const BlockPlace& place,
                   DifferenceReader* differences, CheckReport& report);

  void check_drawn(const DrawnCheck& job, const BlockPlace& place, CheckReport& report);

  // Whether a chunk is where the index says, and what was read is a copy in a pack that a collection
  // which was cut short left, and a rebuild found.
  bool is_copy(const BlockPlace& read, const BlockPlace& indexed, Kind kind, const Number& number);

  Result<void> check_difference(DifferenceReader& differences, Kind kind, const Number& number,
                                std::string_view content, const Key128& wanted);

  const ObjectStore& store_;
  std::shared_ptr<PackRegistry> registry_;
  BlockDecoder decoder_;
  Hasher hasher_;
};

} // namespace talaria

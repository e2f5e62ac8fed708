// Index segments made without packs: for the tests of segments and of the index over them.
#pragma once

#include "repository/segment.hpp"
#include "support.hpp"

#include <map>
#include <string>
#include <vector>

namespace talaria {

// The n-th chunk that these tests speak of.
inline Key128 nth_key(uint64_t n) {
  return key_of("chunk " + std::to_string(n));
}

// An accession key, of which the high half is kept.
inline uint64_t nth_accession(uint64_t n) {
  return key_of("accession " + std::to_string(n)).high;
}

// Builds a segment range by range.
class DraftBuilder {
public:
  // The chunks `first`, `first` + 1 ... as numbers from `base` on.
  DraftBuilder& range(Kind kind, const GenerationId& generation, uint32_t base, uint32_t count,
                      uint64_t first) {
    draft_.ranges.push_back({kind, generation, base, count, 0});
    auto& part = draft_.parts[index_of(kind)];
    for (uint32_t i = 0; i < count; ++i) {
      if (kind == Kind::header)
        part.header_keys.push_back(static_cast<uint32_t>(nth_accession(first + i) >> 32));
      else
        part.keys.push_back(nth_key(first + i));
      if (i % per_block_ == 0) new_block(kind);
      part.blocks.push_back(static_cast<uint32_t>(draft_.blocks.size() - 1));
    }
    return *this;
  }

  // How many chunks of a range the next blocks have; 3 unless told.
  DraftBuilder& per_block(uint32_t chunks) {
    per_block_ = chunks;
    return *this;
  }

  DraftBuilder& pack(const std::string& content) {
    draft_.packs.push_back({digest_of(content), content.size()});
    return *this;
  }

  const SegmentDraft& draft() const { return draft_; }
  std::string bytes() const {
    auto draft = draft_;
    return write_segment(draft);
  }

private:
  void new_block(Kind kind) {
    BlockInfo block;
    block.offset = static_cast<uint32_t>(24 + 100 * draft_.blocks.size());
    block.stored = 100;
    block.directory = 20;
    block.raw = 300;
    block.count = per_block_;
    block.kind = kind;
    block.pack = static_cast<uint16_t>(draft_.blocks.size() % draft_.packs.size());
    block.crc = draft_.blocks.size();
    draft_.blocks.push_back(block);
  }
  SegmentDraft draft_;
  uint32_t per_block_ = 3;
};

inline SegmentPtr open_segment(ObjectStore& store, const std::string& bytes) {
  const auto name = segment_name(digest_of(bytes));
  must(store.put(name, bytes));
  return must(Segment::open(store, name));
}

} // namespace talaria

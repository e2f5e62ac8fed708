// Reading back what a commit has written, before anything names it. Together with two checks that are
// made while the bytes are at hand (a block is decoded again when it is encoded, a page when it is
// encoded), this proves that a release can be rendered: docs/decisions/0007-proof.md.
#pragma once

#include "repository/pack.hpp"
#include "repository/page.hpp"
#include "repository/segment.hpp"
#include "talaria/error.hpp"
#include "talaria/object_store.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace talaria {

// Each is errc::internal or errc::damaged with the name of the object if that doesn't give back what was
// written.

// A pack: its footer lists `blocks`, and the bytes of each have their checksum.
Result<void> read_back_pack(const ObjectStore& store, const PackInfo& pack,
                            const GenerationId& generation, std::span<const BlockInfo> blocks);

// A segment: it is sound, each slot has the key and the block that the draft says, each block its entry.
Result<void> read_back_segment(const Segment& segment, const SegmentDraft& draft);

// A page file: it has the preamble, the generations and the reference of its writer and so many records,
// and each of its pages can be read.
Result<void> read_back_pages(const ObjectStore& store, const PackInfo& pages,
                             const PageFileWriter& writer, uint64_t records);

} // namespace talaria

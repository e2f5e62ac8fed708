// Packs: immutable files of blocks of one generation, with a footer that indexes them.
// docs/format.md, "Packs".
#pragma once

#include "repository/block.hpp"
#include "repository/number.hpp"
#include "talaria/digest.hpp"
#include "talaria/error.hpp"
#include "talaria/object_store.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace talaria {

// The object that holds the pack with this digest.
std::string pack_name(const Digest& digest);

struct PackInfo {
  Digest digest;     // of the whole file, and its name
  uint64_t size = 0; // bytes
  friend bool operator==(const PackInfo&, const PackInfo&) = default;
};

// Writes one pack. Used by one thread at a time; destroying it before finish() leaves nothing behind.
class PackWriter {
public:
  static Result<std::unique_ptr<PackWriter>> create(ObjectStore& store, const GenerationId& generation);

  // Appends a block and returns its entry with the offset set.
  Result<BlockInfo> append(const EncodedBlock& block);

  // Bytes so far.
  uint64_t size() const noexcept { return size_; }

  // Writes the footer and makes the pack durable under its name.
  Result<PackInfo> finish();

private:
  PackWriter(std::unique_ptr<ObjectWriter> out) : out_(std::move(out)) {}
  Result<void> write(std::string_view bytes);

  std::unique_ptr<ObjectWriter> out_;
  Hasher hasher_;
  uint64_t size_ = 0;
  uint64_t header_crc_ = 0;
  std::vector<BlockInfo> blocks_;
};

// What the footer of a pack says.
struct PackFooter {
  GenerationId generation;
  std::vector<BlockInfo> blocks; // in the order of their offsets, back to back
};

// Reads and checks header and footer. `size` is that of the object.
Result<PackFooter> read_pack_footer(const ObjectStore& store, const std::string& name, uint64_t size);

} // namespace talaria

// Which chunks of applications are stored as differences, and from what: found by reading them, for no
// index has it.
#pragma once

#include "repository/block_reader.hpp"
#include "repository/repository.hpp"
#include "talaria/digest.hpp"
#include "talaria/error.hpp"

#include <vector>

namespace talaria {

class DeltaScan {
public:
  // Reads all differences of kind bytes, and, in generations that have differences of kind part, all
  // blocks of kind bytes, for the lists among them. With `pass_over_damage`, blocks that can't be read
  // are left out: what is in them can't be read either.
  static Result<DeltaScan> read(const View& view, BlockSource& source, bool pass_over_damage);

  // The chunks of applications that are there and stored as the difference from the chunk or sequence
  // with this digest, or from parts of it, in the order of their numbers.
  std::vector<Number> deltas(const Digest& reference) const;

  // Those that can't be read without it: also where what lies between was stored anew and is kept for
  // them alone.
  std::vector<Number> dependents(const Digest& reference) const;

private:
  struct Edge {
    Number chunk;
    Key128 reference_key;
    Number reference;
    bool of_bytes = false; // the reference is of kind bytes
    bool removed = false;  // the chunk is
  };
  struct ListEdge {
    Number chunk;
    Digest reference;
  };
  Result<void> add(const DigestIndex& index, const Snapshot& snapshot, const Block& block,
                   uint32_t generation);

  std::vector<Edge> edges_;
  std::vector<ListEdge> lists_; // those that are not removed
};

} // namespace talaria

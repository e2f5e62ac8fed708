// Blocks that are decoded before their reader needs them.
#pragma once

#include "actors/operation.hpp"

#include <deque>

namespace talaria::actors {

// Reads blocks in the thread of an operation, which must stay where it is, but for those that were
// expected: a block reader has decoded these meanwhile.
class ReadAhead : public EachBlockSource {
public:
  explicit ReadAhead(Operation& op) : op_(op), own_(op) {}

  using EachBlockSource::read;
  Result<BlockPtr> read(const BlockPlace& place) override;
  void expect(const BlockPlace& place) override;

private:
  using Request = decltype(std::declval<caf::blocking_actor*>()->request(
      std::declval<block_reader_actor>(), caf::infinite, read_blocks_atom_v,
      std::declval<Local<Places>>()));
  struct Coming {
    BlockPlace place;
    Request request;
  };

  bool is_coming(const BlockPlace& place) const;
  BlockPtr take_first();

  Operation& op_;
  OwnBlockSource own_;
  std::deque<Coming> coming_;
  std::size_t next_reader_ = 0;
};

} // namespace talaria::actors

#include "actors/read_ahead.hpp"

#include <algorithm>

namespace talaria::actors {

namespace {

constexpr std::size_t most_coming = 2;

} // namespace

// What could not be read ahead is read once more, so its error is that of any other block.
Result<BlockPtr> ReadAhead::read(const BlockPlace& place) {
  BlockPtr block;
  while (is_coming(place)) block = take_first();
  if (block) return block;
  return own_.read(place);
}

void ReadAhead::expect(const BlockPlace& place) {
  if (is_coming(place) || op_.core->blocks->get(place.key())) return;
  if (coming_.size() == most_coming) take_first();
  auto& readers = op_.services->readers;
  auto& reader = readers[next_reader_++ % readers.size()];
  coming_.push_back(
      {place, op_.self->request(reader, caf::infinite, read_blocks_atom_v, local(Places{place}))});
}

bool ReadAhead::is_coming(const BlockPlace& place) const {
  return std::ranges::any_of(coming_, [&](auto& coming) { return coming.place.key() == place.key(); });
}

// Nothing if it could not be read.
BlockPtr ReadAhead::take_first() {
  auto coming = std::move(coming_.front());
  coming_.pop_front();
  auto blocks = await<Blocks>(coming.request);
  if (!blocks) return nullptr;
  op_.core->blocks->put(coming.place.key(), (*blocks)->front());
  return (*blocks)->front();
}

} // namespace talaria::actors

#include "actors/read_ahead.hpp"

#include <algorithm>

namespace talaria::actors {

namespace {

constexpr std::size_t most_coming = 2; // decoded blocks of headers take half a megabyte each

} // namespace

// What came is in the cache of the core, from where the own source takes it. What could not be read is
// read once more there, so its error is that of any other block.
Result<std::vector<BlockPtr>> ReadAhead::read(std::span<const BlockPlace> places) {
  while (std::ranges::any_of(places, [&](auto& place) { return is_coming(place); })) take_first();
  return own_.read(places);
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

void ReadAhead::take_first() {
  if (auto blocks = await<Blocks>(coming_.front().request))
    op_.core->blocks->put(coming_.front().place.key(), (*blocks)->front());
  coming_.pop_front();
}

} // namespace talaria::actors

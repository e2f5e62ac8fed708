#include "repository/block_reader.hpp"

#include "core/try.hpp"

namespace talaria {

namespace {

// What an older index names may have been rewritten: the newest one tells where.
Result<BlockPtr> read_moved(const ObjectStore& store, const PackRegistry& registry,
                            const BlockPlace& place, BlockDecoder& decoder) {
  auto missing = failure(errc::damaged, pack_name(registry.digest(place.pack)) +
                                            " is missing: restore it from a backup");
  if (!place.chunk) return missing;
  auto now = registry.locate_now(place.info.kind, *place.chunk);
  if (!now && now.error().code() == errc::not_found) return tl::unexpected(now.error());
  if (!now || now->pack == place.pack) return missing;
  return read_block(store, registry, *now, decoder);
}

} // namespace

Result<BlockPtr> read_block(const ObjectStore& store, const PackRegistry& registry,
                            const BlockPlace& place, BlockDecoder& decoder) {
  auto name = pack_name(registry.digest(place.pack));
  auto where = [&] { return name + ", block at byte " + std::to_string(place.info.offset); };
  auto stored = store.get_range({name, place.info.offset, place.info.stored});
  if (!stored) {
    auto& error = stored.error();
    if (error.code() == errc::not_found) return read_moved(store, registry, place, decoder);
    return tl::unexpected(error.within(where()));
  }
  auto block = decoder.decode(place.info, stored->view());
  if (!block) return tl::unexpected(block.error().within(where()));
  return block;
}

DirectBlockSource::DirectBlockSource(const ObjectStore& store, std::shared_ptr<PackRegistry> registry,
                                     std::size_t keep, std::shared_ptr<KeptBlocks> shared)
    : store_(store),
      registry_(std::move(registry)),
      shared_(std::move(shared)),
      kept_(shared_ ? 0 : keep) {}

Result<std::vector<BlockPtr>> DirectBlockSource::read(std::span<const BlockPlace> places) {
  std::vector<BlockPtr> blocks;
  blocks.reserve(places.size());
  for (auto& place : places) {
    TALARIA_TRY_ASSIGN(auto block, read(place));
    blocks.push_back(std::move(block));
  }
  return blocks;
}

Result<BlockPtr> DirectBlockSource::read(const BlockPlace& place) {
  for (auto& kept : kept_)
    if (kept.block && kept.key == place.key()) return kept.block;
  if (shared_)
    if (auto kept = shared_->get(place.key())) return *std::move(kept);
  TALARIA_TRY_ASSIGN(auto block, read_block(store_, *registry_, place, decoder_));
  if (shared_) {
    shared_->put(place.key(), block);
    return block;
  }
  kept_[next_] = {place.key(), block};
  next_ = (next_ + 1) % kept_.size();
  return block;
}

Result<std::size_t> place_in_block(const Block& block, Kind kind, const Number& number) {
  auto place = block.find(number.ordinal);
  if (place == block.count() || block.kind() != kind)
    return failure(errc::damaged, std::string(to_string(kind)) + " " + std::to_string(number.ordinal) +
                                      " isn't in the block that the index names: run `talaria verify`");
  return place;
}

} // namespace talaria

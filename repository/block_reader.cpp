#include "repository/block_reader.hpp"

#include "core/crc64.hpp"
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

Result<void> check_stored_bytes(const ObjectStore& store, const PackRegistry& registry,
                                const BlockPlace& place, BlockDecoder& decoder) {
  auto stored =
      store.get_range({pack_name(registry.digest(place.pack)), place.info.offset, place.info.stored});
  if (stored && crc64(stored->view()) == place.info.crc) return {};
  return read_block(store, registry, place, decoder).map([](const auto&) {}); // says what is wrong
}

Result<std::vector<BlockPtr>> EachBlockSource::read(std::span<const BlockPlace> places) {
  std::vector<BlockPtr> blocks;
  blocks.reserve(places.size());
  for (auto& place : places) {
    TALARIA_TRY_ASSIGN(auto block, read(place));
    blocks.push_back(std::move(block));
  }
  return blocks;
}

namespace {

// The blocks put last, for one thread.
class LastBlocks : public KeptBlocks {
public:
  explicit LastBlocks(std::size_t count) : kept_(count) {}

  std::optional<BlockPtr> get(uint64_t key) override {
    for (auto& kept : kept_)
      if (kept.block && kept.key == key) return kept.block;
    return std::nullopt;
  }
  void put(uint64_t key, const BlockPtr& block) override {
    kept_[next_] = {key, block};
    next_ = (next_ + 1) % kept_.size();
  }

private:
  struct Kept {
    uint64_t key = 0;
    BlockPtr block;
  };
  std::vector<Kept> kept_; // a ring
  std::size_t next_ = 0;
};

} // namespace

DirectBlockSource::DirectBlockSource(const ObjectStore& store, std::shared_ptr<PackRegistry> registry,
                                     std::size_t keep)
    : DirectBlockSource(store, std::move(registry), std::make_shared<LastBlocks>(keep)) {}

DirectBlockSource::DirectBlockSource(const ObjectStore& store, std::shared_ptr<PackRegistry> registry,
                                     std::shared_ptr<KeptBlocks> kept,
                                     std::shared_ptr<BlockDecoder> decoder)
    : store_(store),
      registry_(std::move(registry)),
      kept_(std::move(kept)),
      decoder_(std::move(decoder)) {}

Result<BlockPtr> DirectBlockSource::read(const BlockPlace& place) {
  if (auto kept = kept_->get(place.key())) return *std::move(kept);
  TALARIA_TRY_ASSIGN(auto block, read_block(store_, *registry_, place, *decoder_));
  kept_->put(place.key(), block);
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

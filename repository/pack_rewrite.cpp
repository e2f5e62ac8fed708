#include "repository/pack_rewrite.hpp"

#include "core/crc64.hpp"
#include "core/try.hpp"
#include "repository/magic.hpp"
#include "repository/read_back.hpp"
#include "repository/run.hpp"

#include <algorithm>

namespace talaria {

// Needed chunks that don't fill a block yet.
struct PackRewriter::Pending {
  struct Chunk {
    uint32_t ordinal;
    bool list;
    std::string content;
  };
  Kind kind = Kind::sequence;
  bool differences = false;
  std::vector<Chunk> chunks;
  std::vector<uint64_t> from; // keys of their old blocks
  std::size_t bytes = 0;
};

PackRewriter::PackRewriter(ObjectStore& store, std::shared_ptr<PackRegistry> registry,
                           const RewriteSettings& settings, NeedsChunk needs)
    : store_(store),
      registry_(std::move(registry)),
      settings_(settings),
      needs_(std::move(needs)),
      encoder_(settings.codec, settings.level) {}

PackRewriter::~PackRewriter() = default;

Result<void> PackRewriter::add(const Snapshot::Pack& pack, const GenerationId& generation,
                               const BlockUses& uses) {
  TALARIA_TRY(begin(pack.generation, generation));
  auto name = pack_name(pack.digest);
  TALARIA_TRY_ASSIGN(auto footer, read_pack_footer(store_, name, pack.size));
  if (footer.generation != generation)
    return failure(errc::damaged, name + " belongs to another generation than the snapshot says");
  auto id = registry_->id(pack.digest);
  for (auto& info : footer.blocks) {
    BlockPlace place{id, info};
    auto use = uses.find(place.key());
    if (use == uses.end() || use->second.needed == 0) continue;
    TALARIA_TRY(use->second.needed == info.count ? copy(place) : gather(place, use->second));
  }
  return {};
}

Result<void> PackRewriter::begin(uint32_t place, const GenerationId& generation) {
  if (place == generation_) return {};
  TALARIA_TRY(close_generation());
  generation_ = place;
  generation_id_ = generation;
  return {};
}

Result<void> PackRewriter::copy(const BlockPlace& place) {
  auto name = pack_name(registry_->digest(place.pack));
  TALARIA_TRY_ASSIGN(auto bytes, store_.get_range({name, place.info.offset, place.info.stored}));
  if (crc64(bytes.view()) != place.info.crc)
    return failure(errc::damaged, name + ", block at byte " + std::to_string(place.info.offset) +
                                      ": checksum of the block differs: " + std::string(restore_advice));
  return write({place.info, std::string(bytes.view())}, {place.key()});
}

// A block is closed when it is about full, so that it is seldom much larger than one that a run makes.
Result<void> PackRewriter::gather(const BlockPlace& place, const BlockUse& use) {
  TALARIA_TRY_ASSIGN(auto block, read_block(store_, *registry_, place, decoder_));
  std::vector<std::size_t> needed;
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < block->count(); ++i) {
    if (!needs_(block->kind(), {generation_, block->ordinal(i)}, place.key())) continue;
    needed.push_back(i);
    bytes += block->content(i).size();
  }
  if (needed.size() != use.needed)
    return failure(errc::damaged, pack_name(registry_->digest(place.pack)) + ", block at byte " +
                                      std::to_string(place.info.offset) +
                                      " has other chunks than the index says: run `talaria verify`");
  auto& pending = pending_[{place.info.kind, place.info.differences, place.info.columns}];
  pending.kind = place.info.kind;
  pending.differences = place.info.differences;
  auto full = block_bytes(place.info.kind, place.info.columns, settings_.block_size, settings_.codec);
  if (pending.bytes + bytes > full / 4 * 5 || pending.chunks.size() + needed.size() > block_max_count)
    TALARIA_TRY(flush(pending));
  for (auto i : needed)
    pending.chunks.push_back({block->ordinal(i), block->is_list(i), std::string(block->content(i))});
  pending.from.push_back(place.key());
  pending.bytes += bytes;
  return pending.bytes >= full / 4 * 3 ? flush(pending) : Result<void>();
}

Result<void> PackRewriter::flush(Pending& pending) {
  if (pending.chunks.empty()) return {};
  std::vector<BlockItem> items;
  for (auto& chunk : pending.chunks) items.push_back({chunk.ordinal, chunk.list, chunk.content});
  TALARIA_TRY_ASSIGN(auto block, encoder_.encode(pending.kind, items, pending.differences));
  TALARIA_TRY(write(block, pending.from));
  pending.chunks.clear();
  pending.from.clear();
  pending.bytes = 0;
  return {};
}

Result<void> PackRewriter::write(const EncodedBlock& block, const std::vector<uint64_t>& from) {
  if (pack_ && pack_->size() + block.bytes.size() > settings_.pack_size) TALARIA_TRY(close_pack());
  if (!pack_) {
    TALARIA_TRY_ASSIGN(pack_, PackWriter::create(store_, generation_id_));
  }
  TALARIA_TRY_ASSIGN(auto info, pack_->append(block));
  info.pack = static_cast<uint16_t>(packs_.size());
  for (auto key : from) moved_[key] = static_cast<uint32_t>(blocks_.size());
  blocks_.push_back(info);
  return {};
}

Result<void> PackRewriter::close_generation() {
  for (auto& [form, pending] : pending_) TALARIA_TRY(flush(pending));
  return close_pack();
}

Result<void> PackRewriter::close_pack() {
  if (!pack_) return {};
  TALARIA_TRY_ASSIGN(auto info, pack_->finish());
  pack_.reset();
  std::vector<BlockInfo> own;
  for (auto& block : blocks_) {
    if (block.pack != packs_.size()) continue;
    own.push_back(block);
    own.back().pack = 0; // as in the footer
  }
  packs_.push_back({info, generation_});
  return read_back_pack(store_, info, generation_id_, own);
}

Result<void> PackRewriter::finish() {
  return close_generation();
}

} // namespace talaria

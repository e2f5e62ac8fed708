#include "repository/run.hpp"

#include "coding/similarity.hpp"

#include <algorithm>
#include <numeric>

namespace talaria {

namespace {

constexpr std::size_t slab_size = std::size_t{64} << 20;

// What a chunk costs in memory beside its bytes: entry, key, place and sketch. Headers have no key and
// no sketch.
constexpr std::size_t chunk_overhead = 128;
constexpr std::size_t header_overhead = 40;

// Header blocks are read front to back, so they may be larger than those that random reads hit; each has
// a dictionary of its own. Those of codec dense are decoded at one to two MB/s.
constexpr std::size_t header_block = std::size_t{512} << 10;
constexpr std::size_t dense_header_block = std::size_t{384} << 10;

// Blocks of edit scripts are a fourth as large: scripts stand for several times as much as they take,
// and to read one means to put the columns of its block together. With codec dense that takes no time
// beside the block that it refers to.
constexpr std::size_t script_block_part = 4;

} // namespace

std::size_t block_bytes(Kind kind, bool scripts, std::size_t block_size, CodecId codec) noexcept {
  if (kind == Kind::header)
    return std::max(codec == CodecId::dense ? dense_header_block : header_block, block_size);
  return scripts && codec != CodecId::dense ? block_size / script_block_part : block_size;
}

std::optional<uint32_t> PlaceTable::find(const std::vector<Key128>& keys,
                                         const Key128& key) const noexcept {
  if (slots_.empty()) return std::nullopt;
  auto mask = slots_.size() - 1;
  for (auto at = key.low & mask; slots_[at] != 0; at = (at + 1) & mask)
    if (keys[slots_[at] - 1] == key) return slots_[at] - 1;
  return std::nullopt;
}

void PlaceTable::insert(const std::vector<Key128>& keys, uint32_t place) noexcept {
  auto mask = slots_.size() - 1;
  auto at = keys[place].low & mask;
  while (slots_[at] != 0) at = (at + 1) & mask;
  slots_[at] = place + 1;
}

void PlaceTable::add_last(const std::vector<Key128>& keys) {
  if (keys.size() * 2 > slots_.size()) {
    slots_.assign(std::max<std::size_t>(1024, slots_.size() * 2), 0);
    for (uint32_t place = 0; place + 1 < keys.size(); ++place) insert(keys, place);
  }
  insert(keys, static_cast<uint32_t>(keys.size() - 1));
}

Run::Run(const GenerationId& generation, const std::array<uint32_t, kind_count>& next, RunLimits limits)
    : generation_(generation), base_(next), next_(next), limits_(limits) {}

std::size_t Run::count() const noexcept {
  std::size_t total = 0;
  for (auto& chunks : chunks_) total += chunks.chunks.size();
  return total;
}

bool Run::ordinals_spent() const noexcept {
  // A piece of input adds fewer chunks than this margin.
  constexpr uint32_t margin = 1u << 22;
  return std::any_of(next_.begin(), next_.end(),
                     [](uint32_t next) { return next > UINT32_MAX - margin; });
}

std::string_view Run::keep(std::string_view content) {
  if (content.size() > slab_free_) {
    auto size = std::max(slab_size, content.size());
    slabs_.push_back(std::make_unique_for_overwrite<char[]>(size));
    slab_free_ = size;
    slab_end_ = slabs_.back().get() + size;
  }
  char* at = slab_end_ - slab_free_;
  std::copy(content.begin(), content.end(), at);
  slab_free_ -= content.size();
  return {at, content.size()};
}

uint32_t Run::append(Kind kind, std::string_view content, bool list, uint64_t value) {
  auto& own = chunks_[index_of(kind)];
  own.chunks.push_back({keep(content), list});
  own.bytes += value;
  content_bytes_ += content.size();
  weight_ += content.size() + (kind == Kind::header ? header_overhead : chunk_overhead);
  return next_[index_of(kind)]++;
}

uint32_t Run::add(Kind kind, const Key128& key, std::string_view content, bool list, uint64_t value) {
  auto& own = chunks_[index_of(kind)];
  own.keys.push_back(key);
  own.places.add_last(own.keys);
  return append(kind, content, list, value);
}

uint32_t Run::add_header(uint64_t accession_key, std::string_view content, bool list, uint64_t value) {
  chunks_[index_of(Kind::header)].header_keys.push_back(static_cast<uint32_t>(accession_key >> 32));
  return append(Kind::header, content, list, value);
}

std::optional<uint32_t> Run::find(Kind kind, const Key128& key) const noexcept {
  auto& own = of(kind);
  auto place = own.places.find(own.keys, key);
  if (!place) return std::nullopt;
  return base_[index_of(kind)] + *place;
}

std::vector<uint32_t> Run::sketch(Kind kind, uint32_t first, uint32_t count) const {
  auto bins = sketch_bins(this->count(kind), bytes(kind));
  std::vector<uint32_t> sketches(bins * count);
  auto& differences = of(kind).differences;
  for (uint32_t i = 0; i < count; ++i)
    if (!differences.contains(first + i))
      similarity_sketch(of(kind).chunks[first + i].content, std::span(sketches).subspan(bins * i, bins));
  return sketches;
}

std::vector<uint32_t> Run::long_chunks(Kind kind, std::size_t bytes) const {
  auto& chunks = of(kind).chunks;
  std::vector<uint32_t> places;
  for (uint32_t place = 0; place < chunks.size(); ++place)
    if (!chunks[place].list && chunks[place].content.size() >= bytes &&
        !of(kind).differences.contains(place))
      places.push_back(place);
  return places;
}

void Run::set_difference(Kind kind, uint32_t place, std::string content) {
  content_bytes_ += content.size();
  content_bytes_ -= stored(kind, place).size();
  chunks_[index_of(kind)].differences.insert_or_assign(place, std::move(content));
  chunks_[index_of(kind)].script_orders.erase(place);
}

void Run::set_script(Kind kind, uint32_t place, std::string content, uint64_t order) {
  set_difference(kind, place, std::move(content));
  chunks_[index_of(kind)].script_orders.emplace(place, order);
}

std::string_view Run::stored(Kind kind, uint32_t place) const {
  auto& own = of(kind);
  auto difference = own.differences.find(place);
  return difference == own.differences.end() ? own.chunks[place].content
                                             : std::string_view(difference->second);
}

std::vector<uint32_t> Run::similarity(Kind kind, const std::vector<uint32_t>& sketches) const {
  auto& own = of(kind);
  std::vector<uint32_t> lengths;
  lengths.reserve(own.chunks.size());
  for (auto& chunk : own.chunks) lengths.push_back(static_cast<uint32_t>(chunk.content.size()));
  auto order = similarity_order(lengths, sketches, sketch_bins(count(kind), bytes(kind)));
  return order;
}

// The chunks that are edit scripts, in their order.
std::vector<uint32_t> Run::scripts_of(Kind kind) const {
  auto& orders = of(kind).script_orders;
  std::vector<uint32_t> places;
  places.reserve(orders.size());
  for (auto& [place, order] : orders) places.push_back(place);
  std::ranges::stable_sort(places, {}, [&](uint32_t place) { return orders.at(place); });
  return places;
}

// Bytes of a block before compression. Long sequences are nucleotides as a rule, whose blocks are
// decompressed twice as fast as those of proteins.
std::size_t Run::block_limit(Kind kind) const noexcept {
  auto usual = block_bytes(kind, false, limits_.block, limits_.codec);
  return is_sorted(kind) && is_long(count(kind), bytes(kind)) ? 2 * usual : usual;
}

std::vector<BlockPlan> Run::plan(Kind kind, const std::vector<uint32_t>& sketches) const {
  auto& chunks = of(kind).chunks;
  std::vector<uint32_t> order;
  if (is_sorted(kind)) {
    order = similarity(kind, sketches);
  } else {
    order.resize(chunks.size());
    std::iota(order.begin(), order.end(), 0u);
  }
  auto& differences = of(kind).differences;
  if (!differences.empty())
    std::erase_if(order, [&](uint32_t place) { return differences.contains(place); });
  auto limit = block_limit(kind);
  std::vector<BlockPlan> plans;
  std::size_t bytes = 0;
  auto begin = [&](bool of_differences) {
    plans.push_back({kind, {}, of_differences});
    bytes = 0;
  };
  auto add = [&](uint32_t place, bool difference) {
    if (plans.empty() || bytes >= limit || plans.back().places.size() >= block_max_count ||
        plans.back().differences != difference)
      begin(difference);
    plans.back().places.push_back(place);
    bytes += stored(kind, place).size();
  };
  for (auto place : order) add(place, false);
  for (auto& [place, content] : differences)
    if (!of(kind).script_orders.contains(place)) add(place, true);
  limit = block_bytes(kind, true, limits_.block, limits_.codec);
  auto scripts = scripts_of(kind);
  if (!scripts.empty()) begin(true);
  for (auto place : scripts) add(place, true);
  return plans;
}

Result<EncodedBlock> Run::encode(const BlockPlan& plan, BlockEncoder& encoder) const {
  auto& chunks = of(plan.kind).chunks;
  std::vector<BlockItem> items;
  items.reserve(plan.places.size());
  for (auto place : plan.places)
    items.push_back({ordinal(plan.kind, place), chunks[place].list, stored(plan.kind, place)});
  return encoder.encode(plan.kind, items, plan.differences);
}

Run::LookupTables Run::lookup_tables() const {
  LookupTables tables;
  for (auto kind : all_kinds)
    if (count(kind) > 0)
      tables[index_of(kind)] = make_lookup_table(kind, of(kind).keys, of(kind).header_keys);
  return tables;
}

SegmentDraft Run::draft(const std::vector<BlockPlan>& plans, std::vector<BlockInfo> blocks,
                        std::vector<PackInfo> packs, LookupTables tables) {
  SegmentDraft draft;
  for (auto kind : all_kinds) {
    auto& own = chunks_[index_of(kind)];
    if (own.chunks.empty()) continue;
    draft.ranges.push_back(
        {kind, generation_, base_[index_of(kind)], static_cast<uint32_t>(own.chunks.size()), 0});
    auto& part = draft.parts[index_of(kind)];
    part.keys = std::move(own.keys);
    part.header_keys = std::move(own.header_keys);
    part.blocks.resize(own.chunks.size());
    part.lookup = std::move(tables[index_of(kind)]);
  }
  for (uint32_t i = 0; i < plans.size(); ++i)
    for (auto place : plans[i].places) draft.parts[index_of(plans[i].kind)].blocks[place] = i;
  draft.blocks = std::move(blocks);
  draft.packs = std::move(packs);
  return draft;
}

} // namespace talaria

#include "repository/reindex.hpp"

#include "core/try.hpp"
#include "repository/stored_chunk.hpp"
#include "repository/value_reader.hpp"

#include <algorithm>
#include <numeric>

namespace talaria {

namespace {

// Sets of packs that grow together.
class Sets {
public:
  explicit Sets(std::size_t count) : parents_(count) {
    std::iota(parents_.begin(), parents_.end(), std::size_t{0});
  }
  std::size_t of(std::size_t place) {
    while (parents_[place] != place) place = parents_[place] = parents_[parents_[place]];
    return place;
  }
  void join(std::size_t a, std::size_t b) { parents_[of(a)] = of(b); }

private:
  std::vector<std::size_t> parents_;
};

void join_overlapping(const std::vector<PackSpan>& packs, std::size_t kind, Sets& sets) {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < packs.size(); ++i)
    if (packs[i].lowest[kind] <= packs[i].highest[kind]) order.push_back(i);
  std::sort(order.begin(), order.end(),
            [&](auto a, auto b) { return packs[a].lowest[kind] < packs[b].lowest[kind]; });
  for (std::size_t i = 1, furthest = 0; i < order.size(); ++i) {
    if (packs[order[i - 1]].highest[kind] >= packs[order[furthest]].highest[kind]) furthest = i - 1;
    if (packs[order[i]].lowest[kind] < packs[order[furthest]].highest[kind])
      sets.join(order[i], order[furthest]);
  }
}

} // namespace

BlockScanner::BlockScanner(const ObjectStore& store, std::shared_ptr<PackRegistry> registry,
                           HeaderKey header_key)
    : store_(store), registry_(std::move(registry)), header_key_(std::move(header_key)) {}

ScanReport BlockScanner::scan(const BlockScan& job) {
  ScanReport report;
  DecodedChunks decoded;
  for (auto& place : job.places)
    report.blocks.push_back(scan_block(job, place, decoded, report.findings));
  return report;
}

ScannedBlock BlockScanner::scan_block(const BlockScan& job, const BlockPlace& place,
                                      DecodedChunks& decoded, std::vector<Finding>& findings) {
  ScannedBlock scanned;
  auto found = [&](const Error& error) {
    findings.push_back({pack_name(registry_->digest(place.pack)), error, {place.key()}, {}});
  };
  auto block = read_block(store_, *registry_, place, decoder_);
  if (!block) {
    found(block.error());
    return scanned;
  }
  auto kind = (*block)->kind();
  for (std::size_t i = 0; i < (*block)->count(); ++i) {
    auto ordinal = (*block)->ordinal(i);
    auto named = [&](const Error& error) {
      return error.within(std::string(to_string(kind)) + " " + std::to_string(ordinal));
    };
    scanned.lowest = std::min(scanned.lowest, ordinal);
    scanned.highest = std::max(scanned.highest, ordinal);
    auto size = value_size((*block)->form(i), (*block)->content(i));
    if (size) scanned.bytes += *size;
    if (job.places_only && (*block)->form(i) == ChunkForm::difference)
      add_references((*block)->content(i), scanned);
    if (!job.keys || job.index->contains(kind, {job.generation, ordinal})) continue;
    auto key = key_of(job, **block, i, decoded);
    if (key)
      scanned.chunks.push_back({ordinal, *key});
    else
      found(named(key.error()));
  }
  return scanned;
}

// A difference that can't be read is a finding when its key is wanted.
void BlockScanner::add_references(std::string_view difference, ScannedBlock& scanned) {
  auto decoded = decode_difference_chunk(difference);
  if (!decoded) return;
  for (auto& reference : decoded->references)
    scanned.references.emplace(reference.generation, reference.kind);
}

Result<Key128> BlockScanner::key_of(const BlockScan& job, const Block& block, std::size_t place,
                                    DecodedChunks& decoded) {
  auto content = block.content(place);
  if (block.ordinal(place) == UINT32_MAX) return failure(errc::damaged, "impossible number");
  if (job.places_only) return Key128{};
  auto form = block.form(place);
  if (form == ChunkForm::list) return key_of_list(job, block.kind(), content);
  if (form == ChunkForm::difference) return key_of_difference(job, block, place, decoded);
  if (block.kind() == Kind::header) return Key128{header_key_(content), 0};
  return Key128::of(hasher_.of(content));
}

Result<Key128> BlockScanner::key_of_difference(const BlockScan& job, const Block& block,
                                               std::size_t place, DecodedChunks& decoded) {
  if (!job.locations) return Key128{};
  DirectBlockSource source(store_, registry_, job.references);
  DifferenceReader reader(*job.locations, source, decoded);
  TALARIA_TRY_ASSIGN(auto chunk, reader.decode(block.kind(), {job.generation, block.ordinal(place)},
                                               block.content(place)));
  return Key128::of(hasher_.of(*chunk.value));
}

Result<Key128> BlockScanner::key_of_list(const BlockScan& job, Kind kind, std::string_view content) {
  if (kind == Kind::part) return failure(errc::damaged, "a part is a list");
  DirectBlockSource source(store_, registry_);
  ValueReader reader(job.locations ? *job.locations : *job.index, source);
  TALARIA_TRY(reader.open_list(content));
  Hasher hasher;
  std::string header;
  while (true) {
    TALARIA_TRY_ASSIGN(auto piece, reader.next());
    if (piece.empty()) break;
    if (kind == Kind::header)
      header += piece;
    else
      hasher.update(piece);
  }
  if (kind == Kind::header) return Key128{header_key_(header), 0};
  return Key128::of(hasher.finish());
}

void SegmentBuilder::add(const PackInfo& pack, BlockInfo block, const ScannedBlock& scanned) {
  if (scanned.chunks.empty()) return;
  if (draft_.packs.empty() || draft_.packs.back() != pack) draft_.packs.push_back(pack);
  block.pack = static_cast<uint16_t>(draft_.packs.size() - 1);
  auto place = static_cast<uint32_t>(draft_.blocks.size());
  draft_.blocks.push_back(block);
  auto& entries = entries_[index_of(block.kind)];
  for (auto& chunk : scanned.chunks) entries.push_back({chunk.key, chunk.ordinal, place});
  chunks_ += scanned.chunks.size();
}

SegmentDraft SegmentBuilder::finish() {
  for (auto kind : all_kinds) {
    finish_kind(kind, generation_, entries_[index_of(kind)], draft_);
    entries_[index_of(kind)] = {};
  }
  chunks_ = 0;
  return std::move(draft_);
}

void SegmentBuilder::finish_kind(Kind kind, const GenerationId& generation, std::vector<Entry>& entries,
                                 SegmentDraft& draft) {
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return a.ordinal != b.ordinal ? a.ordinal < b.ordinal : a.block < b.block;
  });
  auto& part = draft.parts[index_of(kind)];
  NumberRange* range = nullptr;
  for (auto& entry : entries) {
    auto next = range ? range->base + range->count : 0;
    if (range && entry.ordinal < next) continue;
    if (!range || entry.ordinal != next) {
      draft.ranges.push_back({kind, generation, entry.ordinal, 0, 0});
      range = &draft.ranges.back();
    }
    ++range->count;
    part.blocks.push_back(entry.block);
    if (kind == Kind::header)
      part.header_keys.push_back(static_cast<uint32_t>(entry.key.high >> 32));
    else
      part.keys.push_back(entry.key);
  }
}

void PackSpan::add(Kind kind, const ScannedBlock& block) {
  auto i = index_of(kind);
  lowest[i] = std::min(lowest[i], block.lowest);
  highest[i] = std::max(highest[i], block.highest);
}

std::vector<std::vector<std::size_t>> group_packs(const std::vector<PackSpan>& packs,
                                                  uint64_t most_chunks) {
  Sets sets(packs.size());
  for (std::size_t kind = 0; kind < kind_count; ++kind) join_overlapping(packs, kind, sets);
  std::vector<std::vector<std::size_t>> runs;
  std::vector<std::size_t> run_of(packs.size(), SIZE_MAX); // by the set's own place
  for (std::size_t i = 0; i < packs.size(); ++i) {
    auto& run = run_of[sets.of(i)];
    if (run == SIZE_MAX) {
      run = runs.size();
      runs.emplace_back();
    }
    runs[run].push_back(i);
  }
  std::vector<std::vector<std::size_t>> groups;
  uint64_t chunks = 0;
  for (auto& run : runs) {
    uint64_t own = 0;
    for (auto i : run) own += packs[i].chunks;
    if (groups.empty() || chunks + own > most_chunks ||
        groups.back().size() + run.size() > most_segment_packs) {
      groups.emplace_back();
      chunks = 0;
    }
    chunks += own;
    groups.back().insert(groups.back().end(), run.begin(), run.end());
  }
  return groups;
}

} // namespace talaria

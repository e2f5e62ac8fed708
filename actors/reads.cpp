#include "actors/reads.hpp"

#include "reads/chunk.hpp"

namespace talaria::actors {

namespace {

using ReadRequest = decltype(std::declval<caf::blocking_actor*>()->request(
    std::declval<cache_actor>(), caf::infinite, read_blocks_atom_v, std::declval<Local<Places>>()));

// Up to so many chunks are located in the calling thread; more are the index's work.
constexpr std::size_t small_batch = 256;

// Up to so many blocks that aren't in the cache are read in the calling thread; more are read in
// parallel.
constexpr std::size_t own_reads = 2;

// Blocks that are asked for at once in a large batch, and requests of this kind under way: 16 MiB of
// blocks.
constexpr std::size_t blocks_per_window = 64;
constexpr std::size_t windows_under_way = 4;

class BatchRead {
public:
  BatchRead(Operation& op, std::span<const Digest> digests)
      : op_(op),
        digests_(digests),
        source_(op),
        results_(digests.size(), Result<Buffer>(failure(errc::internal, "not read"))) {}

  std::vector<Result<Buffer>> run() {
    auto located = locate();
    auto done = !located ? Result<void>(tl::unexpected(located.error()))
                : digests_.size() <= small_batch && few_missing(*located) ? small(*located)
                                                                          : large(*located);
    for (std::size_t i = 0; i < results_.size(); ++i) {
      if (!done)
        results_[i] = tl::unexpected(done.error());
      else if (!results_[i] && was_removed(*op_.core, located->chunks[i], results_[i].error())) {
        results_[i] = tl::unexpected(no_chunk(digests_[i]));
        if (located->chunks[i].found) gone_.push_back(i);
      }
    }
    return std::move(results_);
  }

  // Places of the chunks that were found, but removed before they were read.
  const std::vector<std::size_t>& gone() const { return gone_; }

private:
  Result<LocatedChunks> locate() {
    if (digests_.size() <= small_batch) return op_.core->locator->locate(digests_);
    TALARIA_TRY(op_.need_actors());
    auto request = op_.self->request(op_.services->index, caf::infinite, locate_atom_v,
                                     local(Digests(digests_.begin(), digests_.end())));
    TALARIA_TRY_ASSIGN(auto located, await<LocatedChunks>(request));
    return std::move(*located);
  }

  // Takes what is in the cache, and tells whether the rest can be read here.
  bool few_missing(const LocatedChunks& located) {
    blocks_.resize(digests_.size());
    std::size_t missing = 0;
    for (std::size_t i = 0; i < digests_.size(); ++i) {
      if (!located.chunks[i].found) continue;
      if (auto block = op_.core->blocks->get(located.chunks[i].place.key()))
        blocks_[i] = *std::move(block);
      else
        ++missing;
    }
    return missing <= own_reads;
  }

  Result<void> small(const LocatedChunks& located) {
    OwnBlockSource source(op_);
    for (std::size_t i = 0; i < digests_.size(); ++i) {
      auto& chunk = located.chunks[i];
      if (chunk.found && !blocks_[i]) {
        auto block = source.read(chunk.place);
        if (!block) {
          results_[i] = tl::unexpected(block.error());
          continue;
        }
        blocks_[i] = *std::move(block);
      }
      take(located, i, blocks_[i]);
    }
    return {};
  }

  Result<void> large(const LocatedChunks& located) {
    TALARIA_TRY(op_.need_actors());
    std::vector<std::size_t> order;
    for (std::size_t i = 0; i < digests_.size(); ++i) {
      if (located.chunks[i].found)
        order.push_back(i);
      else
        results_[i] = tl::unexpected(no_chunk(digests_[i]));
    }
    std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
      return located.chunks[a].place.key() < located.chunks[b].place.key();
    });
    std::deque<std::pair<ReadRequest, WindowOfBlocks>> under_way;
    auto take_window = [&] {
      auto [request_, window] = std::move(under_way.front());
      under_way.pop_front();
      finish_window(request_, window, located);
    };
    for (std::size_t at = 0; at < order.size();) {
      WindowOfBlocks window;
      Places places;
      for (; at < order.size(); ++at) {
        auto& place = located.chunks[order[at]].place;
        if (places.empty() || places.back().key() != place.key()) {
          if (places.size() == blocks_per_window) break;
          places.push_back(place);
        }
        window.chunks.emplace_back(order[at], places.size() - 1);
      }
      window.places = places;
      if (under_way.size() == windows_under_way) take_window();
      under_way.emplace_back(op_.self->request(op_.services->cache, caf::infinite, read_blocks_atom_v,
                                               local(std::move(places))),
                             std::move(window));
    }
    while (!under_way.empty()) take_window();
    return {};
  }

  struct WindowOfBlocks {
    Places places;
    std::vector<std::pair<std::size_t, std::size_t>> chunks; // place among the digests, and of its block
  };

  void finish_window(ReadRequest& request, const WindowOfBlocks& window, const LocatedChunks& located) {
    auto blocks = await<Blocks>(request);
    for (auto& [i, block] : window.chunks) {
      if (blocks) {
        take(located, i, (**blocks)[block]);
        continue;
      }
      auto alone = source_.read(std::span(&located.chunks[i].place, 1));
      if (alone)
        take(located, i, (*alone)[0]);
      else
        results_[i] = tl::unexpected(alone.error());
    }
  }

  void take(const LocatedChunks& located, std::size_t i, const BlockPtr& block) {
    if (located.chunks[i].found)
      results_[i] =
          take_chunk(source_, decoded_, *located.index, located.chunks[i], block, digests_[i], hasher_);
    else
      results_[i] = tl::unexpected(no_chunk(digests_[i]));
  }

  Operation& op_;
  std::span<const Digest> digests_;
  EitherBlockSource source_;
  DecodedChunks decoded_;
  std::vector<BlockPtr> blocks_; // of a small batch, by chunk
  std::vector<Result<Buffer>> results_;
  std::vector<std::size_t> gone_;
  Hasher hasher_;
};

} // namespace

std::vector<Result<Buffer>> get_chunks(Operation& op, std::span<const Digest> digests) {
  BatchRead read(op, digests);
  auto results = read.run();
  if (read.gone().empty()) return results;
  // One that was stored anew, by `chunk rebase` or a release, has another number now.
  std::vector<Digest> wanted;
  for (auto i : read.gone()) wanted.push_back(digests[i]);
  auto again = get_chunks(op, wanted);
  for (std::size_t i = 0; i < again.size(); ++i) results[read.gone()[i]] = std::move(again[i]);
  return results;
}

Result<std::vector<bool>> contains_chunks(ReadContext& context, std::span<const Digest> digests) {
  TALARIA_TRY_ASSIGN(auto located, context.core->locator->locate(digests));
  std::vector<bool> found;
  for (auto& chunk : located.chunks) found.push_back(chunk.found);
  return found;
}

namespace {

Result<void> verify_value(const DigestIndex& index, DirectBlockSource& source, Kind kind,
                          const Number& number, const Digest& digest) {
  TALARIA_TRY_ASSIGN(auto place, index.locate(kind, number));
  TALARIA_TRY_ASSIGN(auto block, source.read(place));
  auto form = ChunkForm::whole;
  TALARIA_TRY_ASSIGN(auto content, content_of(block, kind, number, form));
  Hasher hasher;
  auto read = [&]() -> Result<void> {
    ValueReader reader(index, source);
    TALARIA_TRY(reader.open(kind, number));
    while (true) {
      TALARIA_TRY_ASSIGN(auto piece, reader.next());
      if (piece.empty()) return {};
      hasher.update(piece);
    }
  }();
  if (!read) return tl::unexpected(chunk_error(index, digest, form, content, read.error()));
  if (hasher.finish() == digest) return {};
  return failure(errc::damaged, "the chunk at the digest " + digest.hex() + " has another one");
}

Result<void> verify_chunk(const Core& core, const View& view, const Digest& digest) {
  TALARIA_TRY_ASSIGN(auto index, view.index());
  DirectBlockSource source(*core.objects, core.repository->registry());
  for (auto kind : {Kind::bytes, Kind::sequence}) {
    TALARIA_TRY_ASSIGN(auto number, index->find(kind, Key128::of(digest)));
    if (!number) continue;
    return verify_value(*index, source, kind, *number, digest);
  }
  return tl::unexpected(no_chunk(digest));
}

} // namespace

Result<void> verify_chunk(const Core& core, const Digest& digest) {
  return ask_newest(core, [&](const View& view) { return verify_chunk(core, view, digest); });
}

namespace {

// The blocks of a segment with chunks of a kind, each with one of them, so that it is found even if its
// pack is rewritten meanwhile.
Result<std::vector<std::pair<DigestIndex::BlockAt, BlockPlace>>> blocks_of(const DigestIndex& index,
                                                                           uint32_t segment, Kind kind) {
  auto& own = *index.segments()[segment];
  std::vector<std::pair<DigestIndex::BlockAt, BlockPlace>> places;
  std::vector<bool> seen(own.block_count(), false);
  for (uint32_t slot = 0; slot < own.count(kind); ++slot) {
    TALARIA_TRY_ASSIGN(auto block, own.block_of(kind, slot));
    if (block == no_block || seen[block]) continue;
    seen[block] = true;
    DigestIndex::BlockAt at{segment, block};
    TALARIA_TRY_ASSIGN(auto place, index.place(at));
    place.chunk = index.number(kind, DigestIndex::Slot{segment, slot});
    places.emplace_back(at, place);
  }
  return places;
}

// A block that was rewritten meanwhile is found by any chunk of it that is still there; null if none is.
Result<BlockPtr> read_what_is_left(const DigestIndex& index, const DigestIndex::BlockAt& at, Kind kind,
                                   BlockPlace place, DirectBlockSource& source) {
  auto block = source.read(place);
  auto& segment = *index.segments()[at.segment];
  for (uint32_t slot = 0; slot < segment.count(kind); ++slot) {
    if (block || block.error().code() != errc::not_found) return block;
    TALARIA_TRY_ASSIGN(auto other, segment.block_of(kind, slot));
    if (other != at.block) continue;
    place.chunk = index.number(kind, DigestIndex::Slot{at.segment, slot});
    block = source.read(place);
  }
  if (!block && block.error().code() == errc::not_found) return BlockPtr();
  return block;
}

} // namespace

Result<void> list_chunks(const Core& core, bool sequences,
                         const std::function<bool(const ChunkInfo&)>& visit) {
  TALARIA_TRY_ASSIGN(auto view, core.repository->view());
  TALARIA_TRY_ASSIGN(auto index, view->index());
  DirectBlockSource source(*core.objects, core.repository->registry());
  DecodedChunks decoded;
  Hasher hasher;
  auto visit_chunk = [&](const BlockPtr& block, std::size_t i, const Number& number) -> Result<bool> {
    auto kind = block->kind();
    if (kind == Kind::bytes && view->snapshot().is_removed(number)) return true;
    if (block->form(i) == ChunkForm::whole) {
      auto content = block->content(i);
      return visit({hasher.of(content), content.size(), kind == Kind::sequence});
    }
    ValueReader reader(*index, source, &decoded);
    TALARIA_TRY(reader.open(kind, number));
    while (true) {
      TALARIA_TRY_ASSIGN(auto piece, reader.next());
      if (piece.empty()) break;
      hasher.update(piece);
    }
    return visit({hasher.finish(), reader.size(), kind == Kind::sequence});
  };
  for (uint32_t segment = 0; segment < index->segments().size(); ++segment)
    for (auto kind : {Kind::sequence, Kind::bytes}) {
      if (kind == Kind::sequence && !sequences) continue;
      TALARIA_TRY_ASSIGN(auto places, blocks_of(*index, segment, kind));
      for (auto& [at, place] : places) {
        TALARIA_TRY_ASSIGN(auto block, read_what_is_left(*index, at, kind, place, source));
        for (std::size_t i = 0; block && i < block->count(); ++i) {
          Number number{place.chunk->generation, block->ordinal(i)};
          // A block that was rewritten has chunks of others too, which come with theirs.
          auto own = index->block_at(kind, number);
          if (!own || *own != at) continue;
          auto more = visit_chunk(block, i, number);
          if (!more && more.error().code() == errc::not_found) continue; // its parts were removed
          if (!more) return tl::unexpected(more.error());
          if (!*more) return {};
        }
      }
    }
  return {};
}

} // namespace talaria::actors

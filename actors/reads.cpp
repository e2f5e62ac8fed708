#include "actors/reads.hpp"

#include "sequence/header.hpp"

#include <numeric>

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

// A value that is given out as one piece of memory.
constexpr uint64_t longest_reply = uint64_t{1} << 32;

Error missing(const Digest& digest) {
  return {errc::not_found, "no chunk has the digest " + digest.hex()};
}

Result<Buffer> take_chunk(CachedBlockSource& source, DecodedChunks& decoded, const DigestIndex& index,
                          const LocatedChunk& chunk, const BlockPtr& block, const Digest& digest,
                          Hasher& hasher) {
  auto form = ChunkForm::whole;
  TALARIA_TRY_ASSIGN(auto content, content_of(block, chunk.kind, chunk.number, form));
  std::string bytes;
  if (form != ChunkForm::whole) {
    TALARIA_TRY_ASSIGN(bytes,
                       read_value(index, source, chunk.kind, chunk.number, longest_reply, &decoded));
  } else {
    bytes = content;
  }
  if (hasher.of(bytes) != digest)
    return failure(errc::damaged,
                   "the chunk at the digest " + digest.hex() + " has another one: run `talaria verify`");
  return Buffer(std::move(bytes));
}

class BatchRead {
public:
  BatchRead(Operation& op, std::span<const Digest> digests)
      : op_(op),
        self_(op.self),
        services_(*op.services),
        digests_(digests),
        source_(op.self, op.services->cache),
        results_(digests.size(), Result<Buffer>(failure(errc::internal, "not read"))) {}

  std::vector<Result<Buffer>> run() {
    auto located = locate();
    auto done = !located ? Result<void>(tl::unexpected(located.error()))
                : digests_.size() <= small_batch && few_missing(*located) ? small(*located)
                                                                          : large(*located);
    for (std::size_t i = 0; i < results_.size(); ++i) {
      if (!done)
        results_[i] = tl::unexpected(done.error());
      else if (!results_[i] && was_removed(located->chunks[i], results_[i].error()))
        results_[i] = tl::unexpected(missing(digests_[i]));
    }
    return std::move(results_);
  }

private:
  // Whether a chunk could not be read because it was removed meanwhile: it is as absent as any other
  // then.
  bool was_removed(const LocatedChunk& chunk, const Error& error) const {
    if (error.code() != errc::damaged || !chunk.found) return error.code() == errc::not_found;
    auto now = op_.core->repository->registry()->locate_now(chunk.kind, chunk.number);
    return !now && now.error().code() == errc::not_found;
  }

  Result<LocatedChunks> locate() {
    if (digests_.size() <= small_batch) return services_.locator->locate(digests_);
    auto request = self_->request(services_.index, caf::infinite, locate_atom_v,
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
      if (auto block = services_.blocks->get(located.chunks[i].place.key()))
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
    std::vector<std::size_t> order;
    for (std::size_t i = 0; i < digests_.size(); ++i) {
      if (located.chunks[i].found)
        order.push_back(i);
      else
        results_[i] = tl::unexpected(missing(digests_[i]));
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
      under_way.emplace_back(
          self_->request(services_.cache, caf::infinite, read_blocks_atom_v, local(std::move(places))),
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
      results_[i] = tl::unexpected(missing(digests_[i]));
  }

  Operation& op_;
  caf::blocking_actor* self_;
  const Services& services_;
  std::span<const Digest> digests_;
  CachedBlockSource source_;
  DecodedChunks decoded_;
  std::vector<BlockPtr> blocks_; // of a small batch, by chunk
  std::vector<Result<Buffer>> results_;
  Hasher hasher_;
};

// Finds the records of releases that have a header with the wanted accession.
class RecordSearch {
public:
  RecordSearch(Operation& op, ViewPtr view, DigestIndexPtr index)
      : op_(op),
        view_(std::move(view)),
        index_(std::move(index)),
        source_(op.self, op.services->cache) {}

  // The headers with this accession, in whatever release.
  Result<void> find_headers(std::string_view wanted) {
    std::vector<Number> candidates;
    TALARIA_TRY(index_->find_headers(accession_key(unversioned(wanted)), UINT32_MAX, candidates));
    bool any_version = unversioned(wanted).size() == wanted.size();
    for (auto& number : candidates) {
      ValueReader reader(*index_, source_);
      TALARIA_TRY(reader.open(Kind::header, number));
      TALARIA_TRY_ASSIGN(auto text, reader.next());
      auto found = accession(text);
      if (found == wanted || (any_version && unversioned(found) == wanted)) headers_.push_back(number);
    }
    return {};
  }

  // The sequence with this digest, whatever its header.
  Result<void> find_sequence(const Digest& digest) {
    TALARIA_TRY_ASSIGN(sequence_, index_->find(Kind::sequence, Key128::of(digest)));
    return {};
  }

  bool found() const { return !headers_.empty() || sequence_; }

  // The first record of a release with one of the headers, or with the sequence.
  Result<std::optional<Record>> find_in(const ReleaseEntry& release) {
    TALARIA_TRY_ASSIGN(auto file, view_->pages(release));
    for (std::size_t i = 0; i < file->pages().size(); ++i) {
      if (!may_hold(*file, file->pages()[i])) continue;
      TALARIA_TRY_ASSIGN(auto page, open_page(*op_.core->objects, *file, i, *index_));
      auto& rows = page->page.rows;
      auto row = std::find_if(rows.begin(), rows.end(), [&](const Row& r) {
        return r.sequence == sequence_ ||
               std::find(headers_.begin(), headers_.end(), r.header) != headers_.end();
      });
      if (row == rows.end()) continue;
      TALARIA_TRY_ASSIGN(auto record, read(*page, static_cast<std::size_t>(row - rows.begin())));
      record.release = release.name + "@" + release.version;
      return record;
    }
    return std::nullopt;
  }

private:
  bool may_hold(const PageFile& file, const PageFile::Entry& page) const {
    if (sequence_) return true;
    for (auto& range : page.headers)
      for (auto& header : headers_)
        if (file.generations()[range.generation] == index_->generations()[header.generation] &&
            header.ordinal >= range.lowest && header.ordinal <= range.highest)
          return true;
    return false;
  }

  Result<Record> read(const OpenPage& page, std::size_t row_place) {
    auto& row = page.page.rows[row_place];
    Record record;
    TALARIA_TRY_ASSIGN(record.header,
                       read_value(*index_, source_, Kind::header, row.header, longest_reply));
    TALARIA_TRY_ASSIGN(record.sequence,
                       read_value(*index_, source_, Kind::sequence, row.sequence, longest_reply));
    TALARIA_TRY(
        render_long(*index_, source_, page, row_place, [&](std::string_view text) -> Result<void> {
          record.text += text;
          return {};
        }));
    return record;
  }

  Operation& op_;
  ViewPtr view_;
  DigestIndexPtr index_;
  CachedBlockSource source_;
  std::vector<Number> headers_;
  std::optional<Number> sequence_;
};

std::string wrapped(std::string_view header, std::string_view residues) {
  constexpr std::size_t width = 60;
  std::string text = ">";
  text += header;
  text += '\n';
  for (std::size_t at = 0; at < residues.size(); at += width) {
    text += residues.substr(at, width);
    text += '\n';
  }
  return text;
}

Result<Record> record_of_digest(Operation& op, const Digest& digest) {
  TALARIA_TRY_ASSIGN(auto view, op.core->repository->view());
  TALARIA_TRY_ASSIGN(auto index, view->index());
  TALARIA_TRY_ASSIGN(auto known, index->find(Kind::sequence, Key128::of(digest)));
  if (!known) return failure(errc::not_found, "no sequence has the digest " + digest.hex());
  auto results = get_chunks(op, std::span(&digest, 1));
  if (!results[0]) return tl::unexpected(results[0].error());
  Record record;
  record.sequence = results[0]->view();
  record.text = wrapped("sha256:" + digest.hex(), record.sequence);
  return record;
}

} // namespace

std::vector<Result<Buffer>> get_chunks(Operation& op, std::span<const Digest> digests) {
  return BatchRead(op, digests).run();
}

Result<std::vector<bool>> contains_chunks(Operation& op, std::span<const Digest> digests) {
  TALARIA_TRY_ASSIGN(auto located, op.services->locator->locate(digests));
  std::vector<bool> found;
  for (auto& chunk : located.chunks) found.push_back(chunk.found);
  return found;
}

namespace {

Result<Record> find_in_view(Operation& op, const ViewPtr& view, const std::string& id,
                            const std::string& release) {
  std::optional<Digest> digest = Digest::from_hex(id);
  auto wanted = accession(id);
  if (wanted.empty())
    return failure(errc::invalid_argument, "'" + id + "' is neither an accession nor a digest");
  TALARIA_TRY_ASSIGN(auto index, view->index());
  auto& releases = view->snapshot().releases;
  std::vector<const ReleaseEntry*> searched;
  if (release.empty()) {
    for (auto at = releases.rbegin(); at != releases.rend(); ++at) searched.push_back(&*at);
  } else {
    TALARIA_TRY_ASSIGN(auto name, parse_release(release));
    TALARIA_TRY_ASSIGN(auto* entry, view->release(name.name, name.version));
    searched.push_back(entry);
  }
  RecordSearch search(op, view, index);
  TALARIA_TRY(digest ? search.find_sequence(*digest) : search.find_headers(wanted));
  if (search.found())
    for (auto* entry : searched) {
      TALARIA_TRY_ASSIGN(auto record, search.find_in(*entry));
      if (record) return *std::move(record);
    }
  return failure(errc::not_found,
                 (digest ? "no record has the digest " : "no record has the accession ") +
                     std::string(wanted) + (release.empty() ? " in any release" : " in " + release));
}

} // namespace

// What an older view names may be gone: then the newer one answers.
Result<Record> find_record(Operation& op, const std::string& id, const std::string& release) {
  if (auto digest = Digest::from_hex(id); digest && release.empty())
    return record_of_digest(op, *digest);
  while (true) {
    TALARIA_TRY_ASSIGN(auto view, op.core->repository->view());
    auto record = find_in_view(op, view, id, release);
    if (record) return record;
    auto code = record.error().code();
    if ((code != errc::damaged && code != errc::not_found) || !has_moved(*op.core, *view)) return record;
  }
}

Result<std::vector<ReleaseInfo>> list_releases(const Core& core, const std::string& name) {
  TALARIA_TRY_ASSIGN(auto view, core.repository->view());
  std::vector<ReleaseInfo> infos;
  for (auto& release : view->snapshot().releases)
    if (name.empty() || release.name == name) infos.push_back(to_info(release));
  if (infos.empty() && !name.empty())
    return failure(errc::not_found, "no database is called " + name + ": `talaria releases` lists them");
  return infos;
}

Result<void> verify_chunk(const Core& core, const Digest& digest) {
  TALARIA_TRY_ASSIGN(auto view, core.repository->view());
  TALARIA_TRY_ASSIGN(auto index, view->index());
  DirectBlockSource source(*core.objects, core.repository->registry());
  for (auto kind : {Kind::bytes, Kind::sequence}) {
    TALARIA_TRY_ASSIGN(auto number, index->find(kind, Key128::of(digest)));
    if (!number) continue;
    ValueReader reader(*index, source);
    TALARIA_TRY(reader.open(kind, *number));
    Hasher hasher;
    while (true) {
      TALARIA_TRY_ASSIGN(auto piece, reader.next());
      if (piece.empty()) break;
      hasher.update(piece);
    }
    if (hasher.finish() == digest) return {};
    return failure(errc::damaged, "the chunk at the digest " + digest.hex() + " has another one");
  }
  return tl::unexpected(missing(digest));
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
        TALARIA_TRY_ASSIGN(auto block, source.read(place));
        for (std::size_t i = 0; i < block->count(); ++i) {
          Number number{place.chunk->generation, block->ordinal(i)};
          // A block that was rewritten has chunks of others too, which come with theirs.
          auto own = index->block_at(kind, number);
          if (!own || *own != at) continue;
          TALARIA_TRY_ASSIGN(bool more, visit_chunk(block, i, number));
          if (!more) return {};
        }
      }
    }
  return {};
}

} // namespace talaria::actors

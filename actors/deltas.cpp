#include "actors/run_store.hpp"
#include "reads/chunk.hpp"
#include "repository/delta_scan.hpp"
#include "repository/delta_writer.hpp"
#include "repository/similar_chunks.hpp"

#include <set>
#include <unordered_map>

namespace talaria::actors {

namespace {

struct FoundChunk {
  Kind kind = Kind::bytes;
  Number number;
};

// A chunk of an application, or a sequence.
Result<FoundChunk> find_chunk(const DigestIndex& index, const Digest& digest) {
  for (auto kind : {Kind::bytes, Kind::sequence}) {
    TALARIA_TRY_ASSIGN(auto number, index.find(kind, Key128::of(digest)));
    if (number) return FoundChunk{kind, *number};
  }
  return tl::unexpected(no_chunk(digest));
}

// A commit of chunks, of which some may have to be differences from others.
class DeltaPut {
public:
  // `automatic`: whether long nucleotide parts become differences without being told.
  DeltaPut(Operation& op, bool automatic)
      : op_(op), automatic_(automatic), blocks_(op), source_(blocks_, op.core->decoded_budget()) {}

  Result<void> begin() {
    TALARIA_TRY_ASSIGN(lock_, op_.core->repository->lock_for_writing(op_.core->settings.lock_wait));
    TALARIA_TRY_ASSIGN(view_, op_.core->repository->view());
    commit_ = std::make_shared<Commit>(*op_.core->repository, view_, op_.core->settings.pack_size);
    runs_ = std::make_unique<RunStore>(op_, commit_, automatic_);
    TALARIA_TRY_ASSIGN(auto index, commit_->index());
    auto own = static_cast<uint32_t>(index->generations().size() - 1);
    interner_ = std::make_unique<Interner>(blocks_, index, own, new_run({}));
    writer_ = std::make_unique<DeltaWriter>(*interner_, source_);
    source_.use(std::move(index), interner_->run());
    return {};
  }

  Result<Digest> put(const DeltaValue& value) {
    TALARIA_TRY(op_.check_cancelled());
    auto digest = hasher_.of(value.bytes);
    TALARIA_TRY_ASSIGN(auto number, intern(digest, value));
    auto name = source_.name(Kind::bytes, number);
    own_.emplace(digest, name);
    put_.emplace_back(name, value.bytes);
    if (similar_) similar_->add(name, value.bytes);
    if (interner_->run().full()) TALARIA_TRY(store_run());
    return digest;
  }

  // Whether anything was to be changed.
  Result<bool> rebase(const Digest& digest, const DeltaChoice& choice) {
    TALARIA_TRY_ASSIGN(auto old, source_.index().find(Kind::bytes, Key128::of(digest)));
    if (!old) return tl::unexpected(not_of_application(digest));
    auto name = source_.name(Kind::bytes, *old);
    TALARIA_TRY_ASSIGN(auto reference, reference_for_rebase(digest, name, choice));
    TALARIA_TRY_ASSIGN(auto anew, writer_->put_anew(digest, name, reference));
    if (!anew) return false;
    ValueReader value(source_.index(), blocks_);
    TALARIA_TRY(value.open(Kind::bytes, *old));
    commit_->remove(*old, value.size());
    return true;
  }

  // With `expected`, only if that chunk is still there.
  Result<void> publish(const std::optional<Digest>& expected = {}) {
    TALARIA_TRY(store_run());
    if (!commit_->added_files()) return {};
    TALARIA_TRY(commit_->publish(std::nullopt, [&](const View& now) -> Result<void> {
      if (!expected) return {};
      TALARIA_TRY_ASSIGN(auto index, now.index());
      TALARIA_TRY_ASSIGN(auto there, index->find(Kind::bytes, Key128::of(*expected)));
      if (there) return {};
      return tl::unexpected(no_chunk(*expected));
    }));
    return {};
  }

private:
  std::unique_ptr<Run> new_run(const std::array<uint32_t, kind_count>& next) const {
    return std::make_unique<Run>(commit_->generation(), next, op_.core->run_limits());
  }

  Result<void> store_run() {
    if (interner_->run().empty()) return {};
    auto next = interner_->run().next();
    TALARIA_TRY(runs_->store(interner_->take_run()));
    TALARIA_TRY_ASSIGN(auto index, commit_->index());
    interner_->next_run(index, new_run(next));
    source_.use(std::move(index), interner_->run());
    reference_.reset(); // its parts may be stored as differences now
    return {};
  }

  Result<Number> intern(const Digest& digest, const DeltaValue& value) {
    if (value.choice.from == DeltaChoice::From::nothing)
      return interner_->intern_value(Kind::bytes, digest, value.bytes);
    auto* reference = static_cast<const DeltaReference*>(nullptr);
    if (value.choice.from == DeltaChoice::From::given) {
      TALARIA_TRY_ASSIGN(auto name, name_of(value.choice.reference));
      TALARIA_TRY_ASSIGN(reference, open(name, value.choice.reference));
    } else {
      TALARIA_TRY_ASSIGN(reference, find(value.bytes, digest));
    }
    if (reference) return writer_->put(digest, value.bytes, *reference);
    return interner_->intern_value(Kind::bytes, digest, value.bytes);
  }

  Result<DifferenceReference> name_of(const Digest& digest) {
    if (auto at = own_.find(digest); at != own_.end()) return at->second;
    TALARIA_TRY_ASSIGN(auto found, find_chunk(source_.index(), digest));
    return source_.name(found.kind, found.number);
  }

  // The one used last is kept, for many values have the same.
  Result<const DeltaReference*> open(const DifferenceReference& name, const Digest& digest) {
    if (reference_ && reference_->digest() == digest) return &*reference_;
    auto opened = DeltaReference::open(source_, name, digest,
                                       {op_.core->settings.delta_depth, op_.core->finder_budget()});
    if (!opened) return tl::unexpected(opened.error().within("the reference " + digest.hex()));
    reference_.emplace(*std::move(opened));
    return &*reference_;
  }

  Result<void> read_similar(const SimilarChunks::Wanted& wanted = {}) {
    if (similar_) return {};
    similar_.emplace(op_.core->finder_budget());
    TALARIA_TRY(similar_->read(*view_, source_, blocks_, op_.core->similar_reach(), wanted));
    for (auto& [name, bytes] : put_) similar_->add(name, bytes);
    return {};
  }

  // The value that resembles this one most, or null. What can't be read is none.
  Result<const DeltaReference*> find(std::string_view value, const Digest& digest) {
    TALARIA_TRY(read_similar());
    for (auto& name : similar_->find(value)) {
      auto found = digest_of_value(source_, name);
      if (!found || *found == digest) continue;
      if (auto reference = open(name, *found)) return *reference;
    }
    return nullptr;
  }

  Result<const DeltaReference*>
  reference_for_rebase(const Digest& digest, const DifferenceReference& old, const DeltaChoice& choice) {
    if (choice.from == DeltaChoice::From::nothing) return nullptr;
    if (choice.from == DeltaChoice::From::found) {
      // What it is itself, or what goes back to it, would resemble it most.
      TALARIA_TRY(read_similar([&](const DifferenceReference& name) {
        auto circle = goes_back_to(name, digest, old);
        return circle && !*circle;
      }));
      auto generation = source_.index().generation(old.generation);
      TALARIA_TRY_ASSIGN(auto value, read_value(source_.index(), blocks_, Kind::bytes,
                                                {generation.value_or(0), old.ordinal}, UINT32_MAX));
      return find(value, digest);
    }
    TALARIA_TRY_ASSIGN(auto name, name_of(choice.reference));
    TALARIA_TRY_ASSIGN(bool circle, goes_back_to(name, digest, old));
    if (circle || choice.reference == digest)
      return failure(errc::invalid_argument,
                     choice.reference.hex() + " can't be the reference of " + digest.hex() +
                         ": it is the same, or stored as the difference from it");
    return open(name, choice.reference);
  }

  // Whether a value, or the value that it is stored as the difference from, and so on, is that of the
  // digest itself.
  Result<bool> goes_back_to(const DifferenceReference& name, const Digest& digest,
                            const DifferenceReference& old) {
    if (name == old) return true;
    TALARIA_TRY_ASSIGN(auto list, source_.list(name));
    if (!list) return source_.goes_back_to(name, Key128::of(digest));
    std::set<Digest> seen;
    while (list && list->reference && seen.insert(*list->reference).second) {
      if (*list->reference == digest) return true;
      auto next = name_of(*list->reference);
      if (!next) return false;
      TALARIA_TRY_ASSIGN(list, source_.list(*next));
    }
    return false;
  }

  Error not_of_application(const Digest& digest) const {
    auto sequence = source_.index().find(Kind::sequence, Key128::of(digest));
    if (sequence && *sequence)
      return {errc::in_use,
              digest.hex() + " is a sequence of a release: those are stored by ingests alone"};
    return no_chunk(digest);
  }

  Operation& op_;
  bool automatic_;
  OwnBlockSource blocks_;
  std::unique_ptr<ObjectLock> lock_; // outlives the commit, whose destructor may remove files
  ViewPtr view_;
  std::shared_ptr<Commit> commit_;
  std::unique_ptr<RunStore> runs_;
  std::unique_ptr<Interner> interner_;
  ReferenceSource source_;
  std::unique_ptr<DeltaWriter> writer_;
  std::unordered_map<Digest, DifferenceReference, DigestHash> own_;   // what was put by this commit
  std::vector<std::pair<DifferenceReference, std::string_view>> put_; // the same, in its order
  std::optional<DeltaReference> reference_;
  std::optional<SimilarChunks> similar_;
  Hasher hasher_;
};

// Reads how chunks are stored.
class DeltaReading {
public:
  DeltaReading(Operation& op, DigestIndexPtr index)
      : index_(std::move(index)),
        source_(op),
        decoded_(op.core->decoded_budget()),
        reader_(*index_, source_, decoded_) {}

  Result<DeltaInfo> info(const Digest& digest) {
    TALARIA_TRY_ASSIGN(auto chunk, find_chunk(*index_, digest));
    DeltaInfo info;
    info.digest = digest;
    info.sequence = chunk.kind == Kind::sequence;
    TALARIA_TRY_ASSIGN(auto stored, content(chunk.kind, chunk.number));
    info.stored = stored.bytes.size();
    if (stored.form == ChunkForm::list) return list_info(std::move(info), stored.bytes);
    info.size = info.stored;
    if (stored.form == ChunkForm::whole) return info;
    TALARIA_TRY_ASSIGN(auto difference, decode_difference_chunk(stored.bytes));
    info.size = difference.length;
    info.depth = difference.depth;
    if (info.depth > 0) info.kind = ChunkKind::delta;
    for (auto& reference : difference.references) {
      TALARIA_TRY_ASSIGN(auto known, digest_of_reference(reference));
      info.references.push_back(known);
    }
    return info;
  }

  Result<Digest> digest(const Number& number) {
    ValueReader reader(*index_, source_, &decoded_);
    TALARIA_TRY(reader.open(Kind::bytes, number));
    while (true) {
      TALARIA_TRY_ASSIGN(auto piece, reader.next());
      if (piece.empty()) return hasher_.finish();
      hasher_.update(piece);
    }
  }

private:
  struct Content {
    BlockPtr block;
    std::string_view bytes;
    ChunkForm form = ChunkForm::whole;
  };
  Result<Content> content(Kind kind, const Number& number) {
    TALARIA_TRY_ASSIGN(auto place, index_->locate(kind, number));
    Content found;
    TALARIA_TRY_ASSIGN(found.block, source_.read(place));
    TALARIA_TRY_ASSIGN(found.bytes, content_of(found.block, kind, number, found.form));
    return found;
  }

  Result<Digest> digest_of_reference(const DifferenceReference& reference) {
    TALARIA_TRY_ASSIGN(auto number, index_->number(reference.generation, reference.ordinal));
    TALARIA_TRY_ASSIGN(auto chunk, reader_.read(reference.kind, number));
    return hasher_.of(*chunk.value);
  }

  Result<DeltaInfo> list_info(DeltaInfo info, std::string_view bytes) {
    TALARIA_TRY_ASSIGN(auto list, decode_list(bytes));
    info.kind = ChunkKind::list;
    info.size = list.length;
    info.parts = list.parts.size();
    if (list.reference) info.references.push_back(*list.reference);
    for (auto& part : list.parts) {
      TALARIA_TRY_ASSIGN(auto number, index_->number(part.generation, part.ordinal));
      TALARIA_TRY_ASSIGN(auto stored, content(Kind::part, number));
      info.stored += stored.bytes.size();
      if (stored.form != ChunkForm::difference) continue;
      TALARIA_TRY_ASSIGN(auto difference, decode_difference_chunk(stored.bytes));
      info.depth = std::max<unsigned>(info.depth, difference.depth);
      if (difference.depth > 0) ++info.delta_parts;
    }
    return info;
  }

  DigestIndexPtr index_;
  OwnBlockSource source_;
  DecodedChunks decoded_;
  DifferenceReader reader_;
  Hasher hasher_;
};

Result<std::vector<Digest>> put_values(Operation& op, std::span<const DeltaValue> values) {
  DeltaPut put(op, true);
  TALARIA_TRY(put.begin());
  std::vector<Digest> digests;
  digests.reserve(values.size());
  for (auto& value : values) {
    TALARIA_TRY_ASSIGN(auto digest, put.put(value));
    digests.push_back(digest);
  }
  TALARIA_TRY(put.publish());
  return digests;
}

} // namespace

Result<std::vector<Digest>> put_chunks(Operation& op, std::span<const std::string_view> values) {
  std::vector<DeltaValue> wanted;
  wanted.reserve(values.size());
  for (auto value : values) wanted.push_back({value, DeltaChoice::whole()});
  return put_values(op, wanted);
}

Result<std::vector<DeltaInfo>> put_deltas(Operation& op, std::span<const DeltaValue> values) {
  TALARIA_TRY_ASSIGN(auto digests, put_values(op, values));
  TALARIA_TRY_ASSIGN(auto view, op.core->repository->view());
  TALARIA_TRY_ASSIGN(auto index, view->index());
  DeltaReading reading(op, std::move(index));
  std::vector<DeltaInfo> infos;
  for (auto& digest : digests) {
    TALARIA_TRY_ASSIGN(auto info, reading.info(digest));
    infos.push_back(std::move(info));
  }
  return infos;
}

Result<DeltaInfo> rebase_chunk(Operation& op, const Digest& digest, const DeltaChoice& choice) {
  {
    DeltaPut put(op, false);
    TALARIA_TRY(put.begin());
    TALARIA_TRY_ASSIGN(bool changed, put.rebase(digest, choice));
    if (changed) TALARIA_TRY(put.publish(digest));
  }
  return delta_info(op, digest);
}

Result<DeltaInfo> delta_info(Operation& op, const Digest& digest) {
  return ask_newest(*op.core, [&](const View& view) -> Result<DeltaInfo> {
    TALARIA_TRY_ASSIGN(auto index, view.index());
    return DeltaReading(op, std::move(index)).info(digest);
  });
}

namespace {

Result<std::vector<Digest>> list_deltas(Operation& op, const View& view, const Digest& reference) {
  TALARIA_TRY_ASSIGN(auto index, view.index());
  TALARIA_TRY(find_chunk(*index, reference));
  OwnBlockSource source(op);
  TALARIA_TRY_ASSIGN(auto scan, DeltaScan::read(view, source, false));
  DeltaReading reading(op, std::move(index));
  std::vector<Digest> digests;
  for (auto& number : scan.deltas(reference)) {
    TALARIA_TRY_ASSIGN(auto digest, reading.digest(number));
    digests.push_back(digest);
  }
  return digests;
}

} // namespace

Result<std::vector<Digest>> list_deltas(Operation& op, const Digest& reference) {
  return ask_newest(*op.core, [&](const View& view) { return list_deltas(op, view, reference); });
}

} // namespace talaria::actors

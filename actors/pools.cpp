#include "actors/pools.hpp"

#include "sequence/header.hpp"

namespace talaria::actors {

namespace {

class Worker : public worker_actor::base {
public:
  Worker(caf::actor_config& config, const CorePtr& core)
      : worker_actor::base(config), encoder_(core->codec, core->settings.level) {}

  const char* name() const override { return "talaria-worker"; }

protected:
  behavior_type make_behavior() override {
    return {
        [](prepare_atom, const Local<InputPiece>& input) -> caf::result<Local<PreparedPiece>> {
          return guarded([&]() -> caf::result<Local<PreparedPiece>> {
            return reply(talaria::prepare(*input->piece));
          });
        },
        [](sketch_atom, const Local<SketchJob>& job) -> caf::result<Local<Sketches>> {
          return guarded([&]() -> caf::result<Local<Sketches>> {
            return local(job->run->sketch(job->kind, job->first, job->count));
          });
        },
        [](sketch_long_atom, const Local<LongSketchJob>& job) -> caf::result<Local<LongSketches>> {
          return guarded([&]() -> caf::result<Local<LongSketches>> {
            LongSketches sketches;
            for (auto place : job->places)
              sketches.push_back(long_chunk_sketch(job->run->content(job->kind, place)));
            return local(std::move(sketches));
          });
        },
        [this](difference_atom,
               const Local<DifferenceJob>& job) -> caf::result<Local<EncodedDifference>> {
          return guarded([&]() -> caf::result<Local<EncodedDifference>> {
            return reply(difference_encoder_.encode(*job));
          });
        },
        [](plan_atom, const Local<PlanJob>& job) -> caf::result<Local<Plans>> {
          return guarded([&]() -> caf::result<Local<Plans>> {
            return local(job->run->plan(job->kind, job->sketches));
          });
        },
        [](lookup_atom, const Local<Run>& run) -> caf::result<Local<Run::LookupTables>> {
          return guarded(
              [&]() -> caf::result<Local<Run::LookupTables>> { return local(run->lookup_tables()); });
        },
        [this](encode_atom, const Local<EncodeJob>& job) -> caf::result<Local<EncodedBlock>> {
          return guarded([&]() -> caf::result<Local<EncodedBlock>> {
            return reply(job->run->encode((*job->plans)[job->place], encoder_));
          });
        },
        [](render_atom, const Local<RenderJob>& job) -> caf::result<Local<Rendered>> {
          return guarded([&]() -> caf::result<Local<Rendered>> { return reply(talaria::render(*job)); });
        },
    };
  }

private:
  BlockEncoder encoder_;
  DifferenceChunkEncoder difference_encoder_;
};

class BlockReader : public block_reader_actor::base {
public:
  BlockReader(caf::actor_config& config, CorePtr core, std::shared_ptr<PackRegistry> registry,
              std::shared_ptr<BlockCache> cache)
      : block_reader_actor::base(config),
        core_(std::move(core)),
        registry_(std::move(registry)),
        source_(*core_->objects, registry_, std::move(cache), decoder_) {}

  const char* name() const override { return "talaria-block-reader"; }

protected:
  behavior_type make_behavior() override {
    return {
        [this](read_blocks_atom, const Local<Places>& places) -> caf::result<Local<Blocks>> {
          return guarded([&]() -> caf::result<Local<Blocks>> {
            Blocks blocks;
            blocks.reserve(places->size());
            for (auto& place : *places) {
              auto block = read(place);
              if (!block) return to_caf(block.error());
              blocks.push_back(*std::move(block));
            }
            return local(std::move(blocks));
          });
        },
        [this](long_chunks_atom, const Local<LongChunksJob>& job) -> caf::result<Local<LongChunks>> {
          return guarded([&]() -> caf::result<Local<LongChunks>> { return local(long_chunks(*job)); });
        },
        [this](scripts_atom, const Local<ScriptsJob>& job) -> caf::result<Local<Scripts>> {
          return guarded([&]() -> caf::result<Local<Scripts>> { return reply(scripts(*job)); });
        },
        [this](gather_atom, const Local<GatherJob>& job) -> caf::result<Local<Gathered>> {
          return guarded([&]() -> caf::result<Local<Gathered>> { return reply(gather(*job, source_)); });
        }};
  }

private:
  Result<BlockPtr> read(const BlockPlace& place) {
    return read_block(*core_->objects, *registry_, place, *decoder_);
  }

  LongChunks long_chunks(const LongChunksJob& job) {
    DecodedChunks decoded(core_->decoded_budget());
    LongChunks chunks;
    for (auto& block : job.blocks) {
      auto found = read_long_chunks(*job.index, source_, decoded, block, job.depth_max);
      std::move(found.begin(), found.end(), std::back_inserter(chunks));
    }
    return chunks;
  }

  Result<Scripts> scripts(const ScriptsJob& job) {
    Scripts scripts;
    BlockPtr block; // where the last reference was read that wasn't kept
    std::optional<uint64_t> key;
    for (auto& item : job.items) {
      std::string_view reference = item.content;
      if (reference.empty()) {
        if (key != item.at.key()) {
          TALARIA_TRY_ASSIGN(block, source_.read(item.at));
          key = item.at.key();
        }
        TALARIA_TRY_ASSIGN(reference, whole_sequence(*block, item.reference));
      }
      TALARIA_TRY(check_reference(*job.index, item.reference, reference));
      TALARIA_TRY_ASSIGN(auto script,
                         script_encoder_.encode(job.run->content(Kind::sequence, item.place), reference,
                                                job.index->generations()[item.reference.generation],
                                                item.reference.ordinal));
      scripts.push_back(std::move(script));
    }
    return scripts;
  }

  static Result<std::string_view> whole_sequence(const Block& block, const Number& number) {
    TALARIA_TRY_ASSIGN(auto place, place_in_block(block, Kind::sequence, number));
    if (block.form(place) != ChunkForm::whole)
      return failure(errc::internal, "the reference of an edit script isn't stored whole");
    return block.content(place);
  }

  Result<void> check_reference(const DigestIndex& index, const Number& number,
                               std::string_view content) {
    TALARIA_TRY_ASSIGN(auto key, index.key(Kind::sequence, number));
    if (Key128::of(hasher_.of(content)) == key) return {};
    return failure(errc::damaged, "a sequence that a new one resembles has another digest than the "
                                  "index says: run `talaria verify`");
  }

  CorePtr core_;
  std::shared_ptr<PackRegistry> registry_;
  std::shared_ptr<BlockDecoder> decoder_ = std::make_shared<BlockDecoder>();
  DirectBlockSource source_; // through the cache
  ScriptChunkEncoder script_encoder_;
  Hasher hasher_;
};

class Verifier : public verifier_actor::base {
public:
  Verifier(caf::actor_config& config, CorePtr core, std::shared_ptr<PackRegistry> registry)
      : verifier_actor::base(config),
        core_(std::move(core)),
        checker_(*core_->objects, registry),
        marker_(*core_->objects, registry),
        scanner_(*core_->objects, std::move(registry),
                 [](std::string_view header) { return accession_key(unversioned(accession(header))); }) {
  }

  const char* name() const override { return "talaria-verifier"; }

protected:
  behavior_type make_behavior() override {
    return {
        [this](check_blocks_atom, const Local<BlockCheck>& job) { return check(*job); },
        [this](check_drawn_atom, const Local<DrawnCheck>& job) { return check(*job); },
        [this](check_values_atom, const Local<ValueCheck>& job) { return check(*job); },
        [this](check_segment_atom, const Local<SegmentCheck>& job) { return check(*job); },
        [this](check_pages_atom, const Local<PagesCheck>& job) { return check(*job); },
        [this](check_file_atom, const Local<FileCheck>& job) { return check(*job); },
        [this](scan_blocks_atom, const Local<BlockScan>& job) -> caf::result<Local<ScanReport>> {
          return guarded([&]() -> caf::result<Local<ScanReport>> { return local(scanner_.scan(*job)); });
        },
        [this](mark_pages_atom, const Local<PagesToMark>& job) { return mark(*job); },
        [this](mark_blocks_atom, const Local<BlocksToMark>& job) { return mark(*job); },
    };
  }

private:
  template <class Job>
  caf::result<Local<CheckReport>> check(const Job& job) {
    return guarded([&]() -> caf::result<Local<CheckReport>> { return local(checker_.check(job)); });
  }

  template <class Job>
  caf::result<void> mark(const Job& job) {
    return guarded([&]() -> caf::result<void> { return reply(marker_.mark(job)); });
  }

  CorePtr core_;
  Checker checker_;
  Marker marker_;
  BlockScanner scanner_;
};

} // namespace

worker_actor spawn_worker(caf::actor_system& system, const CorePtr& core) {
  return system.spawn<Worker>(core);
}

block_reader_actor spawn_block_reader(caf::actor_system& system, const CorePtr& core,
                                      std::shared_ptr<PackRegistry> registry,
                                      std::shared_ptr<BlockCache> cache) {
  return system.spawn<BlockReader, caf::detached>(core, std::move(registry), std::move(cache));
}

verifier_actor spawn_verifier(caf::actor_system& system, const CorePtr& core,
                              std::shared_ptr<PackRegistry> registry) {
  return system.spawn<Verifier, caf::detached>(core, std::move(registry));
}

} // namespace talaria::actors

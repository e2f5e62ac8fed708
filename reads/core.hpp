// What all reads and operations of an open store share: the objects, the repository on them, what of it
// is kept in memory, and the settings.
#pragma once

#include "cache/block_cache.hpp"
#include "cache/page_cache.hpp"
#include "coding/codec.hpp"
#include "core/try.hpp"
#include "repository/locator.hpp"
#include "repository/repository.hpp"
#include "repository/run.hpp"
#include "talaria/object_store.hpp"
#include "talaria/settings.hpp"

#include <algorithm>
#include <memory>

namespace talaria {

// Immutable; its parts are thread-safe.
struct Core {
  std::unique_ptr<ObjectStore> objects;
  std::unique_ptr<Repository> repository;
  Settings settings;
  CodecId codec = CodecId::zstd;
  std::shared_ptr<BlockCache> blocks;
  std::unique_ptr<PageCache> pages; // of those who look for single records
  std::unique_ptr<Locator> locator;

  // Shares of the memory setting: a run of new chunks takes five sixteenths (and its tables about as
  // much again while it is sorted, if the sequences are short), the cache three eighths, windows of
  // records on their way to being rendered some tenth with their text.
  RunLimits run_limits() const {
    constexpr uint64_t largest_run = uint64_t{512}
                                     << 20; // so that machines with less memory can export it
    return {static_cast<std::size_t>(std::min(settings.memory / 16 * 5, largest_run)),
            static_cast<std::size_t>(settings.block_size), codec};
  }
  // Of the contents of one window, of which five are there at once, and their text.
  std::size_t window_budget() const { return static_cast<std::size_t>(settings.memory / 128); }

  // Of the table that finds references for long chunks, and how many bytes of long chunks it may know:
  // what an ingest reads at most before it stores the first ones.
  std::size_t finder_budget() const { return static_cast<std::size_t>(settings.memory / 64); }
  uint64_t finder_reach() const { return uint64_t{64} * finder_budget(); }

  // Of the seeds of new sequences that stored ones are compared with, and of those that resemble them.
  std::size_t sought_budget() const { return static_cast<std::size_t>(settings.memory / 32); }
  std::size_t similar_budget() const { return static_cast<std::size_t>(settings.memory / 16); }

  // How many bytes of chunks of applications are read at most to find one that a new one resembles.
  uint64_t similar_reach() const { return settings.memory / 16; }

  // Of page files and pages that are kept for those who look for single records.
  std::size_t page_cache() const { return static_cast<std::size_t>(settings.memory / 32); }

  // Of decoded chunks that are kept by whoever reads many differences.
  std::size_t decoded_budget() const { return static_cast<std::size_t>(settings.memory / 64); }

  static Result<std::shared_ptr<const Core>> open(std::unique_ptr<ObjectStore> objects,
                                                  const Settings& settings) {
    TALARIA_TRY(settings.check());
    auto core = std::make_shared<Core>();
    core->objects = std::move(objects);
    core->settings = settings;
    TALARIA_TRY_ASSIGN(core->codec, codec_from_name(settings.codec));
    TALARIA_TRY_ASSIGN(core->repository, Repository::open(*core->objects));
    core->blocks = std::make_shared<BlockCache>(static_cast<std::size_t>(settings.resolved_cache()));
    core->pages = std::make_unique<PageCache>(*core->objects, core->page_cache());
    core->locator = std::make_unique<Locator>(*core->repository);
    return std::shared_ptr<const Core>(std::move(core));
  }
};

using CorePtr = std::shared_ptr<const Core>;

} // namespace talaria

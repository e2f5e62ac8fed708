// Commits: what a writer adds to a repository, made durable in the order that keeps every crash
// harmless.
#pragma once

#include "repository/repository.hpp"
#include "repository/run.hpp"
#include "talaria/error.hpp"

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace talaria {

// The files of a commit in the making. Used by one thread at a time. Unless publish() succeeds, the
// destructor removes what was written, so that a failed commit leaves no garbage and frees its space.
class Commit {
public:
  Commit(Repository& repository, ViewPtr base, uint64_t pack_size);
  ~Commit();
  Commit(const Commit&) = delete;
  Commit& operator=(const Commit&) = delete;

  const GenerationId& generation() const noexcept { return generation_; }
  const ViewPtr& base() const noexcept { return base_; }

  // Writes a block of the current run; blocks come in the order of the run's plans.
  Result<void> append(const EncodedBlock& block);

  // Ends the run: closes its packs, writes its segment, opens it for index(), and reads all of them
  // back.
  Result<void> finish_run(Run& run, const std::vector<BlockPlan>& plans, Run::LookupTables tables = {});

  // The index of the base with the segments of this commit.
  Result<DigestIndexPtr> index() const;

  // Counts a new page file among the files of the commit. `reference`: the page file of a release of the
  // base, or one that it goes back to, if the new one is a difference from it.
  void add_pages(const PackInfo& pages, const std::optional<PackInfo>& reference = {});

  // Takes out a chunk of kind bytes of the base, with the bytes of its value: it was stored anew.
  void remove(const Number& number, uint64_t bytes);

  // What the finished runs of this commit hold, by kind, and the bytes of its files, as long as none of
  // them was merged.
  const std::array<KindTotals, kind_count>& added() const noexcept { return added_; }
  uint64_t stored_bytes() const noexcept;
  bool added_files() const noexcept { return stored_bytes() > 0; }

  // Moves the ref to a snapshot with everything added, in which segments are merged where that is due.
  // If another writer was faster, `rebase` decides on the new view whether the commit still makes sense
  // (an error ends the commit with that error). errc::conflict if that writer removed something.
  Result<ViewPtr> publish(const std::optional<ReleaseEntry>& release,
                          const std::function<Result<void>(const View&)>& rebase);

private:
  Result<void> close_pack();
  Result<void> read_back_packs(const SegmentDraft& draft) const;
  Snapshot next_snapshot(const Snapshot& base, const std::optional<ReleaseEntry>& release) const;
  void merge_segments(const View& base, Snapshot& next);
  void remove_segments(const Snapshot& keeping);

  Repository& repository_;
  ViewPtr base_;
  uint64_t pack_size_;
  GenerationId generation_;
  std::unique_ptr<PackWriter> pack_;
  std::vector<BlockInfo> run_blocks_;
  std::vector<PackInfo> run_packs_;
  std::vector<PackInfo> packs_;
  std::vector<PackInfo> segments_;
  std::vector<PackInfo> merged_segments_;
  std::vector<PackInfo> pages_;
  std::vector<PageDelta> deltas_;                    // of these page files, and of what they go back to
  std::vector<std::pair<Number, uint64_t>> removed_; // with the bytes of their values
  std::vector<SegmentPtr> open_segments_;
  std::array<KindTotals, kind_count> added_;
  bool published_ = false;
};

} // namespace talaria

#include "reads/parallel_blocks.hpp"

#include <atomic>
#include <new>
#include <system_error>
#include <thread>

namespace talaria {

namespace {

// The blocks of one call: each thread takes the next one that no other has.
class BlocksToRead {
public:
  BlocksToRead(const Core& core, std::span<const BlockPlace> places)
      : core_(core), places_(places), results_(places.size(), Result<BlockPtr>(nullptr)) {}

  void work() noexcept {
    try {
      DirectBlockSource source(*core_.objects, core_.repository->registry(), core_.blocks);
      for (auto i = next_++; i < places_.size(); i = next_++) results_[i] = source.read(places_[i]);
    } catch (const std::bad_alloc&) {
      no_memory_ = true;
    }
  }

  Result<std::vector<BlockPtr>> take() {
    if (no_memory_)
      return failure(errc::limit_exceeded,
                     "memory is exhausted: lower the setting 'memory' or 'threads'");
    std::vector<BlockPtr> blocks;
    for (auto& result : results_) {
      TALARIA_TRY_ASSIGN(auto block, std::move(result));
      blocks.push_back(std::move(block));
    }
    return blocks;
  }

private:
  const Core& core_;
  std::span<const BlockPlace> places_;
  std::vector<Result<BlockPtr>> results_;
  std::atomic<std::size_t> next_ = 0;
  std::atomic<bool> no_memory_ = false;
};

} // namespace

Result<std::vector<BlockPtr>> ParallelBlockSource::read(std::span<const BlockPlace> places) {
  BlocksToRead blocks(*core_, places);
  {
    std::vector<std::jthread> others;
    const auto wanted = std::min<std::size_t>(core_->settings.resolved_threads(), places.size());
    try {
      while (others.size() + 1 < wanted) others.emplace_back([&] { blocks.work(); });
    } catch (const std::system_error&) {
      // Those that could be started are enough.
    }
    blocks.work();
  }
  return blocks.take();
}

} // namespace talaria

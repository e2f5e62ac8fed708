#include "actors/lookup.hpp"

#include <unordered_map>
#include <utility>

namespace talaria::actors {

namespace {

// Blocks that a reader gets at once: a message is cheap beside them, and several readers share a
// request.
constexpr std::size_t blocks_per_job = 8;

class Cache : public cache_actor::base {
public:
  Cache(caf::actor_config& config, std::shared_ptr<BlockCache> blocks,
        std::vector<block_reader_actor> readers)
      : cache_actor::base(config), blocks_(std::move(blocks)), readers_(std::move(readers)) {}

  const char* name() const override { return "talaria-cache"; }

protected:
  behavior_type make_behavior() override {
    return {
        [this](read_blocks_atom, const Local<Places>& places) -> caf::result<Local<Blocks>> {
          auto request = std::make_shared<Request>();
          request->blocks.resize(places->size());
          Places missing;
          for (std::size_t i = 0; i < places->size(); ++i) want((*places)[i], i, request, missing);
          if (request->missing == 0) return local(std::move(request->blocks));
          auto promise = this->make_response_promise<Local<Blocks>>();
          request->deliver = [promise](Blocks&& blocks) mutable {
            promise.deliver(local(std::move(blocks)));
          };
          request->fail = [promise](const caf::error& error) mutable { promise.deliver(error); };
          load(missing);
          return promise;
        },
        [this](counts_atom) -> caf::result<Local<CacheCounts>> {
          return local(CacheCounts(blocks_->counts()));
        },
    };
  }

private:
  // A request that waits for blocks. It is answered once, by what comes first: the last block or an
  // error.
  struct Request {
    Blocks blocks;
    std::size_t missing = 0;
    std::function<void(Blocks&&)> deliver;
    std::function<void(const caf::error&)> fail;
  };
  using Waiters = std::vector<std::pair<std::shared_ptr<Request>, std::size_t>>;

  void want(const BlockPlace& place, std::size_t i, const std::shared_ptr<Request>& request,
            Places& missing) {
    if (auto block = blocks_->get(place.key())) {
      request->blocks[i] = *std::move(block);
      return;
    }
    ++request->missing;
    auto [at, fresh] = waiting_.try_emplace(place.key());
    at->second.emplace_back(request, i);
    if (fresh) missing.push_back(place);
  }

  void load(const Places& missing) {
    for (std::size_t at = 0; at < missing.size(); at += blocks_per_job) {
      auto end = std::min(missing.size(), at + blocks_per_job);
      auto job = local(Places(missing.begin() + static_cast<std::ptrdiff_t>(at),
                              missing.begin() + static_cast<std::ptrdiff_t>(end)));
      next_reader_ = (next_reader_ + 1) % readers_.size();
      this->request(readers_[next_reader_], caf::infinite, read_blocks_atom_v, job)
          .then([this, job](const Local<Blocks>& blocks) { arrived(*job, *blocks); },
                [this, job](const caf::error& error) { failed(*job, error); });
    }
  }

  void arrived(const Places& places, const Blocks& blocks) {
    for (std::size_t i = 0; i < places.size(); ++i) {
      blocks_->put(places[i].key(), blocks[i]);
      for (auto& [request, at] : take_waiters(places[i])) {
        request->blocks[at] = blocks[i];
        if (--request->missing == 0 && request->deliver)
          std::exchange(request->deliver, nullptr)(std::move(request->blocks));
      }
    }
  }

  void failed(const Places& places, const caf::error& error) {
    for (auto& place : places)
      for (auto& [request, at] : take_waiters(place)) {
        if (request->deliver) request->fail(error);
        request->deliver = nullptr;
      }
  }

  Waiters take_waiters(const BlockPlace& place) {
    auto at = waiting_.find(place.key());
    if (at == waiting_.end()) return {};
    auto waiters = std::move(at->second);
    waiting_.erase(at);
    return waiters;
  }

  std::shared_ptr<BlockCache> blocks_;
  std::vector<block_reader_actor> readers_;
  std::size_t next_reader_ = 0;
  std::unordered_map<uint64_t, Waiters> waiting_;
};

class Index : public index_actor::base {
public:
  Index(caf::actor_config& config, CorePtr core) : index_actor::base(config), core_(std::move(core)) {}

  const char* name() const override { return "talaria-index"; }

protected:
  behavior_type make_behavior() override {
    return {[this](locate_atom, const Local<Digests>& digests) -> caf::result<Local<LocatedChunks>> {
      return guarded([&]() -> caf::result<Local<LocatedChunks>> {
        return reply(core_->locator->locate(*digests));
      });
    }};
  }

private:
  CorePtr core_;
};

} // namespace

cache_actor spawn_cache(caf::actor_system& system, std::shared_ptr<BlockCache> blocks,
                        std::vector<block_reader_actor> readers) {
  return system.spawn<Cache>(std::move(blocks), std::move(readers));
}

// Detached: it waits for the disk when pages of the index are not in memory.
index_actor spawn_index(caf::actor_system& system, const CorePtr& core) {
  return system.spawn<Index, caf::detached>(core);
}

} // namespace talaria::actors

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
  Cache(caf::actor_config& config, std::size_t capacity, std::vector<block_reader_actor> readers)
      : cache_actor::base(config), blocks_(capacity), readers_(std::move(readers)) {}

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
        [this](fetch_atom, const Local<LocatedChunks>& located) -> caf::result<Local<FetchedChunks>> {
          auto request = std::make_shared<Request>();
          request->blocks.resize(located->chunks.size());
          Places missing;
          for (std::size_t i = 0; i < located->chunks.size(); ++i)
            if (located->chunks[i].found) want(located->chunks[i].place, i, request, missing);
          if (request->missing == 0) return local(FetchedChunks{located, std::move(request->blocks)});
          auto promise = this->make_response_promise<Local<FetchedChunks>>();
          request->deliver = [promise, located](Blocks&& blocks) mutable {
            promise.deliver(local(FetchedChunks{located, std::move(blocks)}));
          };
          request->fail = [promise](const caf::error& error) mutable { promise.deliver(error); };
          load(missing);
          return promise;
        },
        [this](counts_atom) -> caf::result<Local<CacheCounts>> {
          return local(CacheCounts(blocks_.counts()));
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
    if (auto block = blocks_.get(place.key())) {
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
      blocks_.put(places[i].key(), blocks[i], blocks[i]->weight());
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

  LruCache<uint64_t, BlockPtr> blocks_;
  std::vector<block_reader_actor> readers_;
  std::size_t next_reader_ = 0;
  std::unordered_map<uint64_t, Waiters> waiting_;
};

class Index : public index_actor::base {
public:
  Index(caf::actor_config& config, CorePtr core, cache_actor cache)
      : index_actor::base(config), core_(std::move(core)), cache_(std::move(cache)) {}

  const char* name() const override { return "talaria-index"; }

protected:
  behavior_type make_behavior() override {
    return {
        [this](locate_atom, const Local<Digests>& digests) -> caf::result<Local<LocatedChunks>> {
          return guarded([&]() -> caf::result<Local<LocatedChunks>> { return reply(locate(*digests)); });
        },
        [this](fetch_atom, const Local<Digests>& digests) -> caf::result<Local<FetchedChunks>> {
          auto located = locate(*digests);
          if (!located) return to_caf(located.error());
          return this->delegate(cache_, fetch_atom_v, local(*std::move(located)));
        },
        [this](view_atom) -> caf::result<Local<ViewPtr>> {
          auto view = core_->repository->view();
          if (!view) return to_caf(view.error());
          view_ = *view;
          return local(ViewPtr(view_));
        },
    };
  }

private:
  // What is stored never changes, so an older view answers for all that it has. Only if something is
  // missing, or may have been removed meanwhile, the ref is read again.
  Result<LocatedChunks> locate(const Digests& digests) {
    if (view_) {
      TALARIA_TRY_ASSIGN(auto located, locate_in(*view_, digests));
      bool all = std::all_of(located.chunks.begin(), located.chunks.end(),
                             [](const LocatedChunk& c) { return c.found && c.kind != Kind::bytes; });
      if (all) return located;
    }
    TALARIA_TRY_ASSIGN(view_, core_->repository->view());
    return locate_in(*view_, digests);
  }

  static Result<LocatedChunks> locate_in(const View& view, const Digests& digests) {
    LocatedChunks located;
    TALARIA_TRY_ASSIGN(located.index, view.index());
    auto& index = *located.index;
    located.chunks.resize(digests.size());
    for (std::size_t i = 0; i < digests.size(); ++i) {
      auto& chunk = located.chunks[i];
      for (auto kind : {Kind::sequence, Kind::bytes}) {
        TALARIA_TRY_ASSIGN(auto number, index.find(kind, Key128::of(digests[i])));
        if (!number) continue;
        chunk = {true, kind, *number, {}};
        TALARIA_TRY_ASSIGN(chunk.place, index.locate(kind, *number));
        break;
      }
    }
    return located;
  }

  CorePtr core_;
  cache_actor cache_;
  ViewPtr view_;
};

} // namespace

cache_actor spawn_cache(caf::actor_system& system, std::size_t capacity,
                        std::vector<block_reader_actor> readers) {
  return system.spawn<Cache>(capacity, std::move(readers));
}

// Detached: it waits for the disk when pages of the index are not in memory.
index_actor spawn_index(caf::actor_system& system, const CorePtr& core, cache_actor cache) {
  return system.spawn<Index, caf::detached>(core, std::move(cache));
}

} // namespace talaria::actors

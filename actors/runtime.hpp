// What stands behind talaria::Store: reads in the threads of callers, and an actor system of its own for
// all else, which starts when it is first needed.
#pragma once

#include "actors/operation.hpp"
#include "actors/store_actor.hpp"

#include <memory>
#include <mutex>
#include <vector>

namespace talaria {

class Runtime {
public:
  explicit Runtime(CorePtr core) : core_(std::move(core)) {}
  ~Runtime();

  const CorePtr& core() const noexcept { return core_; }

  // Asks the supervisor and waits for its answer.
  template <class T, class... Args>
  Result<T> ask(Args&&... args) {
    Caller caller(*this);
    TALARIA_TRY_ASSIGN(auto* self, caller.self());
    Result<T> result = failure(errc::internal, "no answer");
    self->request(actors_->store, caf::infinite, std::forward<Args>(args)...)
        .receive([&](T& value) { result = std::move(value); },
                 [&](caf::error& error) { result = tl::unexpected(actors::to_error(error)); });
    return result;
  }

  // Runs a short operation in the calling thread, which has the actors that serve now.
  template <class F>
  auto run(F body) -> decltype(body(std::declval<actors::Operation&>())) {
    return read([&](actors::Operation& op) -> decltype(body(op)) {
      TALARIA_TRY(op.need_actors());
      return body(op);
    });
  }

  // Runs a read in the calling thread, which has the actors that serve now if it asks for them: most
  // reads don't.
  template <class F>
  auto read(F body) -> decltype(body(std::declval<actors::Operation&>())) {
    Caller caller(*this);
    actors::Operation op;
    op.core = core_;
    op.decoder = caller.loan().decoder;
    op.memory = caller.loan().memory;
    op.find_actors = [&caller](actors::Operation& in_need) { return caller.give_actors(in_need); };
    op.many = std::make_shared<actors::CachedBlockSource>(op);
    auto result = body(op);
    if (!result && result.error().code() == errc::unavailable) forget_services();
    return result;
  }

private:
  // The actors, from the first call that needs them on.
  struct Actors {
    explicit Actors(const CorePtr& core);
    ~Actors();

    actors::Config config;
    caf::actor_system system;
    actors::internal_store_actor store;
  };

  struct Loan {
    std::unique_ptr<caf::scoped_actor> actor; // once it was needed
    std::shared_ptr<BlockDecoder> decoder;
    std::shared_ptr<ReadMemory> memory;
  };

  // What a thread has on loan for a call; making it for each would cost more than most calls.
  class Caller {
  public:
    explicit Caller(Runtime& runtime);
    ~Caller();
    Caller(const Caller&) = delete;
    Caller& operator=(const Caller&) = delete;

    const Loan& loan() const { return loan_; }

    // A blocking actor; starts the actor system if it isn't there. errc::unavailable.
    Result<caf::blocking_actor*> self();
    Result<void> give_actors(actors::Operation& op);

  private:
    Runtime& runtime_;
    Loan loan_;
  };

  Result<void> start();
  Result<std::shared_ptr<const actors::Services>> services(caf::blocking_actor* self);

  // After an actor has died, the supervisor has others.
  void forget_services();

  CorePtr core_;
  std::mutex start_mutex_;
  std::unique_ptr<Actors> actors_; // set once
  std::mutex mutex_;
  std::vector<Loan> idle_;
  std::shared_ptr<const actors::Services> services_;
};

} // namespace talaria

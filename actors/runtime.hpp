// What stands behind talaria::Store: an actor system of its own, and ways into it for plain threads.
#pragma once

#include "actors/operation.hpp"
#include "actors/store_actor.hpp"

#include <memory>
#include <mutex>
#include <vector>

namespace talaria {

class Runtime {
public:
  static Result<std::unique_ptr<Runtime>> start(actors::CorePtr core);
  ~Runtime();

  const actors::CorePtr& core() const noexcept { return core_; }

  // Asks the supervisor and waits for its answer.
  template <class T, class... Args>
  Result<T> ask(Args&&... args) {
    Caller self(*this);
    Result<T> result = failure(errc::internal, "no answer");
    (*self)
        ->request(store_, caf::infinite, std::forward<Args>(args)...)
        .receive([&](T& value) { result = std::move(value); },
                 [&](caf::error& error) { result = tl::unexpected(actors::to_error(error)); });
    return result;
  }

  // Runs a short operation in the calling thread, with the actors that serve now.
  template <class F>
  auto run(F body) -> decltype(body(std::declval<actors::Operation&>())) {
    Caller self(*this);
    actors::Operation op;
    op.core = core_;
    op.self = &**self;
    op.decoder = self.loan().decoder;
    op.memory = self.loan().memory;
    TALARIA_TRY_ASSIGN(op.services, services(*self));
    auto result = body(op);
    if (!result && result.error().code() == errc::unavailable) forget_services();
    return result;
  }

private:
  Runtime(actors::CorePtr core);

  struct Loan {
    std::unique_ptr<caf::scoped_actor> actor;
    std::shared_ptr<BlockDecoder> decoder;
    std::shared_ptr<actors::ReadMemory> memory;
  };

  // A blocking actor on loan to a thread; making one for each call would cost more than most calls.
  class Caller {
  public:
    explicit Caller(Runtime& runtime);
    ~Caller();
    caf::scoped_actor& operator*() { return *loan_.actor; }
    const Loan& loan() const { return loan_; }

  private:
    Runtime& runtime_;
    Loan loan_;
  };

  Result<std::shared_ptr<const actors::Services>> services(caf::scoped_actor& self);

  // After an actor has died, the supervisor has others.
  void forget_services();

  actors::CorePtr core_;
  actors::Config config_;
  caf::actor_system system_;
  actors::internal_store_actor store_;
  std::mutex mutex_;
  std::vector<Loan> idle_;
  std::shared_ptr<const actors::Services> services_;
};

} // namespace talaria

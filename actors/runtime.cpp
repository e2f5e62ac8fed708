#include "actors/runtime.hpp"

namespace talaria {

using namespace actors;

Runtime::Actors::Actors(const CorePtr& core)
    : config(core->settings.resolved_threads()),
      system(config),
      store(spawn_internal_store(system, core)) {}

Runtime::Actors::~Actors() {
  {
    caf::scoped_actor self(system);
    self->send_exit(store, caf::exit_reason::user_shutdown);
    self->wait_for(store);
  }
  store = internal_store_actor{};
}

Runtime::~Runtime() {
  services_.reset();
  idle_.clear(); // actors of the system that goes
}

Result<void> Runtime::start() {
  std::lock_guard lock(start_mutex_);
  if (actors_) return {};
  try {
    actors_ = std::make_unique<Actors>(core_);
  } catch (const std::exception& e) {
    return failure(errc::unavailable, std::string("the runtime can't be started: ") + e.what());
  }
  return {};
}

Runtime::Caller::Caller(Runtime& runtime) : runtime_(runtime) {
  std::lock_guard lock(runtime_.mutex_);
  if (runtime_.idle_.empty()) {
    loan_ = {nullptr, std::make_shared<BlockDecoder>(), std::make_shared<ReadMemory>()};
    return;
  }
  loan_ = std::move(runtime_.idle_.back());
  runtime_.idle_.pop_back();
}

Runtime::Caller::~Caller() {
  std::lock_guard lock(runtime_.mutex_);
  runtime_.idle_.push_back(std::move(loan_));
}

Result<caf::blocking_actor*> Runtime::Caller::self() {
  if (!loan_.actor) {
    TALARIA_TRY(runtime_.start());
    loan_.actor = std::make_unique<caf::scoped_actor>(runtime_.actors_->system);
  }
  return static_cast<caf::blocking_actor*>(loan_.actor->ptr());
}

Result<void> Runtime::Caller::give_actors(Operation& op) {
  TALARIA_TRY_ASSIGN(auto* self, this->self());
  TALARIA_TRY_ASSIGN(op.services, runtime_.services(self));
  op.self = self;
  return {};
}

void Runtime::forget_services() {
  std::lock_guard lock(mutex_);
  services_.reset();
}

Result<std::shared_ptr<const Services>> Runtime::services(caf::blocking_actor* self) {
  {
    std::lock_guard lock(mutex_);
    if (services_) return services_;
  }
  auto request = self->request(actors_->store, caf::infinite, services_atom_v);
  TALARIA_TRY_ASSIGN(auto services, await<Services>(request));
  std::lock_guard lock(mutex_);
  services_ = services.value;
  return services_;
}

} // namespace talaria

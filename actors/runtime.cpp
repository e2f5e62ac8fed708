#include "actors/runtime.hpp"

namespace talaria {

using namespace actors;

Result<std::unique_ptr<Runtime>> Runtime::start(CorePtr core) {
  try {
    return std::unique_ptr<Runtime>(new Runtime(std::move(core)));
  } catch (const std::exception& e) {
    return failure(errc::unavailable, std::string("the runtime can't be started: ") + e.what());
  }
}

Runtime::Runtime(CorePtr core)
    : core_(std::move(core)),
      config_(core_->settings.resolved_threads()),
      system_(config_),
      store_(spawn_internal_store(system_, core_)) {}

Runtime::~Runtime() {
  services_.reset();
  {
    caf::scoped_actor self(system_);
    self->send_exit(store_, caf::exit_reason::user_shutdown);
    self->wait_for(store_);
  }
  store_ = internal_store_actor{};
  idle_.clear();
}

Runtime::Caller::Caller(Runtime& runtime) : runtime_(runtime) {
  std::lock_guard lock(runtime_.mutex_);
  if (runtime_.idle_.empty()) {
    loan_ = {std::make_unique<caf::scoped_actor>(runtime_.system_), std::make_shared<BlockDecoder>(),
             std::make_shared<ReadMemory>()};
    return;
  }
  loan_ = std::move(runtime_.idle_.back());
  runtime_.idle_.pop_back();
}

Runtime::Caller::~Caller() {
  std::lock_guard lock(runtime_.mutex_);
  runtime_.idle_.push_back(std::move(loan_));
}

void Runtime::forget_services() {
  std::lock_guard lock(mutex_);
  services_.reset();
}

Result<std::shared_ptr<const Services>> Runtime::services(caf::scoped_actor& self) {
  {
    std::lock_guard lock(mutex_);
    if (services_) return services_;
  }
  auto request = self->request(store_, caf::infinite, services_atom_v);
  TALARIA_TRY_ASSIGN(auto services, await<Services>(request));
  std::lock_guard lock(mutex_);
  services_ = services.value;
  return services_;
}

} // namespace talaria

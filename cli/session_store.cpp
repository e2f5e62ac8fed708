// The store of a session: apart from the rest of it, which programs have that only read.
#include "cli/session.hpp"
#include "core/try.hpp"

namespace talaria::cli {

Result<std::unique_ptr<Store>> Session::open_store() const {
  TALARIA_TRY_ASSIGN(auto settings, this->settings());
  auto store = Store::open(repository(), settings);
  if (!store) return tl::unexpected(no_store(store.error()));
  return store;
}

} // namespace talaria::cli

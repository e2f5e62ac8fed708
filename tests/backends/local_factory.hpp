// Local stores for tests, each in a scratch folder of its own.
#pragma once

#include "tests/backends/conformance.hpp"
#include "tests/backends/scratch_folder.hpp"

namespace talaria {

inline std::unique_ptr<ObjectStore> open_local(const std::string& path, bool create = false) {
  auto store = local_store(path, create);
  if (!store) throw std::runtime_error(store.error().message());
  return *std::move(store);
}

inline StoreFactory local_factory() {
  return {.name = "Local", .make = [] {
            auto folder = std::make_shared<ScratchFolder>();
            StoreUnderTest made;
            made.store = open_local(folder->path());
            made.open_again = [folder] { return open_local(folder->path()); };
            made.scratch = std::move(folder);
            return made;
          }};
}

} // namespace talaria

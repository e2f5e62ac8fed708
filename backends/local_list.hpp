// Walking through the objects of a local store.
#pragma once

#include "backends/local_folder.hpp"
#include "talaria/object_store.hpp"

#include <functional>
#include <string>

namespace talaria {

// As ObjectStore::list(). Holds open one folder per level of the tree, and no names but the current one.
Result<void> list_local(const LocalFolder& root, const std::string& prefix,
                        const std::function<bool(const ObjectInfo&)>& visit);

} // namespace talaria

// The boundary at which running out of memory becomes an error value.
#pragma once

#include "talaria/error.hpp"

#include <new>

namespace talaria {

// Calls `function`, which returns a Result; std::bad_alloc becomes errc::limit_exceeded. The message is
// short enough to need no memory itself.
template <class Function>
auto guarded(Function&& function) -> decltype(function()) {
  try {
    return function();
  } catch (const std::bad_alloc&) {
    return failure(errc::limit_exceeded, "out of memory");
  }
}

} // namespace talaria

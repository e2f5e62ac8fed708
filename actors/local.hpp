// What actors of one process hand to each other: shared pointers to immutable values, and their errors.
#pragma once

#include "talaria/actors.hpp"

#include <exception>
#include <memory>
#include <new>
#include <type_traits>

namespace talaria::actors {

// A value on its way between actors of this process. Copies share it; nobody changes it.
template <class T>
struct Local {
  std::shared_ptr<T> value;

  T& operator*() const { return *value; }
  T* operator->() const { return value.get(); }
};

template <class T>
Local<std::decay_t<T>> local(T&& value) {
  return {std::make_shared<std::decay_t<T>>(std::forward<T>(value))};
}

caf::error to_caf(const Error& error);

// The answer of a handler: the value of a result, or its error.
template <class T>
caf::result<Local<T>> reply(Result<T>&& result) {
  if (!result) return to_caf(result.error());
  return local(*std::move(result));
}
inline caf::result<void> reply(Result<void>&& result) {
  if (!result) return to_caf(result.error());
  return caf::unit;
}

// Runs the body of a handler; what it throws (memory may run out) becomes an error, for an exception
// would end the actor.
template <class F>
auto guarded(F body) -> decltype(body()) {
  try {
    return body();
  } catch (const std::bad_alloc&) {
    return to_caf(
        {errc::limit_exceeded, "memory is exhausted: lower the setting 'memory' or 'threads'"});
  } catch (const std::exception& e) {
    return to_caf({errc::internal, std::string("unexpected failure: ") + e.what()});
  }
}

} // namespace talaria::actors

namespace caf {
template <class T>
struct allowed_unsafe_message_type<talaria::actors::Local<T>> : std::true_type {};
} // namespace caf

// Early return of errors: what `?` is elsewhere.
#pragma once

#include "talaria/error.hpp"

#define TALARIA_CONCAT_(a, b) a##b
#define TALARIA_CONCAT(a, b) TALARIA_CONCAT_(a, b)

// TALARIA_TRY(expression): returns the error of a Result<void> (or of any Result whose value is not
// needed) from the enclosing function.
#define TALARIA_TRY(...)                                                                                \
  do {                                                                                                  \
    if (auto try_result_ = (__VA_ARGS__); !try_result_)                                                 \
      return tl::unexpected<::talaria::Error>(std::move(try_result_).error());                          \
  } while (false)

// TALARIA_TRY_ASSIGN(auto x, expression): binds the value of a Result, or returns its error.
#define TALARIA_TRY_ASSIGN(declaration, ...)                                                            \
  auto TALARIA_CONCAT(try_result_, __LINE__) = (__VA_ARGS__);                                           \
  if (!TALARIA_CONCAT(try_result_, __LINE__))                                                           \
    return tl::unexpected<::talaria::Error>(std::move(TALARIA_CONCAT(try_result_, __LINE__)).error());  \
  declaration = *std::move(TALARIA_CONCAT(try_result_, __LINE__))

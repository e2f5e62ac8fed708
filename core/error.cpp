#include "talaria/error.hpp"

namespace talaria {

std::string_view to_string(errc code) noexcept {
  switch (code) {
  case errc::not_found:
    return "not_found";
  case errc::exists:
    return "exists";
  case errc::invalid_argument:
    return "invalid_argument";
  case errc::unsupported_input:
    return "unsupported_input";
  case errc::corrupt_input:
    return "corrupt_input";
  case errc::damaged:
    return "damaged";
  case errc::io_error:
    return "io_error";
  case errc::no_space:
    return "no_space";
  case errc::locked:
    return "locked";
  case errc::no_repository:
    return "no_repository";
  case errc::conflict:
    return "conflict";
  case errc::limit_exceeded:
    return "limit_exceeded";
  case errc::in_use:
    return "in_use";
  case errc::cancelled:
    return "cancelled";
  case errc::unavailable:
    return "unavailable";
  case errc::internal:
    return "internal";
  }
  return "unknown";
}

} // namespace talaria

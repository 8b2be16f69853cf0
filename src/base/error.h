// Building and passing on errors inside the library.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <utility>

#include "podium/result.h"

namespace podium {

// The error value of any Result: `return fail(ErrorCode::malformed, "…");`
inline tl::unexpected<Error> fail(ErrorCode code, std::string message, std::string hint = {}) {
  return tl::unexpected<Error>(Error{code, std::move(message), std::move(hint)});
}

}  // namespace podium

// Unwraps a Result into `lhs` or returns its error from the enclosing function.
#define PODIUM_CONCAT_INNER(a, b) a##b
#define PODIUM_CONCAT(a, b) PODIUM_CONCAT_INNER(a, b)
#define PODIUM_TRY(lhs, expression)                                                    \
  auto PODIUM_CONCAT(podium_result_, __LINE__) = (expression);                         \
  if (!PODIUM_CONCAT(podium_result_, __LINE__))                                        \
    return tl::unexpected(std::move(PODIUM_CONCAT(podium_result_, __LINE__)).error()); \
  lhs = *std::move(PODIUM_CONCAT(podium_result_, __LINE__))

// The same for Result<void>, or where the value is not needed.
#define PODIUM_CHECK(expression)                                                 \
  do {                                                                           \
    auto podium_result = (expression);                                           \
    if (!podium_result) return tl::unexpected(std::move(podium_result).error()); \
  } while (false)

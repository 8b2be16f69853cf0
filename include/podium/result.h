// Errors as values. Every fallible call of the public API returns Result<T>: either the value or an
// Error that an operator can act on. Nothing in Podium throws for an expected failure.
#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>

namespace podium {

// What kind of failure this is, for callers that branch on it (a server maps it to a status code).
enum class ErrorCode {
  invalid_argument,   // the request is wrong: empty query, no documents, unknown option
  not_found,          // a file, a model or a tensor that should be there is not
  malformed,          // a file or a text that cannot be read as what it claims to be
  unsupported,        // well-formed, but Podium does not know it
  io,                 // the operating system refused
  overloaded,         // too much waits already: try again later
  deadline_exceeded,  // RankOptions::deadline passed first
  cancelled,          // RankOptions::cancel was asked to stop, or the engine is going away
  internal,           // a bug in Podium
};

// The name of a code as it appears in messages and logs, e.g. "invalid_argument".
std::string_view to_string(ErrorCode code);

// message: one sentence saying what is wrong, naming the file, tensor or line.
// hint: one sentence saying what to do about it; may be empty.
struct Error {
  ErrorCode code = ErrorCode::internal;
  std::string message;
  std::string hint;
};

template <class T>
using Result = tl::expected<T, Error>;

}  // namespace podium

// The gate of a key file: keys, their limits and their usage. What the command line changes in the
// file holds from the next request on.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "server/auth/gate.h"

namespace podium::server {

// A file that is not there yet is no error: everybody is let in until it appears and has a key.
// Usage is written before settle() returns, so that it survives the death of the process.
Result<std::unique_ptr<Gate>> key_gate(
    std::string file,
    std::function<std::chrono::steady_clock::time_point()> now = std::chrono::steady_clock::now);

}  // namespace podium::server

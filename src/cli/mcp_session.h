// The Model Context Protocol over any transport: one JSON-RPC 2.0 message in, its answer out. The
// versions of 2024-11-05 to 2025-11-25 are understood.
#pragma once

#include <string>
#include <string_view>

#include "podium/engine.h"

namespace podium::cli {

class McpSession {
 public:
  explicit McpSession(const Engine& engine) : engine_(engine) {}

  // The answer as one line of JSON; empty where none is due (a notification, a blank line). Never
  // fails: what is wrong with a message is in the answer.
  std::string answer(std::string_view message) const;

 private:
  const Engine& engine_;
};

}  // namespace podium::cli

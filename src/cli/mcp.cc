// podium mcp: a Model Context Protocol server on standard input and output. One JSON-RPC 2.0
// message a line; the session itself is in mcp_session.
#include <cstdio>
#include <iostream>

#include "cli/command.h"
#include "cli/mcp_session.h"

namespace podium::cli {

Result<int> run_mcp(const Command& self, std::span<const char* const> arguments) {
  EngineOptions engine_options;
  Options options(
      self,
      "Agents start it: {\"command\": \"podium\", \"args\": [\"mcp\"]}. Tools: rerank and\n"
      "select_tools.\n",
      "podium mcp");
  options.engine(engine_options);
  PODIUM_TRY(const bool go_on, options.read(arguments));
  if (!go_on) return 0;
  PODIUM_TRY(const Engine engine, Engine::load(engine_options));
  McpSession session(engine);
  for (std::string line; std::getline(std::cin, line);) {
    const std::string answer = session.answer(line);
    if (answer.empty()) continue;
    if (std::fwrite(answer.data(), 1, answer.size(), stdout) != answer.size()) return 1;
    if (std::fputc('\n', stdout) == EOF || std::fflush(stdout) != 0) return 1;
  }
  return 0;
}

}  // namespace podium::cli

// podium mcp: a Model Context Protocol server on standard input and output, one JSON-RPC 2.0
// message a line. What the messages mean is in server/api/mcp_messages.
#include <cstdio>
#include <iostream>

#include "base/json.h"
#include "cli/command.h"
#include "podium/engine.h"
#include "server/api/mcp_messages.h"

namespace podium::cli {

namespace {

// The answer to one line; empty where none is due.
std::string answer(const Engine& engine, std::string_view line) {
  if (line.find_first_not_of(" \t\r\n") == std::string_view::npos) return {};
  const auto message = json::Document::parse(line, "the message");
  if (!message) {
    return server::write_mcp_fault(server::McpFault::not_json, message.error().message);
  }
  const server::McpTurn turn = server::read_mcp(message->root());
  std::vector<Ranking> rankings;
  for (const server::Job& job : turn.jobs) {
    const std::vector<std::string_view> documents(job.documents.begin(), job.documents.end());
    auto ranking = engine.rank(job.query, documents, job.options);
    if (!ranking) return server::write_mcp_failure(turn, ranking.error());
    rankings.push_back(*std::move(ranking));
  }
  return server::write_mcp(turn, turn.jobs, rankings);
}

}  // namespace

Result<int> run_mcp(const Command& self, std::span<const char* const> arguments) {
  EngineOptions engine_options;
  Options options(
      self,
      "Agents start it: {\"command\": \"podium\", \"args\": [\"mcp\"]}. Tools: rerank and\n"
      "select_tools. podium serve has the same at /mcp.\n",
      "podium mcp");
  options.engine(engine_options);
  PODIUM_TRY(const bool go_on, options.read(arguments));
  if (!go_on) return 0;
  PODIUM_TRY(const Engine engine, Engine::load(engine_options));
  for (std::string line; std::getline(std::cin, line);) {
    const std::string out = answer(engine, line);
    if (out.empty()) continue;
    if (std::fwrite(out.data(), 1, out.size(), stdout) != out.size()) return 1;
    if (std::fputc('\n', stdout) == EOF || std::fflush(stdout) != 0) return 1;
  }
  return 0;
}

}  // namespace podium::cli

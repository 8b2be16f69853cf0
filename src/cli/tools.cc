// podium tools: which of the tools an agent may be offered serve a request.
#include "cli/command.h"
#include "cli/rank.h"

namespace podium::cli {

Result<int> run_tools(const Command& self, std::span<const char* const> arguments) {
  return rank_documents(
      self, arguments,
      {.query = "--for",
       .query_help = "the request the tools are judged by",
       .format = documents::InputFormat::tools,
       .notes = "FILE is JSON: the answer of MCP's tools/list, the \"tools\" of OpenAI, Anthropic\n"
                "or Gemini, or an OpenAPI description, of which each operation is a tool. With\n"
                "--format json or jsonl the definitions come back as they are.\n",
       .example = "podium tools --for \"where is my parcel?\" -n 3 examples/mcp-tools.json"});
}

}  // namespace podium::cli

// podium: the command line over the engine. It is the only room that prints.
#include <fmt/format.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <exception>

#include "base/profile.h"
#include "cli/command.h"
#include "podium/podium.h"

namespace podium::cli {

namespace {

constexpr std::array kCommands = {
    Command{"rank", "Rank documents against a query, best first", run_rank},
    Command{"snippets", "Find the passages of a long text that answer a question", run_snippets},
    Command{"tools", "Rank the tools of an agent for a request", run_tools},
    Command{"schema", "Rank the tables of a database for a question", run_schema},
    Command{"serve", "Serve the rerank APIs of others over HTTP", run_serve},
    Command{"pull", "Download a model from the Hugging Face Hub", run_pull},
    Command{"tokenize", "Show the tokens a model reads in a text", run_tokenize},
    Command{"inspect", "Show what a model is and what it needs", run_inspect},
    Command{"eval", "Measure how well a model ranks sets with known answers", run_eval},
    Command{"bench", "Measure how fast this machine ranks", run_bench},
    Command{"keys", "Make, limit and revoke the API keys of a server", run_keys},
    Command{"mcp", "Serve agents by the Model Context Protocol", run_mcp},
    Command{"doctor", "Check this machine and say what podium makes of it", run_doctor},
};

std::string help_text() {
  std::string text =
      "podium ranks documents against a query, in about a hundred languages.\n\n"
      "usage: podium <command> [options]\n\n";
  for (const Command& command : kCommands) {
    text += fmt::format("  {:10}  {}\n", command.name, command.summary);
  }
  text +=
      "\n  -h, --help  print this help; podium <command> --help explains a command\n"
      "  --version   print the version\n\n"
      "example:\n  podium rank --query \"care for sensitive skin\" examples/skincare.txt\n";
  return text;
}

Error unknown(std::string_view word) {
  std::vector<std::string> names{"--help", "--version"};
  for (const Command& command : kCommands) names.emplace_back(command.name);
  const std::string close = nearest(word, names);
  return Error{
      ErrorCode::invalid_argument,
      fmt::format("unknown {} {}", word.starts_with('-') ? "option" : "command", word),
      close.empty() ? "podium --help lists the commands." : fmt::format("Did you mean {}?", close)};
}

int report(const Error& error) {
  fmt::print(stderr, "podium: {}\n", error.message);
  if (!error.hint.empty()) fmt::print(stderr, "hint: {}\n", error.hint);
  return error.code == ErrorCode::internal ? 1 : 2;
}

// With PODIUM_PROFILE=1: what each stage took, summed over threads.
void report_profile() {
  if (!profile::enabled()) return;
  double total = 0;
  for (const auto& stage : profile::stage_times()) total += stage.milliseconds;
  for (const auto& stage : profile::stage_times()) {
    fmt::print(stderr, "{:<10} {:>10.1f} ms {:>5.1f} %\n", stage.name, stage.milliseconds,
               total > 0 ? 100 * stage.milliseconds / total : 0);
  }
}

int run(std::span<const char* const> arguments) {
  if (arguments.empty()) {
    fmt::print(stderr, "{}", help_text());
    return 2;
  }
  const std::string_view word = arguments.front();
  if (word == "--help" || word == "-h" || word == "help") {
    fmt::print("{}", help_text());
    return 0;
  }
  if (word == "--version") {
    fmt::print("podium {}\n", PODIUM_VERSION);
    return 0;
  }
  for (const Command& command : kCommands) {
    if (command.name != word) continue;
    const auto status = command.run(command, arguments.subspan(1));
    report_profile();
    return status ? *status : report(status.error());
  }
  return report(unknown(word));
}

}  // namespace

}  // namespace podium::cli

int main(int argc, char** argv) {
  // A closed pipe then shows as an error of write(), which Output answers by ending quietly.
  std::signal(SIGPIPE, SIG_IGN);
  try {
    return podium::cli::run({argv + 1, argv + std::max(argc, 1)});
  } catch (const std::exception& error) {  // out of memory, or a bug: nothing expected throws
    std::fprintf(stderr, "podium: %s\n", error.what());
    return 1;
  }
}

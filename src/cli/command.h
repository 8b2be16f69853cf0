// What every subcommand is made of: a name, a sentence, and a function from arguments to an exit
// status. Errors travel to main() as values and are printed there.
#pragma once

#include <CLI/CLI.hpp>
#include <charconv>
#include <cstddef>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "podium/options.h"

namespace podium::cli {

struct Command {
  std::string_view name;
  std::string_view summary;  // the line in `podium --help` and the head of the command's own help
  Result<int> (*run)(const Command& self, std::span<const char* const> arguments);
};

// Each in the file of its name.
Result<int> run_rank(const Command& self, std::span<const char* const> arguments);
Result<int> run_tools(const Command& self, std::span<const char* const> arguments);
Result<int> run_schema(const Command& self, std::span<const char* const> arguments);
Result<int> run_pull(const Command& self, std::span<const char* const> arguments);
Result<int> run_snippets(const Command& self, std::span<const char* const> arguments);
Result<int> run_tokenize(const Command& self, std::span<const char* const> arguments);
Result<int> run_inspect(const Command& self, std::span<const char* const> arguments);
Result<int> run_eval(const Command& self, std::span<const char* const> arguments);
Result<int> run_bench(const Command& self, std::span<const char* const> arguments);
Result<int> run_keys(const Command& self, std::span<const char* const> arguments);
Result<int> run_serve(const Command& self, std::span<const char* const> arguments);
Result<int> run_mcp(const Command& self, std::span<const char* const> arguments);
Result<int> run_doctor(const Command& self, std::span<const char* const> arguments);

// A parser for the options of one command. `notes` follow the options in its help; the example
// after them is a command line that works in a clone of the project.
struct Options : CLI::App {
  Options(const Command& command, std::string notes, std::string example);

  // Reads the arguments into what the options are bound to. False: help was asked for and printed.
  Result<bool> read(std::span<const char* const> arguments);

  // An option that takes one of a few words; its help lists them first.
  template <class T>
  CLI::Option* choice(const std::string& name, T& target,
                      std::initializer_list<std::pair<std::string_view, T>> words,
                      const std::string& help);

  // An option that takes a whole number of `least` or more.
  template <class T>
  CLI::Option* number(const std::string& name, T& target, T least, const std::string& help);

  // --model, --threads, --precision and --special-tokens.
  void engine(EngineOptions& options, bool with_model = true);

  // --window and what else decides how long documents are read.
  void windows(RankOptions& options);
  void effort(RankOptions& options);

 private:
  static std::string long_name(const std::string& name);  // "-n,--top-n" -> "--top-n"
  std::string help_text() const;
  std::string command_;
  std::string notes_;
  std::string example_;
};

// The candidate that `word` is most likely a slip of; empty if none is near.
std::string nearest(std::string_view word, std::span<const std::string> candidates);

template <class T>
CLI::Option* Options::choice(const std::string& name, T& target,
                             std::initializer_list<std::pair<std::string_view, T>> words,
                             const std::string& help) {
  std::string listed;
  for (const auto& word : words) listed.append(listed.empty() ? "" : "|").append(word.first);
  auto set = [&target, name, listed, words = std::vector(words)](const std::string& given) {
    for (const auto& [word, value] : words) {
      if (word == given) return void(target = value);
    }
    throw CLI::ValidationError(
        fmt::format("{} takes {}, not '{}'", long_name(name), listed, given));
  };
  return add_option_function<std::string>(name, set, listed + ": " + help)->type_name("WORD");
}

template <class T>
CLI::Option* Options::number(const std::string& name, T& target, T least, const std::string& help) {
  auto set = [&target, name, least](const std::string& given) {
    const char* end = given.data() + given.size();
    const auto [stop, error] = std::from_chars(given.data(), end, target);
    if (error == std::errc() && stop == end && target >= least) return;
    throw CLI::ValidationError(fmt::format("{} takes a whole number of {} or more, not '{}'",
                                           long_name(name), least, given));
  };
  return add_option_function<std::string>(name, set, help)->type_name("N");
}

}  // namespace podium::cli

#include "cli/command.h"

#include <algorithm>
#include <numeric>

namespace podium::cli {

namespace {

// Edits (insert, delete, replace a byte) between two words.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = std::exchange(row[j], std::min({replaced, row[j] + 1, row[j - 1] + 1}));
    }
  }
  return row.back();
}

std::vector<std::string> long_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

std::string option_line(const CLI::Option& option) {
  std::string names;
  for (const auto& name : option.get_snames()) names += fmt::format("-{}, ", name);
  if (!option.get_lnames().empty()) names += "--" + option.get_lnames().front();
  if (names.empty()) names = option.get_name();
  if (option.get_items_expected_max() > 0 && !option.get_positional()) {
    names += " " + option.get_type_name();
  }
  constexpr std::size_t kColumn = 26;
  const std::string gap = names.size() < kColumn ? std::string(kColumn - names.size(), ' ')
                                                 : "\n  " + std::string(kColumn, ' ');
  std::string description = option.get_description();
  for (std::size_t at = 0; (at = description.find('\n', at)) != std::string::npos;) {
    description.insert(++at, kColumn + 2, ' ');
  }
  return fmt::format("  {}{}{}\n", names, gap, description);
}

// CLI11's messages, but for one that reads like a log.
std::string plain_words(const CLI::ParseError& error) {
  const std::string message = error.what();
  if (dynamic_cast<const CLI::ArgumentMismatch*>(&error) == nullptr) return message;
  return message.substr(0, message.find(':')) +
         (message.ends_with("missing") ? " needs a value" : " was given more than once");
}

}  // namespace

Options::Options(const Command& command, std::string notes, std::string example)
    : CLI::App(std::string(command.summary)),
      command_(command.name),
      notes_(std::move(notes)),
      example_(std::move(example)) {
  set_help_flag("-h,--help", "print this help");
}

Result<bool> Options::read(std::span<const char* const> arguments) {
  std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());  // CLI11's order
  const std::string hint = fmt::format("podium {} --help lists what it takes.", command_);
  try {
    parse(reversed);
    return true;
  } catch (const CLI::CallForHelp&) {
    fmt::print("{}", help_text());
    return false;
  } catch (const CLI::ParseError& error) {
    const auto left_over = remaining();
    if (left_over.empty()) return fail(ErrorCode::invalid_argument, plain_words(error), hint);
    const std::string& extra = left_over.front();
    if (!extra.starts_with('-')) {
      return fail(ErrorCode::invalid_argument, fmt::format("unexpected argument '{}'", extra),
                  hint);
    }
    const std::string close = nearest(extra.substr(0, extra.find('=')), long_names(*this));
    return fail(ErrorCode::invalid_argument, fmt::format("unknown option {}", extra),
                close.empty() ? hint : fmt::format("Did you mean {}?", close));
  }
}

std::string Options::help_text() const {
  std::string usage = "podium " + command_;
  std::string positionals;
  std::string options;
  for (const CLI::Option* option : get_options()) {
    if (option->get_required()) {
      usage += fmt::format(" --{} {}", option->get_lnames().front(), option->get_type_name());
    }
    (option->get_positional() ? positionals : options) += option_line(*option);
  }
  usage += " [options]";
  for (const CLI::Option* option : get_options()) {
    if (option->get_positional()) usage += fmt::format(" [{}]", option->get_name());
  }
  return fmt::format("{}.\n\nusage: {}\n\n{}{}{}{}\nexample:\n  {}\n", get_description(), usage,
                     positionals, options, notes_.empty() ? "" : "\n", notes_, example_);
}

void Options::engine(EngineOptions& options, bool with_model) {
  if (with_model) {
    add_option("-m,--model", options.model, "model directory (default: the built-in model)")
        ->type_name("DIR|NAME");
  }
  number("--threads", options.threads, 1, "compute threads (default: all it may use)");
  choice("--precision", options.precision,
         {{"auto", Precision::automatic},
          {"fp32", Precision::fp32},
          {"bf16", Precision::bf16},
          {"int8", Precision::int8}},
         "what the\nproducts run in (default: auto, the\nfastest that ranks like fp32)");
  choice("--special-tokens", options.special_tokens,
         {{"text", SpecialTokens::text}, {"match", SpecialTokens::match}},
         "what </s> in a text is read as: its\ncharacters, or the token (default: text)");
}

void Options::windows(RankOptions& options) {
  number<std::size_t>("--window,--max-length", options.max_length, 1,
                      "tokens read at once, query included: longer\ndocuments are read in windows "
                      "of N\n(default: the longest the model takes)");
  number<std::size_t>("--overlap", options.overlap, 0, "tokens that windows share (default: 80)");
  choice("--aggregation", options.aggregation,
         {{"max", Aggregation::max}, {"mean", Aggregation::mean}, {"first", Aggregation::first}},
         "the best\nwindow's score, the mean of the --mean-of\nbest, or the first window alone "
         "(default: max)");
  number<std::size_t>("--mean-of", options.mean_of, 1, "(default: 3)");
  choice("--window-end", options.window_end,
         {{"anywhere", WindowEnd::anywhere},
          {"line", WindowEnd::line},
          {"sentence", WindowEnd::sentence}},
         "where\na window may end (default: anywhere)");
  number<std::size_t>("--max-windows", options.max_windows, 1,
                      "windows read of a document (default: all)");
  number<std::size_t>("--max-tokens-per-doc", options.max_document_tokens, 1,
                      "tokens read of a document (default: all)");
}

void Options::effort(RankOptions& options) {
  choice("--effort", options.effort,
         {{"auto", Effort::automatic},
          {"full", Effort::full},
          {"turbo", Effort::turbo},
          {"tiny", Effort::tiny}},
         "how deep a model with\nseveral depths reads; auto reads in full what\nmay come under the "
         "best N (default: auto)");
}

std::string Options::long_name(const std::string& name) {
  const std::size_t begin = name.find("--");
  return name.substr(begin, name.find(',', begin) - begin);
}

std::string nearest(std::string_view word, std::span<const std::string> candidates) {
  std::string best;
  std::size_t least = std::max<std::size_t>(2, word.size() / 3) + 1;
  for (const std::string& candidate : candidates) {
    const std::size_t edits = distance(word, candidate);
    const bool begins = word.size() >= 3 && candidate.starts_with(word);
    if (edits < least || begins) {
      best = candidate;
      least = begins ? 0 : edits;
    }
  }
  return best;
}

}  // namespace podium::cli

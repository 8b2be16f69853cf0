// podium tokenize: texts in, tokens out.
#include <fmt/format.h>

#include "base/json.h"
#include "base/utf8.h"
#include "cli/command.h"
#include "cli/input.h"
#include "cli/output.h"
#include "cli/table.h"
#include "documents/documents.h"
#include "podium/engine.h"

namespace podium::cli {

using documents::Documents;
using documents::parse_documents;

namespace {

enum class Format { table, json, jsonl };

struct Request {
  std::optional<std::string> text;
  std::string file;
  Format format = Format::table;
  documents::ReadOptions read;
  bool no_template = false;
  EngineOptions engine;
};

Result<bool> read_request(const Command& self, std::span<const char* const> arguments,
                          Request& request) {
  Options options(self,
                  "Offsets count characters of the text; tokens for none of it have 0..0.\n"
                  "FILE is read as podium rank reads documents, one list of tokens for each.\n",
                  "podium tokenize --text \"Grüner Tee zieht drei Minuten.\"");
  options.add_option("FILE", request.file, "texts; - or none is standard input");
  options.add_option("-t,--text", request.text, "this text, instead of FILE")->type_name("TEXT");
  options.choice("-f,--format", request.format,
                 {{"table", Format::table}, {"json", Format::json}, {"jsonl", Format::jsonl}},
                 "how to print (default: table)");
  input_options(options, request.read);
  options.add_flag("--no-template", request.no_template,
                   "without the special tokens around a text");
  options.engine(request.engine);
  PODIUM_TRY(const bool go_on, options.read(arguments));
  if (!go_on) return false;
  if (request.text && !request.file.empty()) {
    return fail(ErrorCode::invalid_argument, "--text and FILE were both given",
                "Give one of them.");
  }
  return true;
}

bool is_template(const TokenSpan& token) {
  const bool marked = (token.piece.starts_with('<') && token.piece.ends_with('>')) ||
                      (token.piece.starts_with('[') && token.piece.ends_with(']'));
  return marked && token.begin == 0 && token.end == 0;
}

std::span<const TokenSpan> without_template(std::span<const TokenSpan> tokens) {
  while (!tokens.empty() && is_template(tokens.front())) tokens = tokens.subspan(1);
  while (!tokens.empty() && is_template(tokens.back())) tokens = tokens.first(tokens.size() - 1);
  return tokens;
}

std::string tokens_json(std::span<const TokenSpan> tokens) {
  std::string out;
  json::Writer writer(out);
  writer.begin_object().key("ids").begin_array();
  for (const TokenSpan& token : tokens) writer.value(token.id);
  writer.end_array().key("tokens").begin_array();
  for (const TokenSpan& token : tokens) writer.value(token.piece);
  writer.end_array().key("offsets").begin_array();
  for (const TokenSpan& token : tokens) {
    writer.begin_array().value(token.begin).value(token.end).end_array();
  }
  writer.end_array().end_object();
  return out;
}

// The characters [begin, end) of texts whose tokens are asked for from left to right.
class Characters {
 public:
  explicit Characters(std::string_view text) : text_(text) {}

  std::string_view slice(std::size_t begin, std::size_t end) {
    if (begin < character_) byte_ = character_ = 0;
    move_to(begin);
    const std::size_t first = byte_;
    std::size_t last = byte_;
    for (std::size_t c = begin; c < end && last < text_.size(); ++c) {
      last += utf8::decode(text_, last).length;
    }
    return text_.substr(first, last - first);
  }

 private:
  void move_to(std::size_t character) {
    for (; character_ < character && byte_ < text_.size(); ++character_) {
      byte_ += utf8::decode(text_, byte_).length;
    }
  }
  std::string_view text_;
  std::size_t byte_ = 0;
  std::size_t character_ = 0;
};

std::string tokens_table(const Terminal& terminal, std::string_view text,
                         std::span<const TokenSpan> tokens) {
  Table table({{"id", true}, {"characters", true}, {"token", false, 40, "1"}, {"text"}});
  Characters characters(text);
  for (const TokenSpan& token : tokens) {
    table.add_row({std::to_string(token.id), fmt::format("{}..{}", token.begin, token.end),
                   std::string(token.piece),
                   std::string(characters.slice(token.begin, token.end))});
  }
  return table.render(terminal);
}

Result<int> print(const Engine& engine, std::span<const std::string_view> texts,
                  const Request& request) {
  const Terminal terminal = standard_output();
  Output out;
  std::string_view separator;
  if (request.format == Format::json) out << "[";
  for (const std::string_view text : texts) {
    PODIUM_TRY(const std::vector<TokenSpan> all, engine.tokenize(text));
    const auto tokens = request.no_template ? without_template(all) : std::span(all);
    out << separator;
    if (request.format == Format::table) {
      out << tokens_table(terminal, text, tokens)
          << styled(terminal, "2", fmt::format("{} tokens", tokens.size())) << "\n";
      separator = "\n";
    } else {
      out << tokens_json(tokens);
      if (request.format == Format::json) separator = ",";
      if (request.format == Format::jsonl) out << "\n";
    }
  }
  if (request.format == Format::json) out << "]\n";
  return out.finish();
}

}  // namespace

Result<int> run_tokenize(const Command& self, std::span<const char* const> arguments) {
  Request request;
  PODIUM_TRY(const bool go_on, read_request(self, arguments, request));
  if (!go_on) return 0;
  if (request.text) {
    PODIUM_TRY(const Engine engine, Engine::load(request.engine));
    const std::string_view text = *request.text;
    return print(engine, {&text, 1}, request);
  }
  PODIUM_TRY(const Input input, Input::open(request.file));
  PODIUM_TRY(const Documents documents, parse_documents(input.text(), input.name(), request.read));
  PODIUM_TRY(const Engine engine, Engine::load(request.engine));
  std::vector<std::string> texts;
  texts.reserve(documents.size());
  for (std::size_t i = 0; i < documents.size(); ++i) texts.push_back(documents.text(i));
  return print(engine, std::vector<std::string_view>(texts.begin(), texts.end()), request);
}

}  // namespace podium::cli

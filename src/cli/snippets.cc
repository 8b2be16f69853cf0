// podium snippets: the passages of one long text that answer a question best.
#include <fmt/format.h>

#include "base/json.h"
#include "base/utf8.h"
#include "cli/command.h"
#include "cli/facts.h"
#include "cli/input.h"
#include "cli/output.h"
#include "cli/passages.h"
#include "cli/progress.h"
#include "cli/table.h"
#include "cli/text_width.h"
#include "documents/documents.h"
#include "podium/engine.h"

namespace podium::cli {

using documents::DocumentReader;
using documents::Documents;

namespace {

enum class Format { table, json };

constexpr const char* kNotes =
    "FILE is one text, a web page or a book. Snippets are its sentences, looked for\n"
    "in the windows that score best; characters are Unicode code points.\n";

struct Request {
  std::string query;
  std::string file;
  Format format = Format::table;
  EngineOptions engine;
  RankOptions rank{.passages = 5};
};

Result<bool> read_request(const Command& self, std::span<const char* const> arguments,
                          Request& request) {
  Options options(self, kNotes, "podium snippets --query \"may I sell it?\" LICENSE");
  options.add_option("FILE", request.file, "the text; - or none is standard input");
  options.add_option("-q,--query", request.query, "what the snippets are to answer")
      ->type_name("TEXT")
      ->required();
  options.number<std::size_t>("-n,--top-n", request.rank.passages, 1,
                              "print the best N (default: 5)");
  options.choice("-f,--format", request.format, {{"table", Format::table}, {"json", Format::json}},
                 "how to print (default: table)");
  options.windows(request.rank);
  options.engine(request.engine);
  return options.read(arguments);
}

void print_json(Output& out, const Documents& documents, const Ranking& ranking,
                const ModelInfo& model) {
  const RankedDocument& result = ranking.results[0];
  std::string text;
  json::Writer writer(text);
  writer.begin_object().key("model").value(model.name);
  writer.key("relevance_score").value(result.relevance_score);
  writer.key("windows").value(std::uint64_t{result.windows});
  writer.key("truncated").value(result.truncated);
  write_passages(writer, documents, result);
  writer.key("usage").begin_object().key("query_tokens");
  writer.value(std::uint64_t{ranking.usage.query_tokens}).key("total_tokens");
  writer.value(std::uint64_t{ranking.usage.total_tokens}).end_object().end_object();
  out << text << "\n";
}

void print_table(Output& out, const Documents& documents, const Ranking& ranking) {
  const Terminal terminal = standard_output();
  Table table({{"score", true, 0, "1"}, {"characters", true}, {"snippet"}});
  for (const Passage& passage : ranking.results[0].passages) {
    table.add_row({fmt::format("{:.4f}", passage.score),
                   fmt::format("{}..{}", passage.begin, passage.end),
                   fit(documents.characters(0, passage.begin, passage.end), terminal.width)});
  }
  out << table.render(terminal);
}

}  // namespace

Result<int> run_snippets(const Command& self, std::span<const char* const> arguments) {
  Request request;
  PODIUM_TRY(const bool go_on, read_request(self, arguments, request));
  if (!go_on) return 0;
  PODIUM_TRY(const Input input, Input::open(request.file));
  if (input.text().find_first_not_of(" \t\r\n\v\f") == std::string_view::npos) {
    return fail(ErrorCode::invalid_argument, fmt::format("{} holds no text", input.name()));
  }
  Documents documents;
  documents.written.push_back(input.text());
  PODIUM_TRY(const Engine engine, Engine::load(request.engine));
  warn_of_fallback(engine.info());
  DocumentReader reader(documents, [&] { input.forget(); });
  PODIUM_TRY(const Ranking ranking, engine.rank(request.query, reader, request.rank));
  if (ranking.results[0].truncated) {
    fmt::print(stderr, "podium: the text, or the query beside it, was cut to fit\n");
  }
  Output out;
  if (request.format == Format::json) {
    print_json(out, documents, ranking, engine.info());
  } else {
    print_table(out, documents, ranking);
  }
  return out.finish();
}

}  // namespace podium::cli

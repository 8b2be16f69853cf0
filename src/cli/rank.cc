// podium rank: documents and a query in, an order out.
#include "cli/rank.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>

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

using documents::Content;
using documents::DocumentReader;
using documents::Documents;
using documents::parse_documents;

namespace {

enum class Format { table, json, jsonl };

struct Request {
  std::string query;
  std::string file;
  std::size_t top_n = 0;
  Format format = Format::table;
  documents::ReadOptions read;
  bool urls = false;
  std::size_t timeout_ms = 0;
  EngineOptions engine;
  RankOptions rank;
};

Result<bool> read_request(const Command& self, std::span<const char* const> arguments,
                          const RankCommand& kind, Request& request) {
  Options options(self, kind.notes, kind.example);
  options.add_option("FILE", request.file, "documents; - or none is standard input");
  options.add_option(kind.query, request.query, kind.query_help)->type_name("TEXT")->required();
  options.number<std::size_t>("-n,--top-n", request.top_n, 1, "print the best N (default: all)");
  options.choice("-f,--format", request.format,
                 {{"table", Format::table}, {"json", Format::json}, {"jsonl", Format::jsonl}},
                 "how to print (default: table)");
  options.choice("--score,--scores", request.rank.score,
                 {{"relevance", ScoreKind::relevance}, {"logit", ScoreKind::logit}},
                 "0..1, or the raw output\nof the model (default: relevance)");
  options.number<std::size_t>("--passages", request.rank.passages, 1,
                              "show the N best passages of each document\nprinted");
  if (kind.format == documents::InputFormat::automatic) {
    input_options(options, request.read);
    options.add_flag("--urls", request.urls, "documents are search results");
  }
  options.windows(request.rank);
  options.effort(request.rank);
  options
      .add_option("--instruction", request.rank.instruction,
                  "what makes a document relevant, for models\nthat take one, e.g. Qwen3-Reranker")
      ->type_name("TEXT");
  options.number<std::size_t>("--timeout-ms", request.timeout_ms, 1,
                              "give up after N milliseconds of ranking");
  options.engine(request.engine);
  PODIUM_TRY(const bool go_on, options.read(arguments));
  if (!go_on) return false;
  if (request.urls) request.read.content = Content::search_result;
  if (request.query.find_first_not_of(" \t\r\n\v\f") == std::string::npos) {
    return fail(ErrorCode::invalid_argument, "the query is empty", kind.example);
  }
  if (const auto bad = utf8::find_invalid(request.query)) {
    return fail(ErrorCode::malformed,
                fmt::format("the query is not valid UTF-8 at byte {}", *bad + 1));
  }
  return true;
}

double milliseconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start)
      .count();
}

// Everything that is printed.
struct Outcome {
  const Request& request;
  const Input& input;
  const Documents& documents;
  const ModelInfo& model;
  const Ranking& ranking;
  std::span<const RankedDocument> shown;
  double load_ms;
};

std::string_view name_of(Effort depth) {
  switch (depth) {
    case Effort::tiny: return "tiny";
    case Effort::turbo: return "turbo";
    default: return "full";
  }
}

std::string result_json(const Outcome& outcome, const RankedDocument& result) {
  const Documents& documents = outcome.documents;
  std::string out;
  json::Writer writer(out);
  writer.begin_object()
      .key("index")
      .value(result.index)
      .key("relevance_score")
      .value(result.relevance_score)
      .key("document")
      .raw(documents.json(result.index))
      .key("tokens")
      .value(result.tokens)
      .key("windows")
      .value(result.windows)
      .key("truncated")
      .value(result.truncated);
  if (outcome.model.has_depths) writer.key("depth").value(name_of(result.depth));
  if (outcome.request.rank.passages > 0) write_passages(writer, documents, result);
  outcome.input.forget();
  writer.end_object();
  return out;
}

double rounded(double ms) { return std::round(ms * 1000) / 1000; }

void print_json(Output& out, const Outcome& outcome) {
  std::string head;
  json::Writer(head).begin_object().key("model").value(outcome.model.name).key("results");
  out << head << "[";
  std::string_view separator;
  for (const RankedDocument& result : outcome.shown) {
    out << separator << result_json(outcome, result);
    separator = ",";
  }
  const Ranking& ranking = outcome.ranking;
  std::string tail;
  json::Writer(tail)
      .key("usage")
      .begin_object()
      .key("query_tokens")
      .value(ranking.usage.query_tokens)
      .key("total_tokens")
      .value(ranking.usage.total_tokens)
      .end_object()
      .key("timings")
      .begin_object()
      .key("load_ms")
      .value(rounded(outcome.load_ms))
      .key("tokenize_ms")
      .value(rounded(ranking.timings.tokenize_ms))
      .key("encode_ms")
      .value(rounded(ranking.timings.encode_ms))
      .key("total_ms")
      .value(rounded(outcome.load_ms + ranking.timings.total_ms))
      .end_object()
      .end_object();
  out << "]," << tail << "\n";
}

// Eight cells for 0..1, in eighths of a cell.
std::string bar(double share) {
  constexpr std::array<std::string_view, 8> kEighths = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  constexpr double kCells = 8;
  const auto eighths =
      static_cast<std::size_t>(std::lround(std::clamp(share, 0.0, 1.0) * kCells * 8));
  std::string out;
  for (std::size_t i = 0; i < eighths / 8; ++i) out += "█";
  return out.append(kEighths[eighths % 8]);
}

// What a document is called.
std::string name_of(const Outcome& outcome, const RankedDocument& result) {
  for (const std::string_view member : {"url", "link"}) {
    if (!outcome.request.urls) break;
    if (auto url = outcome.documents.member(result.index, member)) return *std::move(url);
  }
  return outcome.documents.member(result.index, "id").value_or(std::to_string(result.index));
}

// How a document begins, or its best passage.
std::string excerpt(const Outcome& outcome, const RankedDocument& result) {
  constexpr std::size_t kMostBytes = 4096;
  if (result.passages.empty()) return outcome.documents.text(result.index, kMostBytes);
  const Passage& best = result.passages.front();
  return outcome.documents.characters(result.index, best.begin, best.end);
}

void print_table(Output& out, const Outcome& outcome, ScoreKind kind) {
  const Terminal terminal = standard_output();
  Table table({{"rank", true, 0},
               {"score", true, 0, "1"},
               {"", false, 0, "36"},
               {outcome.request.urls ? "url" : "document", false, outcome.request.urls ? 48U : 24U},
               {"text"}});
  std::size_t rank = 0;
  for (const RankedDocument& result : outcome.shown) {
    const double score = result.relevance_score;
    const double share = kind == ScoreKind::relevance ? score : 1 / (1 + std::exp(-score));
    table.add_row({std::to_string(++rank), fmt::format("{:.4f}", score), bar(share),
                   name_of(outcome, result), fit(excerpt(outcome, result), terminal.width)});
  }
  const Ranking& ranking = outcome.ranking;
  out << table.render(terminal) << "\n"
      << styled(terminal, "2",
                fmt::format("{} documents, {} tokens in {:.0f} ms (load {:.0f} ms) with {}",
                            ranking.results.size(), ranking.usage.total_tokens,
                            ranking.timings.total_ms, outcome.load_ms, outcome.model.name))
      << "\n";
}

// Nothing is cut silently, whether or not it is among the results shown.
void warn_of_cuts(const Ranking& ranking) {
  constexpr std::size_t kListed = 10;
  std::vector<std::size_t> cut;
  for (const RankedDocument& result : ranking.results) {
    if (result.truncated) cut.push_back(result.index);
  }
  if (cut.empty()) return;
  std::ranges::sort(cut);
  const bool more = cut.size() > kListed;
  fmt::print(
      stderr, "podium: {} of {} documents, or the query beside them, {} cut to fit (index {}{})\n",
      cut.size(), ranking.results.size(), cut.size() == 1 ? "was" : "were",
      fmt::join(std::span(cut).first(std::min(cut.size(), kListed)), ", "), more ? ", …" : "");
}

}  // namespace

Result<int> run_rank(const Command& self, std::span<const char* const> arguments) {
  return rank_documents(self, arguments, {});
}

Result<int> rank_documents(const Command& self, std::span<const char* const> arguments,
                           const RankCommand& kind) {
  Request request;
  request.read.format = kind.format;
  PODIUM_TRY(const bool go_on, read_request(self, arguments, kind, request));
  if (!go_on) return 0;
  PODIUM_TRY(const Input input, Input::open(request.file));
  const auto forget = [&] { input.forget(); };
  PODIUM_TRY(const Documents documents,
             parse_documents(input.text(), input.name(), request.read, forget));
  const auto start = std::chrono::steady_clock::now();
  PODIUM_TRY(const Engine engine, Engine::load(request.engine));
  const double load_ms = milliseconds_since(start);
  warn_of_fallback(engine.info());

  Ranking ranking;
  {
    Progress progress("ranking");
    request.rank.progress = [&](std::size_t done, std::size_t) {
      progress.update(done, documents.size());
    };
    // All results, not top_n: a document that was cut is reported even if it is not printed.
    request.rank.passage_documents = request.rank.exact_top = request.top_n;
    if (request.timeout_ms > 0) {
      request.rank.deadline =
          std::chrono::steady_clock::now() + std::chrono::milliseconds(request.timeout_ms);
    }
    DocumentReader reader(documents, forget);
    PODIUM_TRY(ranking, engine.rank(request.query, reader, request.rank));
  }
  const ModelInfo& model = engine.info();
  warn_of_cuts(ranking);

  const std::size_t total = ranking.results.size();
  const Outcome outcome{
      request,
      input,
      documents,
      model,
      ranking,
      std::span(ranking.results).first(request.top_n == 0 ? total : std::min(request.top_n, total)),
      load_ms};
  Output out;
  switch (request.format) {
    case Format::table: print_table(out, outcome, request.rank.score); break;
    case Format::json: print_json(out, outcome); break;
    case Format::jsonl:
      for (const RankedDocument& result : outcome.shown) {
        out << result_json(outcome, result) << "\n";
      }
  }
  return out.finish();
}

}  // namespace podium::cli

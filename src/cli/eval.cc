// podium eval: how well a model ranks sets with known answers.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <limits>
#include <optional>
#include <span>
#include <system_error>

#include "cli/command.h"
#include "cli/facts.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/table.h"
#include "eval/bm25.h"
#include "eval/dataset.h"
#include "eval/evaluate.h"
#include "eval/report.h"
#include "eval/trec.h"
#include "podium/engine.h"

namespace podium::cli {

namespace {

namespace fs = std::filesystem;

enum class ScorerKind { model, bm25 };

// Documents of a set's queries are encoded once: what they take together on the larger sets.
constexpr std::size_t kDocumentCache = std::size_t{1} << 30U;

struct Depth {
  Effort effort;
  const char* name;
};
// The deepest first: the others find what it kept.
constexpr std::array kDepths{Depth{Effort::full, "full"}, Depth{Effort::turbo, "turbo"},
                             Depth{Effort::tiny, "tiny"}, Depth{Effort::automatic, "auto"}};
using Depths = std::span<const Depth>;

struct Request {
  std::string data;
  std::string candidates;
  std::string groups;
  std::string run;
  std::string json;
  ScorerKind scorer = ScorerKind::model;
  eval::SampleSize size;
  bool resume = false;
  Depths depths = Depths(kDepths).first(1);
  std::size_t exact_top = 10;
  EngineOptions engine{.document_cache_bytes = kDocumentCache};
};

constexpr const char* kNotes =
    "DIR holds queries.jsonl, corpus.jsonl, qrels.tsv and candidates.jsonl, each\n"
    "plain or .gz, or is a directory of such directories. A document is its title, a\n"
    "line feed and its text. Queries without a relevant document are left out.\n"
    "Metrics are those of trec_eval: nDCG with the grade as gain, ideal and recall\n"
    "over all judged documents, equal scores by document id, the greatest first.\n"
    "Intervals are 95 % bootstrap intervals over queries. A group's numbers are the\n"
    "means of its sets' numbers. Work is the share of the model's layers that the\n"
    "tokens were read to.\n";

Result<bool> read_request(const Command& self, std::span<const char* const> arguments,
                          Request& request) {
  Options options(self, kNotes, "podium eval --data examples/questions");
  options.add_option("--data", request.data, "a set, or a directory of sets")
      ->type_name("DIR")
      ->required();
  options.choice("--scorer", request.scorer,
                 {{"model", ScorerKind::model}, {"bm25", ScorerKind::bm25}},
                 "what ranks; bm25 needs\nno model (default: model)");
  options
      .add_option("--candidates", request.candidates,
                  "what to rank for each query, instead of\nDIR's candidates.jsonl")
      ->type_name("FILE");
  options.number<std::size_t>("--queries", request.size.queries, 1,
                              "a sample of N queries of each set (default: all)");
  options.number<std::size_t>("--depth", request.size.depth, 1,
                              "a sample of N candidates a query; relevant\n"
                              "ones always stay (default: all)");
  options.number<std::uint64_t>("--seed", request.size.seed, 0,
                                "of samples and intervals (default: 1)");
  options
      .add_option("--groups", request.groups,
                  "{\"GROUP\": [\"SET\", …]}: report these means\n"
                  "too (default: DIR's groups.json, if any)")
      ->type_name("FILE");
  options
      .add_option("--run", request.run,
                  "write SET.run and SET.qrels there, for trec_eval\nand ir-measures")
      ->type_name("DIR");
  options.add_option("--json", request.json, "write all numbers there")->type_name("FILE");
  options.add_flag("--resume", request.resume,
                   "go on with the sets that FILE of --json\ndoes not hold yet");
  const Depths all = kDepths;
  options.choice("--effort", request.depths,
                 {{"full", all.subspan(0, 1)},
                  {"turbo", all.subspan(1, 1)},
                  {"tiny", all.subspan(2, 1)},
                  {"auto", all.subspan(3, 1)},
                  {"each", all}},
                 "how deep a model\nwith several depths reads; each: one after\nthe other "
                 "(default: full)");
  options.number<std::size_t>("--top-n", request.exact_top, 1,
                              "what auto reads in full (default: 10)");
  options.engine(request.engine);
  return options.read(arguments);
}

Result<void> write_file(const fs::path& path, std::string_view text) {
  std::error_code ignored;
  fs::create_directories(path.parent_path(), ignored);
  errno = 0;
  std::ofstream file(path, std::ios::binary);
  file << text << std::flush;
  if (file) return {};
  return fail(ErrorCode::io,
              fmt::format("cannot write {}: {}", path.string(), std::strerror(errno)));
}

Result<std::vector<eval::Group>> read_groups(const Request& request) {
  if (!request.groups.empty()) return eval::read_groups(request.groups);
  const fs::path own = fs::path(request.data) / "groups.json";
  std::error_code ignored;
  if (fs::exists(own, ignored)) return eval::read_groups(own);
  return std::vector<eval::Group>();
}

// Logits, which keep apart what the sigmoid would round to 1; documents that were settled early
// below all others, in their order.
eval::Scorer model_scorer(const Engine& engine, const RankOptions& options,
                          const eval::Dataset& set, eval::SetResult& result, double& tokens) {
  return [&, options](const eval::Query& query) -> Result<std::vector<double>> {
    std::vector<std::string_view> texts;
    texts.reserve(query.candidates.size());
    for (const std::uint32_t candidate : query.candidates) {
      texts.push_back(set.documents[candidate].text);
    }
    PODIUM_TRY(const Ranking ranking, engine.rank(query.text, texts, options));
    std::vector<double> scores(texts.size());
    double above = std::numeric_limits<double>::infinity();
    for (const RankedDocument& document : ranking.results) {  // best first
      double& score = scores[document.index];
      score = document.relevance_score;
      if (score > above) score = std::nextafter(above, -std::numeric_limits<double>::infinity());
      above = score;
      if (document.truncated) ++result.truncated;
    }
    const auto read = static_cast<double>(ranking.usage.total_tokens);
    tokens += read;
    result.work += (ranking.usage.work - result.work) * read / std::max(tokens, 1.0);
    return scores;
  };
}

eval::Scorer bm25_scorer(const eval::Dataset& set) {
  return [bm25 = eval::Bm25(set.documents)](const eval::Query& query) {
    return Result<std::vector<double>>(bm25.score(query.text, query.candidates));
  };
}

// What there is of one depth.
struct Column {
  std::string effort;
  RankOptions rank;
  std::vector<eval::SetResult> sets;
  bool has(const std::string& name) const {
    return std::ranges::find(sets, name, &eval::SetResult::name) != sets.end();
  }
};

// Ranks one set, already sampled; `engine` is null for BM25.
Result<eval::SetResult> evaluate_set(const Request& request, const eval::Dataset& set,
                                     const Engine* engine, const Column& column,
                                     std::string_view tag) {
  eval::SetResult result{
      set.name, set.left_out, set.documents.size(), eval::count_candidates(set), 0, {}};
  double tokens = 0;
  const eval::Scorer scorer = engine == nullptr
                                  ? bm25_scorer(set)
                                  : model_scorer(*engine, column.rank, set, result, tokens);
  Progress progress(column.effort.empty() ? set.name : set.name + " " + column.effort);
  PODIUM_TRY(eval::Evaluation evaluation,
             eval::evaluate(set, scorer, [&](std::size_t done, std::size_t total) {
               progress.update(done, total);
             }));
  if (!request.run.empty()) {
    const fs::path run = fs::path(request.run) / set.name;
    const std::string depth = request.depths.size() > 1 ? "." + column.effort : "";
    PODIUM_CHECK(write_file(run.string() + depth + ".run", eval::run_text(set, evaluation, tag)));
    PODIUM_CHECK(write_file(run.string() + ".qrels", eval::qrels_text(set)));
  }
  result.metrics = std::move(evaluation.metrics);
  return result;
}

std::vector<std::string> cells(std::string name, std::string queries, std::string candidates,
                               const eval::Means& means) {
  std::vector<std::string> row{std::move(name), std::move(queries), std::move(candidates)};
  for (const eval::Interval& interval : means) {
    row.push_back(
        fmt::format("{:.3f} [{:.3f} {:.3f}]", interval.mean, interval.low, interval.high));
  }
  return row;
}

// What ranked, and how much of the model it took.
std::string label(const eval::Report& report) {
  if (report.effort.empty()) return report.scorer;
  double work = 0;
  for (const eval::SetResult& set : report.sets) work += set.work;
  return fmt::format("{}, {} effort ({:.0f} % of the work)", report.scorer, report.effort,
                     100 * work / static_cast<double>(report.sets.size()));
}

void print_table(Output& out, const eval::Report& report) {
  std::vector<Table::Column> columns{{"set"}, {"queries", true}, {"candidates", true}};
  for (const std::string_view metric : eval::kMetricNames) columns.push_back({metric});
  Table table(columns);
  std::size_t truncated = 0;
  std::size_t candidates = 0;
  for (std::size_t i = 0; i < report.sets.size(); ++i) {
    const eval::SetResult& set = report.sets[i];
    table.add_row(cells(set.name, std::to_string(set.metrics.size()),
                        std::to_string(set.candidates), report.set_means[i]));
    truncated += set.truncated;
    candidates += set.candidates;
  }
  for (const eval::GroupResult& group : report.groups) {
    table.add_row(cells(fmt::format("mean of {}", group.name), "", "", group.means));
  }
  if (report.all) table.add_row(cells("mean of groups", "", "", *report.all));
  Terminal terminal = standard_output();
  terminal.width = 0;  // numbers are not cut
  out << table.render(terminal) << "\n"
      << styled(terminal, "2",
                fmt::format("{}, seed {}; {} of {} candidates were longer than the model reads",
                            label(report), report.size.seed, truncated, candidates))
      << "\n";
}

// The depths to measure, with what an earlier run left of them.
Result<std::vector<Column>> open_columns(const Request& request, const Engine* engine,
                                         const std::string& name) {
  std::vector<Column> columns;
  const bool has_depths = engine != nullptr && engine->info().has_depths;
  if (!has_depths && request.depths.size() > 1) {
    return fail(ErrorCode::unsupported, fmt::format("{} has one depth alone", name),
                "Leave the effort out.");
  }
  for (const Depth& depth : request.depths) {
    columns.push_back({has_depths ? depth.name : "",
                       {.score = ScoreKind::logit,
                        .effort = depth.effort,
                        .exact_top = depth.effort == Effort::automatic ? request.exact_top : 0},
                       {}});
  }
  if (!request.resume) return columns;
  std::ifstream file(request.json, std::ios::binary);
  for (std::string line; std::getline(file, line);) {
    for (Column& column : columns) {
      auto sets = eval::read_sets(line, name, column.effort, request.size);
      if (!sets.empty()) column.sets = std::move(sets);
    }
  }
  return columns;
}

// A line of JSON for each depth.
Result<std::vector<eval::Report>> write_reports(const Request& request,
                                                std::span<const Column> columns,
                                                const std::string& name,
                                                std::span<const eval::Group> groups) {
  std::vector<eval::Report> reports;
  std::string text;
  for (const Column& column : columns) {
    reports.push_back(eval::summarise(name, column.effort, request.size, column.sets, groups));
    text += eval::report_json(reports.back());
  }
  if (!request.json.empty()) PODIUM_CHECK(write_file(request.json, text));
  return reports;
}

}  // namespace

Result<int> run_eval(const Command& self, std::span<const char* const> arguments) {
  Request request;
  PODIUM_TRY(const bool go_on, read_request(self, arguments, request));
  if (!go_on) return 0;
  PODIUM_TRY(const std::vector<fs::path> directories, eval::find_sets(request.data));
  if (directories.size() > 1 && !request.candidates.empty()) {
    return fail(ErrorCode::invalid_argument,
                fmt::format("--candidates is for one set, and {} holds {}", request.data,
                            directories.size()));
  }
  PODIUM_TRY(const std::vector<eval::Group> groups, read_groups(request));
  std::optional<Engine> engine;
  if (request.scorer == ScorerKind::model) {
    PODIUM_TRY(engine, Engine::load(request.engine));
    warn_of_fallback(engine->info());
  }
  const std::string name = engine ? engine->info().name : "bm25";
  PODIUM_TRY(std::vector<Column> columns, open_columns(request, engine ? &*engine : nullptr, name));
  std::vector<eval::Report> reports;
  for (const fs::path& directory : directories) {
    PODIUM_TRY(eval::Dataset set, eval::read_dataset(directory, request.candidates));
    eval::sample(set, request.size);
    for (Column& column : columns) {
      if (column.has(set.name)) continue;
      PODIUM_TRY(auto result,
                 evaluate_set(request, set, engine ? &*engine : nullptr, column, name));
      column.sets.push_back(std::move(result));
    }
    PODIUM_TRY(reports, write_reports(request, columns, name, groups));
  }
  if (reports.empty()) {
    PODIUM_TRY(reports, write_reports(request, columns, name, groups));
  }
  Output out;
  for (const eval::Report& report : reports) print_table(out, report);
  return out.finish();
}

}  // namespace podium::cli

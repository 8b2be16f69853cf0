#include "eval/dataset.h"

#include <algorithm>
#include <charconv>
#include <numeric>
#include <system_error>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "eval/gzip.h"
#include "eval/jsonl.h"

namespace podium::eval {

namespace {

namespace fs = std::filesystem;

using Positions = std::unordered_map<std::string_view, std::uint32_t>;

constexpr std::size_t kMostPairs = 100'000'000;  // of queries and documents, without candidates

Result<fs::path> need(const fs::path& directory, const char* name) {
  if (auto found = find_plain_or_gzip(directory / name)) return *std::move(found);
  return fail(ErrorCode::not_found, fmt::format("{} has no {}", directory.string(), name),
              "A set is a directory of queries.jsonl, corpus.jsonl, qrels.tsv and "
              "candidates.jsonl, each plain or .gz.");
}

// `items` by id. Their strings must stay where they are.
template <class Item>
Positions positions_of(const std::vector<Item>& items) {
  Positions positions;
  for (const Item& item : items) {
    positions.emplace(item.id, static_cast<std::uint32_t>(positions.size()));
  }
  return positions;
}

// Reads rows into items of an id and a text; no id may come twice.
template <class Item>
Result<std::vector<Item>> read_items(const fs::path& file, bool with_title) {
  std::vector<Item> items;
  std::unordered_set<std::string> seen;
  PODIUM_CHECK(read_jsonl(file, [&](const Row& row) -> Result<void> {
    PODIUM_TRY(const std::string_view id, row.id());
    PODIUM_TRY(const std::string_view text, row.text("text"));
    if (!seen.emplace(id).second) return row.malformed(fmt::format("id {} came before", id));
    Item item;
    item.id = id;
    const auto title = with_title ? row.value.find("title") : std::nullopt;
    if (title) item.text = title->as_string().value_or("");
    if (!item.text.empty()) item.text += '\n';
    item.text += text;
    items.push_back(std::move(item));
    return {};
  }));
  return items;
}

struct Fields {
  std::string_view query;
  std::string_view document;
  std::string_view grade;
};

std::optional<Fields> split(std::string_view line) {
  const std::size_t first = line.find('\t');
  const std::size_t second = first == line.npos ? line.npos : line.find('\t', first + 1);
  if (second == line.npos) return std::nullopt;
  return Fields{line.substr(0, first), line.substr(first + 1, second - first - 1),
                line.substr(second + 1)};
}

std::optional<int> whole_number(std::string_view text) {
  int number = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || stop != end) return std::nullopt;
  return number;
}

Result<void> read_judgments(const fs::path& file, std::vector<Query>& queries) {
  PODIUM_TRY(const std::string text, read_plain_or_gzip(file));
  const Positions position = positions_of(queries);
  std::unordered_set<std::string> seen;
  for (const Line& line : lines_of(text)) {
    const auto fields = split(line.text);
    if (!fields) return malformed_line(file, line.number, "there are not three columns and tabs");
    const auto grade = whole_number(fields->grade);
    if (!grade && line.number == 1) continue;
    if (!grade) {
      return malformed_line(file, line.number,
                            fmt::format("the grade '{}' is no whole number", fields->grade));
    }
    const auto query = position.find(fields->query);
    if (query == position.end()) {
      return malformed_line(file, line.number, fmt::format("there is no query {}", fields->query));
    }
    if (!seen.emplace(fmt::format("{}\t{}", fields->query, fields->document)).second) {
      return malformed_line(file, line.number, "this pair was judged before");
    }
    queries[query->second].judgments.push_back({std::string(fields->document), *grade});
  }
  return {};
}

bool has_relevant(const Query& query) {
  return std::ranges::any_of(query.judgments, [](const Judgment& j) { return j.grade > 0; });
}

Result<std::vector<std::uint32_t>> read_list(const Row& row, const Positions& documents) {
  const auto list = row.value.find("candidates");
  if (!list || !list->is_array()) return row.malformed("there is no array \"candidates\"");
  std::vector<std::uint32_t> candidates;
  std::unordered_set<std::uint32_t> seen;
  std::string wrong;
  list->for_each_element([&](json::Value element) {
    const auto id = element.as_string();
    const auto found = id ? documents.find(*id) : documents.end();
    if (!id) {
      wrong = "a candidate is no string";
    } else if (found == documents.end()) {
      wrong = fmt::format("candidate {} is not in the corpus", *id);
    } else if (!seen.insert(found->second).second) {
      wrong = fmt::format("candidate {} came before", *id);
    } else {
      candidates.push_back(found->second);
    }
    return wrong.empty();
  });
  if (!wrong.empty()) return row.malformed(wrong);
  return candidates;
}

Result<void> read_candidates(const fs::path& file, Dataset& set) {
  const Positions queries = positions_of(set.queries);
  const Positions documents = positions_of(set.documents);
  std::unordered_set<std::string> seen;
  PODIUM_CHECK(read_jsonl(file, [&](const Row& row) -> Result<void> {
    PODIUM_TRY(const std::string_view id, row.id());
    if (!seen.emplace(id).second) return row.malformed(fmt::format("query {} came before", id));
    const auto query = queries.find(id);
    if (query == queries.end()) return {};  // one that was left out
    PODIUM_TRY(set.queries[query->second].candidates, read_list(row, documents));
    return {};
  }));
  for (const Query& query : set.queries) {
    if (seen.contains(query.id)) continue;
    return fail(ErrorCode::malformed,
                fmt::format("{} has no line for query {}", file.string(), query.id),
                "If nothing was found for a query, its list is empty: [].");
  }
  return {};
}

Result<void> take_all_as_candidates(Dataset& set) {
  if (set.queries.size() * set.documents.size() > kMostPairs) {
    return fail(
        ErrorCode::invalid_argument,
        fmt::format("{} has no candidates.jsonl and too many documents to rank them all", set.name),
        "--candidates FILE names what to rank for each query.");
  }
  for (Query& query : set.queries) {
    query.candidates.resize(set.documents.size());
    std::iota(query.candidates.begin(), query.candidates.end(), std::uint32_t{0});
  }
  return {};
}

std::string name_of(const fs::path& directory) {
  const fs::path full = fs::absolute(directory).lexically_normal();
  return (full.has_filename() ? full : full.parent_path()).filename().string();
}

}  // namespace

Result<std::vector<fs::path>> find_sets(const fs::path& directory) {
  if (find_plain_or_gzip(directory / "queries.jsonl")) return std::vector{directory};
  std::vector<fs::path> sets;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(directory, error)) {
    if (find_plain_or_gzip(entry.path() / "queries.jsonl")) sets.push_back(entry.path());
  }
  if (error) {
    return fail(ErrorCode::not_found,
                fmt::format("cannot read {}: {}", directory.string(), error.message()));
  }
  if (sets.empty()) PODIUM_CHECK(need(directory, "queries.jsonl"));
  std::ranges::sort(sets);
  return sets;
}

Result<Dataset> read_dataset(const fs::path& directory, const fs::path& candidates) {
  Dataset set;
  set.name = name_of(directory);
  PODIUM_TRY(const fs::path queries, need(directory, "queries.jsonl"));
  PODIUM_TRY(const fs::path corpus, need(directory, "corpus.jsonl"));
  PODIUM_TRY(const fs::path qrels, need(directory, "qrels.tsv"));
  PODIUM_TRY(set.queries, read_items<Query>(queries, false));
  PODIUM_TRY(set.documents, read_items<Document>(corpus, true));
  PODIUM_CHECK(read_judgments(qrels, set.queries));
  set.left_out = std::erase_if(set.queries, [](const Query& q) { return !has_relevant(q); });
  if (set.queries.empty()) {
    return fail(ErrorCode::malformed,
                fmt::format("{} finds no query a relevant document", qrels.string()));
  }
  const auto own = find_plain_or_gzip(directory / "candidates.jsonl");
  if (!candidates.empty()) {
    PODIUM_CHECK(read_candidates(candidates, set));
  } else if (own) {
    PODIUM_CHECK(read_candidates(*own, set));
  } else {
    PODIUM_CHECK(take_all_as_candidates(set));
  }
  return set;
}

}  // namespace podium::eval

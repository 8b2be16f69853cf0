// A BEIR-style directory in memory. Each file may be plain or gzip (NAME or NAME.gz):
//   queries.jsonl     {"id" or "_id", "text"}
//   corpus.jsonl      {"id" or "_id", "text", "title" optional}
//   qrels.tsv         query id, document id, whole-number grade; one header line may come first
//   candidates.jsonl  {"id", "candidates": [document id, …]}: what is ranked for that query
// Other members and columns' names are ignored, blank lines skipped.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/error.h"

namespace podium::eval {

struct Document {
  std::string id;
  std::string text;  // the title, if there is one that is not empty, a line feed and the text
};

struct Judgment {
  std::string document;  // an id; the corpus need not have it
  int grade = 0;         // relevant from 1 on
};

struct Query {
  std::string id;
  std::string text;
  std::vector<Judgment> judgments;        // in the order of qrels.tsv
  std::vector<std::uint32_t> candidates;  // positions in Dataset::documents
};

struct Dataset {
  std::string name;            // the directory's own
  std::vector<Query> queries;  // those with a relevant document, in the order of queries.jsonl
  std::size_t left_out = 0;    // queries without one: no ranking of them is better than another
  std::vector<Document> documents;
};

// `directory` if it holds queries, else its subdirectories that do, by name; at least one.
Result<std::vector<std::filesystem::path>> find_sets(const std::filesystem::path& directory);

// Reads a set. `candidates` replaces the directory's own file unless it is empty; with neither,
// every document is a candidate of every query. Errors name file and line: an id given twice, a
// judgment of an unknown query, a candidate that is no document, a query without candidates' line.
Result<Dataset> read_dataset(const std::filesystem::path& directory,
                             const std::filesystem::path& candidates = {});

}  // namespace podium::eval

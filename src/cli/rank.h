// What podium rank, tools and schema share: one query, one file, an order.
#pragma once

#include "cli/command.h"
#include "documents/documents.h"

namespace podium::cli {

struct RankCommand {
  const char* query = "-q,--query";
  const char* query_help = "what the documents are judged by";
  documents::InputFormat format = documents::InputFormat::automatic;
  const char* notes =
      "Documents are plain lines, JSONL or one JSON array. A JSON document is a string\n"
      "or an object with a \"text\" string, and comes back whole. Input that opens with\n"
      "[\" or [{ is an array, with {\" JSONL, and so is input whose first line is a JSON\n"
      "string. Anything else is plain lines; blank ones are skipped. In other files a\n"
      "row (.csv, .tsv), block (.yaml), function (.py, .cc, .js and other code) or\n"
      "table (.sql, SQLite) is a document. Equal scores keep the order of the input.\n"
      "With --urls the documents are search results: objects with a \"url\" and a\n"
      "\"title\", a \"snippet\" or both, judged by title and snippet.\n";
  const char* example = "podium rank --query \"how to clean a cast iron pan\" examples/kitchen.txt";
};

Result<int> rank_documents(const Command& self, std::span<const char* const> arguments,
                           const RankCommand& kind);

}  // namespace podium::cli

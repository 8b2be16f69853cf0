// podium schema: which tables of a database a question is about.
#include "cli/command.h"
#include "cli/rank.h"

namespace podium::cli {

Result<int> run_schema(const Command& self, std::span<const char* const> arguments) {
  return rank_documents(
      self, arguments,
      {.query = "--for",
       .query_help = "the question the tables are judged by",
       .format = documents::InputFormat::sql,
       .notes = "FILE is a file of SQLite, which is opened for reading only, or SQL with CREATE\n"
                "TABLE and CREATE VIEW statements. ALTER TABLE and COMMENT ON go with their\n"
                "table.\n",
       .example = "podium schema --for \"orders of last month by customer\" examples/shop.sql"});
}

}  // namespace podium::cli

// The tables and views of an SQLite file as the statements that created them. The file is opened
// for reading only, and what it contains is not trusted.
#include <sqlite3.h>

#include <memory>

#include "base/utf8.h"
#include "documents/format.h"

namespace podium::documents {

namespace {

constexpr const char* kSchema =
    "SELECT sql FROM sqlite_schema WHERE type IN ('table', 'view') AND sql IS NOT NULL "
    "AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' "
    "AND name NOT IN (SELECT name FROM pragma_table_list WHERE type = 'shadow') ORDER BY rowid";

struct Close {
  void operator()(sqlite3* database) const { sqlite3_close_v2(database); }
};
struct Finalize {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};

}  // namespace

Result<void> read_sqlite(const Source& source, Documents& documents) {
  sqlite3* opened = nullptr;
  const std::string path(source.name);
  int code = sqlite3_open_v2(path.c_str(), &opened, SQLITE_OPEN_READONLY, nullptr);
  const std::unique_ptr<sqlite3, Close> database(opened);
  const auto failed = [&] {
    return fail(
        ErrorCode::malformed,
        fmt::format("cannot read the schema of {}: {}", source.name, sqlite3_errmsg(opened)),
        "Name a file of SQLite, or a file of CREATE TABLE statements.");
  };
  if (code != SQLITE_OK) return failed();
  sqlite3_db_config(opened, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(opened, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  sqlite3_stmt* prepared = nullptr;
  code = sqlite3_prepare_v2(opened, kSchema, -1, &prepared, nullptr);
  const std::unique_ptr<sqlite3_stmt, Finalize> statement(prepared);
  if (code != SQLITE_OK) return failed();
  std::string& schema = documents.owned.emplace_back();
  while ((code = sqlite3_step(prepared)) == SQLITE_ROW) {
    const auto* text = static_cast<const char*>(sqlite3_column_blob(prepared, 0));
    schema.append(text, static_cast<std::size_t>(sqlite3_column_bytes(prepared, 0))).append(";\n");
  }
  if (code != SQLITE_DONE) return failed();
  if (!utf8::is_valid(schema)) {
    return fail(ErrorCode::malformed,
                fmt::format("the schema of {} is not valid UTF-8", source.name));
  }
  return read_sql({schema, source.name, source.options, source.strides}, documents);
}

}  // namespace podium::documents

#include "server/auth/sqlite.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace podium::server {

namespace {

constexpr int kBusyMilliseconds = 5000;

tl::unexpected<Error> sql_error(sqlite3* connection) {
  const char* file = sqlite3_db_filename(connection, nullptr);
  const std::string name = file == nullptr ? "the key file" : file;
  const std::string why = sqlite3_errmsg(connection);
  switch (sqlite3_errcode(connection)) {
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
      return fail(ErrorCode::malformed, fmt::format("{} is not a key file: {}", name, why),
                  "Restore it from a backup, or name another file.");
    case SQLITE_BUSY:
      return fail(ErrorCode::io, fmt::format("{} is locked by another process", name),
                  "Find out which process holds it open for writing.");
    default: return fail(ErrorCode::io, fmt::format("{}: {}", name, why));
  }
}

// The file exists afterwards and nobody but its owner may read it. SQLite gives the log beside it
// the same permissions.
Result<void> make_private(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR);
  const bool opened = file >= 0;
  const bool done = opened && ::fchmod(file, S_IRUSR | S_IWUSR) == 0;
  const int error = errno;
  if (opened) ::close(file);
  if (done) return {};
  return fail(ErrorCode::io, fmt::format("cannot open {}: {}", path, std::strerror(error)),
              "The folder must exist and be writable; --file names another key file.");
}

}  // namespace

void Statement::Finalize::operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
void Database::Close::operator()(sqlite3* connection) const { sqlite3_close_v2(connection); }

Result<void> Statement::start(std::initializer_list<SqlValue> values) {
  sqlite3_stmt* statement = statement_.get();
  sqlite3_reset(statement);
  int at = 0;
  for (const SqlValue& value : values) {
    int code = SQLITE_OK;
    ++at;
    if (const auto* number = std::get_if<std::int64_t>(&value)) {
      code = sqlite3_bind_int64(statement, at, *number);
    } else if (const auto* text = std::get_if<std::string_view>(&value)) {
      code = sqlite3_bind_text64(statement, at, text->data(), text->size(), SQLITE_TRANSIENT,
                                 SQLITE_UTF8);
    } else if (const auto* blob = std::get_if<SqlBlob>(&value)) {
      code = sqlite3_bind_blob64(statement, at, blob->data(), blob->size(), SQLITE_TRANSIENT);
    } else {
      code = sqlite3_bind_null(statement, at);
    }
    if (code != SQLITE_OK) return sql_error(sqlite3_db_handle(statement));
  }
  return {};
}

Result<bool> Statement::next() {
  const int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) {
    sqlite3_reset(statement_.get());  // ends the read transaction
    return false;
  }
  auto error = sql_error(sqlite3_db_handle(statement_.get()));
  sqlite3_reset(statement_.get());
  return error;
}

Result<void> Statement::run(std::initializer_list<SqlValue> values) {
  PODIUM_CHECK(start(values));
  for (bool more = true; more;) {
    PODIUM_TRY(more, next());
  }
  return {};
}

bool Statement::is_null(int column) const {
  return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL;
}

std::int64_t Statement::integer(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

std::string Statement::text(int column) const {
  const SqlBlob bytes = blob(column);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

SqlBlob Statement::blob(int column) const {
  const auto* data =
      static_cast<const unsigned char*>(sqlite3_column_blob(statement_.get(), column));
  return {data, data + sqlite3_column_bytes(statement_.get(), column)};
}

Result<Database> Database::open(const std::string& path, bool durable) {
  PODIUM_CHECK(make_private(path));
  sqlite3* connection = nullptr;
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  const int code = sqlite3_open_v2(path.c_str(), &connection, flags, nullptr);
  Database database;
  database.connection_.reset(connection);
  if (code != SQLITE_OK) return sql_error(connection);
  sqlite3_extended_result_codes(connection, 0);
  sqlite3_busy_timeout(connection, kBusyMilliseconds);
  PODIUM_CHECK(database.run("PRAGMA journal_mode = WAL; PRAGMA foreign_keys = ON;"));
  PODIUM_CHECK(database.run(durable ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL"));
  return database;
}

Result<Statement> Database::prepare(std::string_view sql) const {
  sqlite3_stmt* raw = nullptr;
  const int code = sqlite3_prepare_v3(connection_.get(), sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &raw, nullptr);
  if (code != SQLITE_OK) return sql_error(connection_.get());
  Statement statement;
  statement.statement_.reset(raw);
  return statement;
}

Result<void> Database::run(const std::string& sql) const {
  const int code = sqlite3_exec(connection_.get(), sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return sql_error(connection_.get());
  return {};
}

}  // namespace podium::server

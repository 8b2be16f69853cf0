// The SQLite door: a database file and its statements, with errors as values.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "base/error.h"

struct sqlite3;
struct sqlite3_stmt;

namespace podium::server {

using SqlBlob = std::span<const unsigned char>;
using SqlValue = std::variant<std::nullptr_t, std::int64_t, std::string_view, SqlBlob>;

// A prepared statement: start() binds the values of its ?1, ?2, … and next() moves to each row.
class Statement {
 public:
  Result<void> start(std::initializer_list<SqlValue> values = {});
  Result<bool> next();  // false: no more rows
  // start() and all rows, for statements whose rows do not matter.
  Result<void> run(std::initializer_list<SqlValue> values = {});

  // Columns of the row, counted from 0; views live until the next call of next() or start().
  bool is_null(int column) const;
  std::int64_t integer(int column) const;
  std::string text(int column) const;
  SqlBlob blob(int column) const;

 private:
  friend class Database;
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

// One connection. Use it from one thread at a time.
class Database {
 public:
  // Opens or creates the file, readable and writable by its owner only, with a write-ahead log:
  // readers never wait, and what is committed survives the death of the process. `durable`: it
  // survives a power cut too, at the price of one disk flush a commit.
  static Result<Database> open(const std::string& path, bool durable);

  Result<Statement> prepare(std::string_view sql) const;
  Result<void> run(const std::string& sql) const;  // one or more statements without values

  // Runs f() as one transaction: all of it is committed, or none where it returns an error.
  template <class F>
  Result<void> transaction(F&& f) const {
    PODIUM_CHECK(run("BEGIN IMMEDIATE"));
    Result<void> done = f();
    if (done) done = run("COMMIT");
    if (!done) static_cast<void>(run("ROLLBACK"));
    return done;
  }

 private:
  struct Close {
    void operator()(sqlite3* connection) const;
  };
  std::unique_ptr<sqlite3, Close> connection_;
};

}  // namespace podium::server

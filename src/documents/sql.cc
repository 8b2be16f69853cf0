// A schema: each CREATE TABLE or CREATE VIEW is a document, with the ALTER TABLE and COMMENT ON
// statements about it. Other statements are passed over. The dialects of PostgreSQL, MySQL, SQLite
// and SQL Server are split alike.
#include <algorithm>
#include <utility>

#include "documents/format.h"

namespace podium::documents {

namespace {

constexpr auto npos = std::string_view::npos;

char upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}

// Behind the comment, string or quoted name at `at`; `at` itself if there is none.
std::size_t skip_quoted(std::string_view text, std::size_t at) {
  const std::string_view rest = text.substr(at);
  const auto behind = [&](std::string_view close, std::size_t from) {
    const std::size_t end = text.find(close, from);
    return end == npos ? text.size() : end + close.size();
  };
  if (rest.starts_with("--")) return std::min(text.find('\n', at), text.size());
  if (rest.starts_with("/*")) return behind("*/", at + 2);
  const char c = rest[0];
  if (c == '\'' || c == '"' || c == '`') return behind(std::string_view(&rest[0], 1), at + 1);
  if (c == '[') return behind("]", at + 1);
  if (c == '$') {  // $tag$ … $tag$
    std::size_t end = 1;
    while (end < rest.size() && is_word(rest[end])) ++end;
    if (end < rest.size() && rest[end] == '$') return behind(rest.substr(0, end + 1), at + end + 1);
  }
  return at;
}

// Words and quoted names of a statement, one after the other.
class Words {
 public:
  explicit Words(std::string_view statement) : text_(statement) {}

  // The next word, with its parts ("public"."users"); empty where something else stands.
  std::string_view next() {
    for (std::size_t end = at_; at_ < text_.size(); at_ = end) {
      const char c = text_[at_];
      const bool name = c == '"' || c == '`' || c == '[';
      end = name ? at_ : skip_quoted(text_, at_);
      if (end == at_ && !name && std::string_view(" \t\r\n").find(c) != npos) ++end;
      if (end == at_) break;
    }
    const std::size_t begin = at_;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      const bool name =
          c == '"' || c == '`' || (c == '[' && (at_ == begin || text_[at_ - 1] == '.'));
      if (!name && !is_word(c) && c != '.') break;
      at_ = name ? skip_quoted(text_, at_) : at_ + 1;
    }
    return text_.substr(begin, at_ - begin);
  }

  // The next word in capitals.
  std::string next_keyword() {
    std::string word(next());
    std::ranges::transform(word, word.begin(), upper);
    return word;
  }

 private:
  std::string_view text_;
  std::size_t at_ = 0;
};

std::string without_quotes(std::string_view name) {
  std::string out(name);
  std::erase_if(out, [](char c) { return std::string_view("\"`[]").find(c) != npos; });
  return out;
}

struct Statement {
  enum class Kind { other, creates, about } kind = Kind::other;
  std::string table;
};

// The name behind the words that may stand before one.
std::string name_in(Words& words) {
  std::string_view word = words.next();
  for (int i = 0; i < 4; ++i) {
    std::string keyword(word);
    std::ranges::transform(keyword, keyword.begin(), upper);
    if (keyword != "IF" && keyword != "NOT" && keyword != "EXISTS" && keyword != "ONLY") break;
    word = words.next();
  }
  return without_quotes(word);
}

Statement read_statement(std::string_view text) {
  Words words(text);
  const std::string verb = words.next_keyword();
  if (verb == "CREATE") {
    // CREATE OR REPLACE GLOBAL TEMPORARY TABLE, CREATE MATERIALIZED VIEW, …
    for (int i = 0; i < 5; ++i) {
      const std::string word = words.next_keyword();
      if (word == "TABLE" || word == "VIEW") return {Statement::Kind::creates, name_in(words)};
      if (word.empty()) break;
    }
  }
  if (verb == "ALTER" && words.next_keyword() == "TABLE") {
    return {Statement::Kind::about, name_in(words)};
  }
  if (verb == "COMMENT" && words.next_keyword() == "ON") {
    const bool column = words.next_keyword() == "COLUMN";
    std::string name = name_in(words);
    if (column) name.resize(std::min(name.rfind('.'), name.size()));
    return {Statement::Kind::about, std::move(name)};
  }
  return {};
}

bool same_table(std::string_view a, std::string_view b) {
  const auto last = [](std::string_view name) { return name.substr(name.rfind('.') + 1); };
  const bool both = a.find('.') != npos && b.find('.') != npos;
  return std::ranges::equal(both ? a : last(a), both ? b : last(b), {}, upper, upper);
}

// Whether the line that begins at `at` is SQL Server's "GO", which ends a statement too.
bool is_go(std::string_view text, std::size_t at) {
  const std::string_view line = text.substr(at, std::min(text.find('\n', at), text.size()) - at);
  return line.size() >= 2 && upper(line[0]) == 'G' && upper(line[1]) == 'O' &&
         line.find_first_not_of(" \t\r", 2) == npos;
}

template <class F>
void for_each_statement(std::string_view text, F&& f) {
  std::size_t begin = 0;
  const auto finish = [&](std::size_t end, std::size_t next) {
    std::string_view statement = text.substr(begin, end - begin);
    const auto first = statement.find_first_not_of(" \t\r\n");
    if (first != npos) {
      f(statement.substr(first, statement.find_last_not_of(" \t\r\n") - first + 1));
    }
    begin = next;
  };
  for (std::size_t at = 0; at < text.size();) {
    if ((at == 0 || text[at - 1] == '\n') && is_go(text, at)) {
      finish(at, at + 2);
      at += 2;
    } else if (const std::size_t end = skip_quoted(text, at); end > at) {
      at = end;
    } else {
      ++at;
      if (text[at - 1] == ';') finish(at, at);
    }
  }
  finish(text.size(), text.size());
}

struct Table {
  std::string name;
  std::string text;
};

}  // namespace

Result<void> read_sql(const Source& source, Documents& documents) {
  std::vector<Table> tables;
  for_each_statement(source.text, [&](std::string_view text) {
    Statement statement = read_statement(text);
    if (statement.kind == Statement::Kind::creates && !statement.table.empty()) {
      tables.push_back({std::move(statement.table), std::string(text)});
    }
    if (statement.kind != Statement::Kind::about) return;
    const auto table = std::find_if(tables.rbegin(), tables.rend(), [&](const Table& known) {
      return same_table(known.name, statement.table);
    });
    if (table != tables.rend()) table->text.append("\n").append(text);
  });
  for (Table& table : tables) {
    add_part(documents, std::move(table.name), documents.owned.emplace_back(std::move(table.text)));
  }
  if (!tables.empty()) return {};
  return fail(ErrorCode::malformed, fmt::format("{} creates no table", source.name),
              "A schema is CREATE TABLE statements, or a file of SQLite.");
}

}  // namespace podium::documents

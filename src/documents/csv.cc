// CSV (RFC 4180) and its kin with tabs or semicolons: the first row names the columns, each further
// row is a document. A column named "text" is what is read, else all columns are.
#include <algorithm>
#include <utility>

#include "base/json.h"
#include "documents/format.h"

namespace podium::documents {

namespace {

// The separator is what stands most often between the names of the columns.
char separator_of(std::string_view input) {
  const std::string_view header = input.substr(0, input.find('\n'));
  return *std::ranges::max_element(std::string_view(",;\t|"), {},
                                   [&](char c) { return std::ranges::count(header, c); });
}

class Rows {
 public:
  Rows(std::string_view input, char separator) : rest_(input), separator_(separator) {}

  // Of the row last read.
  std::size_t line() const { return line_; }
  std::string_view row() const { return row_; }

  // The cells of the next row that is not blank; none at the end. An error if a quote stays open.
  Result<std::vector<std::string>> next() {
    std::vector<std::string> cells;
    while (!rest_.empty() && cells.empty()) {
      line_ = next_line_;
      row_ = rest_;
      cells.emplace_back();
      bool more = true;
      while (more) {
        PODIUM_TRY(more, cell(cells.back()));
        if (more) cells.emplace_back();
      }
      row_.remove_suffix(rest_.size());
      if (cells.size() == 1 && cells[0].empty()) cells.clear();
    }
    return cells;
  }

 private:
  // Whether another cell of this row follows.
  Result<bool> cell(std::string& out) {
    if (rest_.starts_with('"')) PODIUM_CHECK(quoted(out));
    const auto end =
        std::ranges::find_if(rest_, [&](char c) { return c == separator_ || c == '\n'; });
    const auto size = static_cast<std::size_t>(end - rest_.begin());
    out += rest_.substr(0, size);
    const bool more = size < rest_.size() && rest_[size] == separator_;
    if (!more && out.ends_with('\r')) out.pop_back();
    next_line_ += more || size == rest_.size() ? 0 : 1;
    rest_.remove_prefix(std::min(size + 1, rest_.size()));
    return more;
  }

  Result<void> quoted(std::string& out) {
    rest_.remove_prefix(1);
    for (;;) {
      const auto quote = rest_.find('"');
      if (quote == std::string_view::npos) {
        return fail(ErrorCode::malformed, "opens a quote that is never closed");
      }
      out += rest_.substr(0, quote);
      next_line_ += static_cast<std::size_t>(std::ranges::count(rest_.substr(0, quote), '\n'));
      rest_.remove_prefix(quote + 1);
      if (!rest_.starts_with('"')) return {};
      out += '"';
      rest_.remove_prefix(1);
    }
  }

  std::string_view rest_;
  std::string_view row_;
  char separator_;
  std::size_t line_ = 0;
  std::size_t next_line_ = 1;
};

Result<void> check_columns(const std::vector<std::string>& columns, const Source& source) {
  for (auto column = columns.begin(); column != columns.end(); ++column) {
    if (std::find(columns.begin(), column, *column) == column) continue;
    return fail(ErrorCode::malformed,
                fmt::format("{}: two columns are named \"{}\"", source.name, *column),
                "The first row names the columns, each differently.");
  }
  for (const std::string& field : source.options.fields) {
    if (std::ranges::find(columns, field) != columns.end()) continue;
    return fail(ErrorCode::invalid_argument,
                fmt::format("{} has no column \"{}\"", source.name, field),
                fmt::format("Its columns are: {}.", fmt::join(columns, ", ")));
  }
  return {};
}

// The columns of a table and how a row becomes an object. Empty cells are left out where the row is
// read whole.
struct Table {
  std::vector<std::string> columns = {};
  char separator = ',';
  bool whole = true;

  std::string object(const std::vector<std::string>& cells) const {
    std::string out;
    json::Writer writer(out);
    writer.begin_object();
    for (std::size_t i = 0; i < cells.size(); ++i) {
      if (!whole || !cells[i].empty()) writer.key(columns[i]).value(cells[i]);
    }
    writer.end_object();
    return out;
  }
};

bool is_blank(const std::vector<std::string>& cells) {
  return std::ranges::all_of(cells, &std::string::empty);
}

}  // namespace

Result<void> read_csv(const Source& source, Documents& documents) {
  Table table{.separator = separator_of(source.text)};
  Rows rows(source.text, table.separator);
  const auto at_line = [&](const Error& error) {
    return fail(error.code, fmt::format("{}: line {} {}", source.name, rows.line(), error.message),
                "A quote inside a quoted cell is doubled: \"\".");
  };
  auto columns = rows.next();
  if (!columns) return at_line(columns.error());
  PODIUM_CHECK(check_columns(*columns, source));
  table.columns = *std::move(columns);
  table.whole = source.options.fields.empty() &&
                std::ranges::find(table.columns, "text") == table.columns.end();
  documents.render_text = text_renderer(source.options, table.whole);
  documents.render_json = [table](std::string_view row) {
    return table.object(Rows(row, table.separator).next().value_or(std::vector<std::string>()));
  };
  for (;;) {
    const auto cells = rows.next();
    if (!cells) return at_line(cells.error());
    if (cells->empty()) return {};
    const std::string where = fmt::format("{}: line {}", source.name, rows.line());
    if (cells->size() > table.columns.size()) {
      return fail(ErrorCode::malformed,
                  fmt::format("{} has {} cells, and there are {} columns", where, cells->size(),
                              table.columns.size()),
                  "A cell with the separator in it stands in quotes.");
    }
    if (is_blank(*cells)) continue;
    PODIUM_CHECK(text_of_json(table.object(*cells), where, source.options, table.whole));
    documents.written.push_back(rows.row());
    documents.originals.push_back(rows.row());
    source.strides.take(rows.row().size());
  }
}

}  // namespace podium::documents

// Languages whose functions are told by their lines.
#include <algorithm>

#include "documents/code.h"

namespace podium::documents {

namespace {

constexpr auto npos = std::string_view::npos;

std::string_view line_at(std::string_view text, std::size_t at) {
  return text.substr(at, std::min(text.find('\n', at), text.size()) - at);
}

bool is_listed_word(std::string_view line, std::string_view words) {
  const std::string_view word = line.substr(0, line.find_first_of(" \t(:"));
  std::size_t at = words.find(word);
  while (!word.empty() && at != npos) {
    if (words[at - 1] == ' ' && words[at + word.size()] == ' ') return true;
    at = words.find(word, at + 1);
  }
  return false;
}

// Follows strings and brackets through Python, so that a line inside one is known to be no
// statement.
class PythonLines {
 public:
  explicit PythonLines(std::string_view text) : text_(text) {}

  // Moves over the line at `at` and returns where the next begins.
  std::size_t skip(std::size_t at) {
    const std::size_t end = std::min(text_.find('\n', at), text_.size());
    while (at < end) {
      const std::string_view rest = text_.substr(at, end - at);
      if (!quote_.empty()) {
        const bool closes = rest.starts_with(quote_);
        at += closes ? quote_.size() : rest[0] == '\\' ? 2 : 1;
        if (closes) quote_ = {};
      } else if (rest[0] == '#') {
        break;
      } else if (rest[0] == '"' || rest[0] == '\'') {
        const bool triple = rest.size() >= 3 && rest[1] == rest[0] && rest[2] == rest[0];
        quote_ = rest.substr(0, triple ? 3 : 1);
        at += quote_.size();
      } else {
        if (std::string_view("([{").find(rest[0]) != npos) ++depth_;
        if (std::string_view(")]}").find(rest[0]) != npos && depth_ > 0) --depth_;
        at += 1;
      }
    }
    continued_ = end > 0 && end <= text_.size() && text_[end - 1] == '\\';
    if (quote_.size() == 1 && !continued_) quote_ = {};
    return end < text_.size() ? end + 1 : end;
  }

  bool inside() const { return !quote_.empty() || depth_ > 0 || continued_; }

 private:
  std::string_view text_;
  std::string_view quote_;  // that is open
  std::size_t depth_ = 0;
  bool continued_ = false;
};

struct Open {
  std::size_t indent;
  bool is_function;
};

}  // namespace

std::vector<std::size_t> cut_indented(std::string_view text) {
  std::vector<std::size_t> starts{0};
  std::vector<Open> open;
  std::size_t above = npos;  // where the comments and decorators directly above begin
  PythonLines lines(text);
  for (std::size_t at = 0; at < text.size();) {
    const bool inside = lines.inside();
    const std::string_view line = line_at(text, at);
    const std::size_t start = at;
    at = lines.skip(at);
    if (inside) continue;
    const std::size_t indent = line.find_first_not_of(" \t\r\f");
    if (indent == npos) {
      above = npos;
      continue;
    }
    const std::string_view statement = line.substr(indent);
    if (statement[0] == '#' || statement[0] == '@') {
      if (above == npos) above = start;
      continue;
    }
    bool left_function = false;
    while (!open.empty() && open.back().indent >= indent) {
      left_function = left_function || open.back().is_function;
      open.pop_back();
    }
    const bool is_function = statement.starts_with("def ") || statement.starts_with("async def ");
    const bool is_class = statement.starts_with("class ");
    const bool nested = std::ranges::any_of(open, &Open::is_function);
    const std::size_t cut = above == npos ? start : above;
    if (!nested && (is_function || is_class || left_function) && cut > starts.back()) {
      starts.push_back(cut);
    }
    if (is_function || is_class) open.push_back({indent, is_function});
    above = npos;
  }
  return starts;
}

std::vector<std::size_t> cut_keywords(std::string_view text, std::string_view words,
                                      std::string_view comment) {
  std::vector<std::size_t> starts{0};
  std::size_t above = npos;
  for (std::size_t at = 0; at < text.size();) {
    const std::string_view line = line_at(text, at);
    const std::size_t start = at;
    at = std::min(at + line.size() + 1, text.size());
    const std::size_t indent = std::min(line.find_first_not_of(" \t\r"), line.size());
    const std::string_view statement = line.substr(indent);
    const std::size_t name = statement.find("()");  // main() { in a shell
    const bool shell = name != npos && name > 0 && statement.find_first_of(" \t$=\"'") > name;
    if (statement.starts_with(comment)) {
      if (above == npos) above = start;
      continue;
    }
    const bool opens = is_listed_word(statement, words) || shell;
    const bool is_local =
        !statement.starts_with("local") || statement.starts_with("local function");
    const std::size_t cut = above == npos ? start : above;
    if (opens && is_local && cut > starts.back()) starts.push_back(cut);
    above = npos;
  }
  return starts;
}

}  // namespace podium::documents

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "documents/code.h"

namespace podium::documents {

namespace {

constexpr auto npos = std::string_view::npos;

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

// What holds functions. A type is a document with its first function, a scope is none.
constexpr auto kTypes = std::to_array<std::string_view>(
    {"class", "struct", "union", "interface", "trait", "impl", "object", "extension", "protocol",
     "record", "companion", "enum"});
constexpr auto kScopes =
    std::to_array<std::string_view>({"namespace", "extern", "module", "mod", "package"});

// Whether one of the words stands in a brace's head.
bool has_word(std::string_view head, std::span<const std::string_view> words) {
  for (std::size_t at = 0; at < head.size();) {
    std::size_t end = at;
    while (end < head.size() && is_word(head[end])) ++end;
    if (std::ranges::find(words, head.substr(at, end - at)) != words.end()) return true;
    at = end + 1;
  }
  return false;
}

// Whether no parenthesis is open and nothing is assigned but default arguments.
bool is_statement(std::string_view head) {
  static constexpr std::string_view kOperator[] = {"operator"};  // operator==
  const bool assigns = !has_word(head, kOperator);
  int depth = 0;
  for (const char c : head) {
    if (c == '(') ++depth;
    if (c == ')') --depth;
    if (c == '=' && depth == 0 && assigns) return false;
  }
  return depth == 0;
}

class Scanner {
 public:
  Scanner(std::string_view text, const BraceSyntax& syntax) : text_(text), syntax_(syntax) {}

  std::vector<std::size_t> cuts() {
    while (at_ < text_.size()) step();
    return std::move(starts_);
  }

 private:
  enum class Block { container, function, other };

  void step() {
    const char c = text_[at_];
    if (c == '\n') {
      line_begins_ = true;
      ++at_;
    } else if (c == ' ' || c == '\t' || c == '\r') {
      ++at_;
    } else if (const std::size_t end = end_of_comment(); end != npos) {
      if (line_begins_ || !fresh_) begin_head();  // else it belongs to what stands before it
      at_ = end;
    } else if (syntax_.preprocessor && c == '#' && line_begins_) {
      at_ = end_of_directive();
      separate();
    } else if (const std::size_t quoted = end_of_quoted(); quoted != npos) {
      code('"');
      at_ = quoted;
    } else if (c == '{' || c == '}' || c == ';') {
      c == '{' ? open() : close(c);
    } else {
      code(c);
      ++at_;
    }
  }

  bool at_container_level() const { return inner_ == 0; }

  void begin_head() {
    if (!fresh_) return;
    const std::size_t before = text_.rfind('\n', at_);
    head_start_ = line_begins_ ? (before == npos ? 0 : before + 1) : at_;
    fresh_ = false;
    head_.clear();
  }

  // A character of the head of whatever may come; only what tells the kinds apart is kept.
  void code(char c) {
    begin_head();
    line_begins_ = false;
    if (at_container_level() && head_.size() < 4096) head_ += c;
    if (at_container_level() && (text_[at_ + 1 < text_.size() ? at_ + 1 : at_] == ' '))
      head_ += ' ';
  }

  void separate() {
    fresh_ = true;
    line_begins_ = false;
  }

  Block kind() const {
    const std::string_view head = head_;
    const std::size_t parenthesis = head.find('(');
    const std::size_t end = head.find_last_not_of(' ');
    const bool has_list = parenthesis != npos;
    const bool ends_with_list = has_list && end != npos && head[end] == ')';
    const std::string_view name = head.substr(0, parenthesis);
    if ((has_word(name, kTypes) || has_word(name, kScopes)) &&
        (syntax_.class_parameters || !ends_with_list)) {
      return Block::container;
    }
    if (head.find("=>") != npos || head.find("function") != npos) return Block::function;
    // `Point(int x) : x_{x} {}`: what a constructor initialises.
    const bool initialises = is_word(at_ == 0 ? ' ' : text_[at_ - 1]) &&
                             head.find(':', std::min(head.find(')'), head.size())) != npos;
    return has_list && is_statement(head) && !initialises ? Block::function : Block::other;
  }

  void open() {
    begin_head();
    const Block block = at_container_level() ? kind() : Block::other;
    if (block != Block::container) ++inner_;
    if (block == Block::function)
      cut(std::exchange(type_start_, std::nullopt).value_or(head_start_));
    if (block == Block::container && !type_start_ && has_word(head_, kTypes)) {
      type_start_ = head_start_;
    }
    blocks_.push_back(block);
    ++at_;
    if (block == Block::container) separate();
    line_begins_ = false;
  }

  void close(char c) {
    ++at_;
    line_begins_ = false;
    if (c == ';') {
      if (at_container_level()) separate();
      return;
    }
    if (blocks_.empty()) return separate();
    const Block block = blocks_.back();
    blocks_.pop_back();
    if (block == Block::container) type_start_.reset();
    if (block != Block::container) --inner_;
    if (!at_container_level() || block == Block::other) return;
    separate();
    if (block == Block::function) cut(end_of_line_if_only_closing());
  }

  // Behind what closes with the brace on its line: `});  // main`.
  std::size_t end_of_line_if_only_closing() const {
    const std::size_t end = std::min(text_.find('\n', at_), text_.size());
    const std::size_t first = text_.find_first_not_of(" \t\r);,", at_);
    const bool only = first == npos || first >= end || text_.substr(first).starts_with("//");
    return only ? std::min(end + 1, text_.size()) : at_;
  }

  void cut(std::size_t at) {
    if (at > starts_.back() && at < text_.size()) starts_.push_back(at);
  }

  std::size_t end_of_comment() const {
    const std::string_view rest = text_.substr(at_);
    const bool line = rest.starts_with("//") || (syntax_.hash_comments && rest[0] == '#');
    if (line) return std::min(text_.find('\n', at_), text_.size());
    if (!rest.starts_with("/*")) return npos;
    const std::size_t end = text_.find("*/", at_ + 2);
    return end == npos ? text_.size() : end + 2;
  }

  std::size_t end_of_directive() const {
    std::size_t end = at_;
    do {
      end = std::min(text_.find('\n', end + 1), text_.size());
    } while (end < text_.size() && text_[end - 1] == '\\');
    return end;
  }

  std::size_t end_of_string(char quote, bool many_lines) const {
    for (std::size_t i = at_ + 1; i < text_.size(); ++i) {
      if (text_[i] == '\\') {
        ++i;
      } else if (text_[i] == quote) {
        return i + 1;
      } else if (text_[i] == '\n' && !many_lines) {
        return i;  // not closed
      }
    }
    return text_.size();
  }

  std::size_t end_of_raw_string() const {  // R"x(…)x"
    const std::size_t open = text_.find('(', at_);
    if (open == npos || open - at_ > 20) return npos;
    const std::string close = ")" + std::string(text_.substr(at_ + 1, open - at_ - 1)) + "\"";
    const std::size_t end = text_.find(close, open);
    return end == npos ? npos : end + close.size();
  }

  std::size_t end_of_quoted() const {
    const char c = text_[at_];
    if (c == '"') {
      const bool raw = syntax_.preprocessor && at_ > 0 && text_[at_ - 1] == 'R';
      const std::size_t end = raw ? end_of_raw_string() : npos;
      if (end != npos) return end;
      if (text_.substr(at_).starts_with("\"\"\"")) {
        const std::size_t closed = text_.find("\"\"\"", at_ + 3);
        return closed == npos ? text_.size() : closed + 3;
      }
      return end_of_string(c, false);
    }
    if (c == '`' && syntax_.templates) return end_of_string(c, true);
    if (c == '/' && syntax_.regex && begins_regex()) return end_of_string(c, false);
    if (c != '\'') return npos;
    if (!syntax_.quotes_are_chars) return end_of_string(c, false);
    const bool escaped = at_ + 1 < text_.size() && text_[at_ + 1] == '\\';
    const std::size_t close = text_.find('\'', at_ + (escaped ? 3 : 2));
    return close != npos && close - at_ <= 12 &&
                   text_.substr(at_, close - at_).find_first_of(" \n,;", 2) == npos
               ? close + 1
               : npos;
  }

  // A slash divides behind a value, and opens a pattern behind anything else.
  bool begins_regex() const {
    const std::size_t before = at_ == 0 ? npos : text_.find_last_not_of(" \t\n", at_ - 1);
    return before == npos || std::string_view("(,=:[!&|?{};+").find(text_[before]) != npos;
  }

  std::string_view text_;
  BraceSyntax syntax_;
  std::size_t at_ = 0;
  std::vector<std::size_t> starts_{0};
  std::vector<Block> blocks_;
  std::size_t inner_ = 0;  // open blocks that are no containers
  std::string head_;
  std::size_t head_start_ = 0;
  std::optional<std::size_t> type_start_;  // of a type whose first function is still to come
  bool fresh_ = true;                      // nothing of the next head has been seen
  bool line_begins_ = true;
};

}  // namespace

std::vector<std::size_t> cut_braces(std::string_view text, const BraceSyntax& syntax) {
  return Scanner(text, syntax).cuts();
}

}  // namespace podium::documents

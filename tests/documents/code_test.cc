#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cctype>
#include <fstream>
#include <iterator>

#include "documents/documents.h"

namespace podium::documents {
namespace {

using testing::ElementsAre;

std::vector<std::string> pieces(std::string_view file, std::string_view text) {
  const auto documents = parse_documents(text, file);
  if (!documents) return {"error: " + documents.error().message};
  EXPECT_EQ(documents->format, InputFormat::code);
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < documents->size(); ++i) texts.push_back(documents->text(i));
  return texts;
}

// The first line of each piece.
std::vector<std::string> heads(std::string_view file, std::string_view text) {
  std::vector<std::string> lines;
  for (const std::string& piece : pieces(file, text))
    lines.push_back(piece.substr(0, piece.find('\n')));
  return lines;
}

TEST(Code, CppFunctionsWithTheirComments) {
  constexpr std::string_view kText = R"text(#include <string>
#define TWICE(x) {(x), (x)}

namespace a::b {

// A table is no function.
constexpr int kTable[] = {1, 2, 3};

// Adds.
template <class T>
T add(T a, T b) {
  if (a > b) {
    return a;
  }
  const char* brace = "}";  // }
  return a + '}' + R"x(})x"[0];
}

class Point : public Base<int> {
 public:
  explicit Point(int x = 1) : x_{x} {}

  int x() const noexcept { return x_; }

 private:
  int x_;
};

struct Point make(struct Point from) { return from; }

}  // namespace a::b
)text";
  EXPECT_THAT(
      pieces("x.cc", kText),
      ElementsAre(testing::StartsWith("#include <string>"),
                  testing::AllOf(testing::StartsWith("// Adds.\ntemplate"), testing::EndsWith("}")),
                  testing::StartsWith("class Point"), testing::HasSubstr("int x() const noexcept"),
                  testing::HasSubstr("private:"),
                  testing::AllOf(testing::StartsWith("struct Point make"),
                                 testing::EndsWith("}  // namespace a::b"))));
}

TEST(Code, PythonMethodsAreNotCutInside) {
  EXPECT_THAT(heads("x.py", R"py("""A module.

def not_a_function(): in the docstring
"""
import os

# Doubles.
@decorated(
    "def x():",
)
def double(
    x,
):
    def inner():
        return x
    text = """
def neither():
"""
    return 2 * x


class A(B):
    """What A is."""

    def one(self):
        return 1

    @property
    async def two(self):
        return 2

if __name__ == "__main__":
    double(2)
)py"),
              ElementsAre("\"\"\"A module.", "# Doubles.", "class A(B):", "    def one(self):",
                          "    @property", "if __name__ == \"__main__\":"));
}

TEST(Code, Javascript) {
  EXPECT_THAT(
      heads("x.ts", R"js(import x from 'y';
const options = { a: 1, b: { c: 2 } };
/** Sum. */
export function sum(a: number, b: number): number {
  const t = `}${a}`;
  return a.replace(/[}"]/g, '}') + b;
}
export const arrow = async (x) => {
  return x;
};
class A extends B {
  method() { return 1; }
  other(x = { y: 1 }) { return x; }
}
)js"),
      ElementsAre("import x from 'y';", "/** Sum. */", "export const arrow = async (x) => {",
                  "class A extends B {", "  other(x = { y: 1 }) { return x; }"));
}

TEST(Code, OtherLanguages) {
  EXPECT_THAT(heads("x.rs",
                    "use a;\n/// Doc.\nimpl<'a> T for X<'a> {\n  fn f(&'a self) -> char { '}' }\n"
                    "  fn g() {}\n}\nfn main() { g(); }\n"),
              ElementsAre("use a;", "/// Doc.", "  fn g() {}", "fn main() { g(); }"));
  EXPECT_THAT(
      heads("x.go",
            "package a\n\ntype T struct {\n\tx int\n}\n\nfunc (t *T) F() int {\n\treturn `}`\n}\n"
            "func G() {\n}\n"),
      ElementsAre("package a", "func (t *T) F() int {", "func G() {"));
  EXPECT_THAT(heads("x.kt", "class P(val x: Int) {\n  fun f() { g() }\n  fun g() { }\n}\n"),
              ElementsAre("class P(val x: Int) {", "  fun g() { }"));
  EXPECT_THAT(heads("x.rb", "require 'x'\n# Says.\ndef a\n  1\nend\ndef b\nend\n"),
              ElementsAre("require 'x'", "# Says.", "def b"));
  EXPECT_THAT(heads("x.sh", "set -e\nmain() {\n  local a=1\n}\nfunction other {\n  :\n}\n"),
              ElementsAre("set -e", "main() {", "function other {"));
  EXPECT_THAT(heads("x.lua", "local x = 1\nlocal function a()\nend\nfunction b.c()\nend\n"),
              ElementsAre("local x = 1", "local function a()", "function b.c()"));
}

TEST(Code, OperatorsAndTypesWithMembers) {
  EXPECT_THAT(
      heads("x.h",
            "int a;\nstruct P {\n  int x;\n  bool operator==(P p) const { return x == p.x; }\n"
            "  P(int y = (1)) : x{y} {}\n};\nauto t = make({1, 2});\nvoid f(int a[] = {}) {}\n"),
      ElementsAre("int a;", "struct P {", "  P(int y = (1)) : x{y} {}", "};",
                  "void f(int a[] = {}) {}"));
}

TEST(Code, NamesAreFileAndLine) {
  const auto documents = parse_documents("\n\nint a() {\n}\n\nint b() {\n}\n", "some/where/x.c");
  ASSERT_TRUE(documents);
  EXPECT_EQ(documents->member(0, "id"), "x.c:3");
  EXPECT_EQ(documents->member(1, "id"), "x.c:6");
  EXPECT_EQ(documents->json(1), R"({"id":"x.c:6","text":"int b() {\n}"})");
}

TEST(Code, EveryFileOfThisRoomIsKeptWhole) {
  for (const char* file : {"code_braces.cc", "sql.cc", "yaml_writer.cc", "documents.h"}) {
    const std::string path = PODIUM_SOURCE_DIR "/src/documents/" + std::string(file);
    std::ifstream stream(path);
    const std::string text{std::istreambuf_iterator<char>(stream), {}};
    const auto squeezed = [](std::string kept) {
      std::erase_if(kept, [](unsigned char c) { return std::isspace(c) != 0; });
      return kept;
    };
    std::string joined;
    for (const std::string& piece : pieces(path, text)) joined += piece;
    EXPECT_EQ(squeezed(joined), squeezed(text)) << file;
  }
}

TEST(Code, WhatIsNotClosedIsStillWhole) {
  for (const char* file : {"x.cc", "x.py", "x.ts", "x.rb", "x.rs"}) {
    for (const char* text :
         {"f() {", "}", "}}}{{{", "\"", "'", "/*", "R\"x(", "`", "\"\"\"", "def", "#", "\\"}) {
      EXPECT_THAT(pieces(file, text), ElementsAre(text)) << file;
    }
  }
}

}  // namespace
}  // namespace podium::documents

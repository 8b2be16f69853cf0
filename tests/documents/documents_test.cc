#include "documents/documents.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.h"
#include "documents/read_all.h"

namespace podium::documents {
namespace {

using std::string_literals::operator""s;
using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::string> texts_of(std::string_view input,
                                  InputFormat format = InputFormat::automatic) {
  const auto documents = parse_documents(input, "docs", {.format = format});
  if (!documents) return {"error: " + documents.error().message};
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < documents->size(); ++i) texts.push_back(documents->text(i));
  return texts;
}

std::string error_of(std::string_view input, InputFormat format = InputFormat::automatic) {
  const auto documents = parse_documents(input, "docs", {.format = format});
  return documents ? "no error" : documents.error().message;
}

InputFormat format_of(std::string_view input) {
  const auto documents = parse_documents(input, "docs");
  return documents ? documents->format : InputFormat::automatic;
}

const std::vector<std::string> kTexts = {
    "plain",
    "two words",
    "  spaces kept  ",
    "Größe – naïve façade",
    "敏感肌",
    "👩‍💻 emoji 🇪🇺",
    "back\\slash and \"quotes\"",
    "tab\there",
    "nul \0 byte"s,
    "[1] a reference",
    "{not json}",
    "</s> <mask>",
};

std::string quoted(std::string_view text) {
  std::string out;
  json::Writer(out).value(text);
  return out;
}

std::string object(std::string_view text) {
  std::string out;
  json::Writer(out).begin_object().key("id").value(7).key("text").value(text).end_object();
  return out;
}

// How the same texts are written down in each format.
struct Spelling {
  const char* name;
  std::string (*document)(std::string_view);
  const char* open;
  const char* between;
  const char* close;
};

class SameTexts : public testing::TestWithParam<Spelling> {};

TEST_P(SameTexts, GiveTheSameDocuments) {
  const Spelling& spelling = GetParam();
  std::string input = spelling.open;
  for (std::size_t i = 0; i < kTexts.size(); ++i) {
    if (i > 0) input += spelling.between;
    input += spelling.document(kTexts[i]);
  }
  EXPECT_EQ(texts_of(input + spelling.close), kTexts);
  EXPECT_EQ(texts_of("\xEF\xBB\xBF" + input + spelling.close), kTexts) << "byte order mark";
}

INSTANTIATE_TEST_SUITE_P(
    Formats, SameTexts,
    testing::Values(Spelling{"lines", [](std::string_view text) { return std::string(text); }, "",
                             "\n", ""},
                    Spelling{"lines_crlf", [](std::string_view text) { return std::string(text); },
                             "\r\n", "\r\n", "\r\n"},
                    Spelling{"lines_blank", [](std::string_view text) { return std::string(text); },
                             " \n\n", "\n \t \n", "\n\n"},
                    Spelling{"jsonl_strings", quoted, "", "\n", "\n"},
                    Spelling{"jsonl_objects", object, "\n  ", "\r\n\n ", "\r\n"},
                    Spelling{"array_strings", quoted, "[", ",", "]"},
                    Spelling{"array_objects", object, " [\n  ", ",\n  ", "\n]\n"}),
    [](const auto& spelling) { return spelling.param.name; });

TEST(Documents, MixedStringsAndObjects) {
  EXPECT_THAT(texts_of("\"a\"\n{\"text\": \"b\"}"), ElementsAre("a", "b"));
  EXPECT_THAT(texts_of("[{\"text\": \"a\"}, \"b\", \"\"]"), ElementsAre("a", "b", ""));
}

TEST(Documents, OriginalsComeBackAsWritten) {
  const auto documents = parse_documents(
      "[\n  { \"text\" : \"a b\\u00e9\",\n \"n\": 1.50, \"big\": 123456789012345678901234567890,\n"
      " \"list\": [1, {\"x\": \" \"}] },\n  \"c\\/d\"\n]",
      "docs");
  ASSERT_TRUE(documents.has_value()) << documents.error().message;
  EXPECT_EQ(documents->json(0),
            "{\"text\":\"a b\\u00e9\",\"n\":1.50,\"big\":123456789012345678901234567890,"
            "\"list\":[1,{\"x\":\" \"}]}");
  EXPECT_EQ(documents->json(1), "\"c\\/d\"");
  EXPECT_EQ(documents->text(0), "a bé");
  EXPECT_EQ(documents->text(1), "c/d");
}

TEST(Documents, PlainLinesComeBackAsStrings) {
  const auto documents = parse_documents("say \"hi\"\n", "docs");
  ASSERT_TRUE(documents.has_value());
  EXPECT_EQ(documents->json(0), "\"say \\\"hi\\\"\"");
  EXPECT_EQ(documents->member(0, "id"), std::nullopt);
}

TEST(Documents, Ids) {
  const auto documents = parse_documents(
      "{\"text\": \"\", \"id\": \"x-1\"}\n{\"text\": \"\", \"id\": 17}\n{\"text\": \"\", \"id\": "
      "null}\n{\"text\": \"\"}\n\"\"\n",
      "docs");
  ASSERT_TRUE(documents.has_value());
  EXPECT_EQ(documents->member(0, "id"), "x-1");
  EXPECT_EQ(documents->member(1, "id"), "17");
  for (std::size_t i = 2; i < 5; ++i) EXPECT_EQ(documents->member(i, "id"), std::nullopt) << i;
}

TEST(Detection, JsonOnlyWhereItOpensLikeJson) {
  EXPECT_EQ(format_of("[\"a\"]"), InputFormat::json);
  EXPECT_EQ(format_of(" [\n {\"text\": \"a\"}]\n"), InputFormat::json);
  EXPECT_EQ(format_of("{\"text\": \"a\"}"), InputFormat::jsonl);
  EXPECT_EQ(format_of("\n\n \"a\" \n"), InputFormat::jsonl);
  for (const char* plain :
       {"[1] A reference.\n[2] Another.", "[draft] notes", "[draft]", "[[link]] text", "[", "[1, 2",
        "{name}, hello", "{", "{}x", "\"Hello,\" she said.", "\"a\" and \"b\"", "\"never closed",
        "\"quote \\\"", "42", "null", "a\n{\"text\": \"b\"}", "text\n[\"a\"]"}) {
    EXPECT_EQ(format_of(plain), InputFormat::lines) << plain;
  }
}

TEST(Detection, ForcedFormatsAskNoQuestions) {
  EXPECT_THAT(texts_of("[\"a\"]\n{\"text\": 1}", InputFormat::lines),
              ElementsAre("[\"a\"]", "{\"text\": 1}"));
  EXPECT_THAT(texts_of("\"a\"", InputFormat::jsonl), ElementsAre("a"));
  EXPECT_THAT(error_of("a", InputFormat::jsonl), HasSubstr("docs: line 1 is not valid JSON"));
  EXPECT_EQ(error_of("\"a\"", InputFormat::json), "docs: is no JSON array");
}

struct Bad {
  std::string input;
  std::string message;
};

class BadInput : public testing::TestWithParam<Bad> {};

TEST_P(BadInput, IsNamed) {
  EXPECT_THAT(error_of(GetParam().input), HasSubstr(GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
    All, BadInput,
    testing::Values(
        Bad{"", "docs holds no documents"}, Bad{" \r\n\t\n", "docs holds no documents"},
        Bad{"[]", "docs holds no documents"}, Bad{"[ \n ]", "docs holds no documents"},
        Bad{"\xEF\xBB\xBF", "docs holds no documents"},
        Bad{"ok\nb\xC3\xA9 \xFF", "docs: line 2 is not valid UTF-8 at byte 5 (0xFF)"},
        Bad{"\"\xED\xA0\x80\"", "line 1 is not valid UTF-8 at byte 2"},
        Bad{"\xFF\xFE\x61\x00"s, "docs is UTF-16"},
        Bad{"\"a\"\n\n{\"text\": oops}", "docs: line 3 is not valid JSON"},
        Bad{"\"a\"\nplain", "line 2 is not valid JSON"},
        Bad{"{\"text\": \"a\"", "line 1 is not valid JSON"},
        Bad{"{\n  \"text\": \"a\"\n}", "line 1 is not valid JSON"},
        Bad{"\"a\"\n17", "line 2 is a number, not text"},
        Bad{"\"a\"\nnull", "line 2 is null, not text"},
        Bad{"\"a\"\n[\"b\"]", "line 2 is an array, not text"},
        Bad{"{\"id\": 1}", "line 1 has no \"text\""}, Bad{"{}", "line 1 has no \"text\""},
        Bad{"{\"text\": null}", "line 1 has a \"text\" that is null, not a string"},
        Bad{"{\"text\": [\"a\"]}", "has a \"text\" that is an array, not a string"},
        Bad{"{\"text\": \"a\", \"text\": \"b\"}", "line 1 has more than one \"text\""},
        Bad{"\"\\ud800\"", "line 1 escapes half a character: the surrogate \\ud800 is alone"},
        Bad{"{\"text\": \"\\ud83d\\ude00 \\udc00\"}", "the surrogate \\udc00 is alone"},
        Bad{"[1, 2]", "element 1 (line 1) is a number, not text"},
        Bad{"[\"a\",\n{\"text\": \"b\"},\n\ntrue]", "element 3 (line 4) is a boolean, not text"},
        Bad{"[\"a\", [\"b\"]]", "element 2 (line 1) is an array, not text"},
        Bad{"[\"a\",]", "element 2 (line 1) is empty"},
        Bad{"[\"a\",, \"b\"]", "element 2 (line 1) is empty"},
        Bad{"[{\"text\": \"a\"}, {\"text\": \"b\"", "element 2 (line 1) is not valid JSON"},
        Bad{"[{\"text\": \"a}]", "element 1 (line 1) is not valid JSON"},
        Bad{"[\"a\" \"b\"]", "element 1 (line 1) is not valid JSON"},
        Bad{"[\"a\"", "the JSON array is never closed"},
        Bad{"[\"a\",", "the JSON array is never closed"},
        Bad{"[\"a\"}", "the JSON array is never closed"},
        Bad{"[\"a\"]\nx", "more text after the JSON array, on line 2"},
        Bad{"[{\"text\": \"a\"]]", "element 1 (line 1) is not valid JSON"}));

TEST(Documents, OneHugeLine) {
  const std::string huge(10'000'000, 'x');
  const auto documents = parse_documents(huge, "docs");
  ASSERT_TRUE(documents.has_value());
  EXPECT_EQ(documents->written.front().data(), huge.data()) << "a plain line is not copied";
}

TEST(DocumentReader, ReadsTheTextsInParts) {
  std::string long_text;
  while (long_text.size() < 100000) long_text += "\\u00e9\\n\\\"é\\ud83d\\ude00\\/x";
  const std::string input = "\"" + long_text + "\"\n\"\"\n{\"id\":1,\"text\":\"b\\tc\"}\n";
  const auto documents = parse_documents(input, "docs");
  ASSERT_TRUE(documents) << documents.error().message;
  const auto texts = read_all(*documents);
  ASSERT_EQ(texts.size(), 3U);
  std::string expected;
  while (expected.size() < texts[0].size()) expected += "é\n\"é😀/x";
  EXPECT_EQ(texts[0], expected);
  EXPECT_EQ(texts[1], "");
  EXPECT_EQ(texts[2], "b\tc");
  EXPECT_EQ(documents->characters(0, 0, 6), "é\n\"é😀/");
  EXPECT_EQ(documents->text(0, 1), "é");  // not half a character
  EXPECT_EQ(documents->text(0, 2), "é");
  EXPECT_EQ(read_all(*parse_documents("one\n\n two \n", "docs")),
            (std::vector<std::string>{"one", " two "}));
}

TEST(DocumentReader, SaysWhenTheInputMayBeForgotten) {
  std::string input;
  for (int i = 0; i < 40; ++i) input += std::string(1 << 20, 'x') + "\n";
  int passed = 0;
  const auto documents = parse_documents(input, "docs", {}, [&] { ++passed; });
  EXPECT_GE(passed, 4);
  passed = 0;
  DocumentReader reader(*documents, [&] { ++passed; });
  while (*reader.next()) {
    while (!reader.read()->empty()) {
    }
  }
  EXPECT_GE(passed, 4);
}

std::vector<std::string> search_results(std::string_view input) {
  const auto documents = parse_documents(input, "docs", {.content = Content::search_result});
  return documents ? read_all(*documents) : std::vector{"error: " + documents.error().message};
}

TEST(SearchResults, AreTitleAndSnippet) {
  EXPECT_EQ(search_results(R"([{"url": "u", "title": "T\n", "snippet": "s \"q\"", "rank": 1},
                               {"link": "v", "description": "only"}, {"url": "w", "title": "x"}])"),
            (std::vector<std::string>{"T\n\ns \"q\"", "only", "x"}));
  EXPECT_THAT(search_results(R"({"title": "T"})")[0], HasSubstr("line 1 has no \"url\""));
  EXPECT_THAT(search_results(R"({"url": "u", "title": ""})")[0], HasSubstr("no \"title\""));
  EXPECT_THAT(search_results(R"("text")")[0], HasSubstr("not a search result"));
  EXPECT_THAT(search_results("plain")[0], HasSubstr("is not JSON"));
}

}  // namespace
}  // namespace podium::documents

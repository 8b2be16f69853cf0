#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "base/json.h"
#include "documents/documents.h"
#include "documents/read_all.h"
#include "documents/tools.h"
#include "documents/yaml.h"

namespace podium::documents {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

Documents read(std::string_view input, std::string_view file, const ReadOptions& options = {}) {
  auto documents = parse_documents(input, file, options);
  EXPECT_TRUE(documents) << (documents ? "" : documents.error().message);
  return documents ? *std::move(documents) : Documents();
}

std::vector<std::string> texts_of(const Documents& documents) {
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < documents.size(); ++i) texts.push_back(documents.text(i));
  return texts;
}

std::string error_of(std::string_view input, std::string_view file,
                     const ReadOptions& options = {}) {
  const auto documents = parse_documents(input, file, options);
  return documents ? "no error" : documents.error().message;
}

TEST(Yaml, AsPyYamlWritesIt) {
  std::ifstream stream(PODIUM_SOURCE_DIR "/tests/documents/data/yaml.json");
  const std::string text{std::istreambuf_iterator<char>(stream), {}};
  const auto cases = json::Document::parse(text, "yaml.json");
  ASSERT_TRUE(cases);
  cases->root().for_each_element([](const json::Value& entry) {
    EXPECT_EQ(render_yaml(*entry.find("object")), *entry.find("yaml")->as_string());
    return true;
  });
}

TEST(Yaml, WhatIsNestedTooDeepStaysJson) {
  std::string text;
  for (int i = 0; i < 500; ++i) text += "{\"a\":[";
  text += "1,2";
  for (int i = 0; i < 500; ++i) text += "]}";
  const auto parsed = json::Document::parse(text, "");
  ASSERT_TRUE(parsed);
  EXPECT_LT(render_yaml(parsed->root()).size(), text.size() + 200);
}

TEST(Fields, PickMembersInTheirOrder) {
  const ReadOptions fields{.fields = {"title", "body"}};
  const auto documents =
      read(R"([{"body":"b","title":"t: x","id":1},{"title":"only"}])", "x", fields);
  EXPECT_THAT(texts_of(documents), ElementsAre("title: 't: x'\nbody: b", "title: only"));
  EXPECT_EQ(documents.member(0, "id"), "1");
  EXPECT_THAT(texts_of(read(R"([{"body":"b\nc"}])", "x", {.fields = {"body"}})),
              ElementsAre("b\nc"));
  EXPECT_THAT(error_of(R"({"text":"x"})", "x", fields),
              HasSubstr("none of the fields title, body"));
  EXPECT_THAT(error_of("plain", "x", fields), HasSubstr("read as lines, which has no fields"));
}

TEST(Rendered, TextsAreMadeAsTheyAreRead) {
  const std::string cell(50000, 'x');
  const std::string csv = "id,name\n1,\"" + cell + "\n\"\n2,é\n";
  const auto rows = read(csv, "x.csv");
  EXPECT_TRUE(rows.owned.empty());
  EXPECT_EQ(read_all(rows), texts_of(rows));
  EXPECT_EQ(rows.characters(1, 8, 15), "name: é");
  EXPECT_EQ(rows.text(1, 15), "id: '2'\nname: ");  // not half a character
  const std::string lines = R"({"id":7,"a":"\u00e9","b":[1,2]}
{"a":"x"})";
  const auto fields = read(lines, "x.jsonl", {.fields = {"a", "b"}});
  EXPECT_TRUE(fields.owned.empty());
  EXPECT_THAT(read_all(fields), ElementsAre("a: é\nb:\n- 1\n- 2", "a: x"));
  EXPECT_EQ(fields.member(0, "id"), "7");
  EXPECT_EQ(fields.json(0), R"({"id":7,"a":"\u00e9","b":[1,2]})");
  const auto tables = read("CREATE TABLE a (x int);", "x.sql");
  EXPECT_EQ(read_all(tables), texts_of(tables));
  EXPECT_EQ(tables.json(0), R"({"id":"a","text":"CREATE TABLE a (x int);"})");
}

TEST(Csv, RowsAreObjects) {
  const auto documents =
      read("id,name,about\r\n7,\"a, \"\"b\"\"\",\"two\nlines\"\r\n\r\n8,c,\n", "x.csv");
  EXPECT_THAT(texts_of(documents), ElementsAre("id: '7'\nname: a, \"b\"\nabout: |-\n  two\n  lines",
                                               "id: '8'\nname: c"));
  EXPECT_EQ(documents.json(0), R"({"id":"7","name":"a, \"b\"","about":"two\nlines"})");
  EXPECT_EQ(documents.member(1, "id"), "8");
  EXPECT_THAT(texts_of(read("id,name,about\n1,n,a\n", "x.csv", {.fields = {"about"}})),
              ElementsAre("a"));
}

TEST(Csv, AColumnOfTextIsRead) {
  EXPECT_THAT(texts_of(read("id\ttext\n1\tgreen tea\n", "x.TSV")), ElementsAre("green tea"));
  EXPECT_THAT(texts_of(read("id;text\n1;a,b\n", "x.csv")), ElementsAre("a,b"));
  EXPECT_THAT(texts_of(read("text\nx\n", "stdin", {.format = InputFormat::csv})), ElementsAre("x"));
}

TEST(Csv, EmptyCellsOfWhatIsReadAreEmptyTexts) {
  EXPECT_THAT(texts_of(read("id,text\n1,\n,\n2,x\n", "x.csv")), ElementsAre("", "x"));
  EXPECT_THAT(texts_of(read("id,name\n1,\n2,x\n", "x.csv", {.fields = {"name"}})),
              ElementsAre("", "x"));
  EXPECT_EQ(read("id,text\n1,\n", "x.csv").json(0), R"({"id":"1","text":""})");
}

TEST(Csv, BadTables) {
  EXPECT_THAT(error_of("a,b\n1,2\n\n1,2,3\n", "x.csv"), HasSubstr("x.csv: line 4 has 3 cells"));
  EXPECT_THAT(error_of("a,b\n1,\"2\n3\n", "x.csv"), HasSubstr("line 2 opens a quote"));
  EXPECT_THAT(error_of("a,a\n1,2\n", "x.csv"), HasSubstr("two columns are named \"a\""));
  EXPECT_THAT(error_of("a,b\n", "x.csv"), HasSubstr("no documents"));
  EXPECT_THAT(error_of("", "x.csv"), HasSubstr("no documents"));
  EXPECT_THAT(error_of("a,b\n1,2\n", "x.csv", {.fields = {"c"}}), HasSubstr("no column \"c\""));
}

TEST(YamlFiles, AreCutIntoBlocks) {
  EXPECT_THAT(texts_of(read("# all\na: 1\nb:\n  c: 2\n\n# about d\nd:\n- x\n- y\n", "x.yaml")),
              ElementsAre("# all\na: 1", "b:\n  c: 2", "# about d\nd:\n- x\n- y"));
  EXPECT_THAT(texts_of(read("a:\n  b: 1\n# within\n  c: 2\n- odd\nd: 3\n# last", "x.yaml")),
              ElementsAre("a:\n  b: 1\n# within\n  c: 2\n- odd", "d: 3\n# last"));
  EXPECT_THAT(texts_of(read("- a: 1\n  b: 2\n- c\n", "x.yml")),
              ElementsAre("- a: 1\n  b: 2", "- c"));
  EXPECT_THAT(texts_of(read("---\na: 1\nb: 2\n---\nc: 3\n...\n", "x.yaml")),
              ElementsAre("a: 1\nb: 2", "c: 3"));
}

constexpr std::string_view kSchema = R"sql(
-- People who buy.
CREATE TABLE IF NOT EXISTS public."customers" (
  id integer PRIMARY KEY, -- a ; in a comment
  note text DEFAULT 'it''s; fine'
);
INSERT INTO customers VALUES (1, 'CREATE TABLE nothing (x int);');
create or replace function f() returns int as $body$ begin; create table no (x int); end $body$ language plpgsql;
CREATE TABLE [orders] ([id] int, total money)
GO
CREATE VIEW big AS SELECT * FROM orders WHERE total > 1000;
ALTER TABLE ONLY orders ADD FOREIGN KEY (id) REFERENCES customers (id);
COMMENT ON COLUMN public.customers.note IS 'what they said';
CREATE INDEX i ON orders (id);
)sql";

TEST(Sql, OneDocumentForEachTable) {
  const auto documents = read(kSchema, "schema.sql");
  EXPECT_THAT(documents.names, ElementsAre("public.customers", "orders", "big"));
  ASSERT_EQ(documents.size(), 3U);
  EXPECT_THAT(documents.text(0), StartsWith("-- People who buy.\nCREATE TABLE"));
  EXPECT_THAT(documents.text(0), HasSubstr("what they said"));
  EXPECT_THAT(documents.text(1), HasSubstr("REFERENCES customers"));
  EXPECT_THAT(error_of("SELECT 1;", "x.sql"), HasSubstr("creates no table"));
}

TEST(Sqlite, TheTablesOfAFile) {
  const auto path =
      std::filesystem::temp_directory_path() / fmt::format("podium-{}.db", ::getpid());
  std::filesystem::remove(path);
  sqlite3* database = nullptr;
  ASSERT_EQ(sqlite3_open(path.c_str(), &database), SQLITE_OK);
  const char* sql =
      "CREATE TABLE a (x INTEGER PRIMARY KEY AUTOINCREMENT); CREATE VIEW b AS SELECT x FROM a;";
  ASSERT_EQ(sqlite3_exec(database, sql, nullptr, nullptr, nullptr), SQLITE_OK);
  sqlite3_close(database);
  std::ifstream stream(path, std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(stream), {}};
  for (const auto format : {InputFormat::automatic, InputFormat::sql}) {
    EXPECT_THAT(read(bytes, path.string(), {.format = format}).names, ElementsAre("a", "b"));
  }
  std::ofstream(path, std::ios::binary) << bytes.replace(100, bytes.size() - 100, 4000, 'x');
  EXPECT_THAT(error_of(bytes, path.string()), HasSubstr("cannot read the schema"));
  std::filesystem::remove(path);
}

constexpr const char* kText = "get_weather: How is the weather?\nplace: a city\nunit (C, F)";

TEST(Tools, OneTextForEveryProvider) {
  const std::string schema =
      R"({"properties":{"place":{"description":"a city"},"unit":{"enum":["C","F"]}}})";
  const std::string about = R"("name":"get_weather","description":"How is the weather?",)";
  for (const std::string& input : {
           R"({"tools":[{)" + about + R"("inputSchema":)" + schema + "}]}",
           R"({"jsonrpc":"2.0","id":1,"result":{"tools":[{)" + about + R"("inputSchema":)" +
               schema + "}]}}",
           R"([{)" + about + R"("input_schema":)" + schema + "}]",
           R"([{"type":"function","function":{)" + about + R"("parameters":)" + schema + "}}]",
           R"({"functions":[{"type":"function",)" + about + R"("parameters":)" + schema + "}]}",
           R"([{"functionDeclarations":[{)" + about + R"("parameters":)" + schema + "}]}]",
       }) {
    const auto documents = read(input, "x.json", {.format = InputFormat::tools});
    EXPECT_THAT(texts_of(documents), ElementsAre(kText)) << input;
    EXPECT_THAT(documents.names, ElementsAre("get_weather"));
    EXPECT_THAT(documents.json(0), HasSubstr("How is the weather?"));
  }
}

TEST(Tools, AreToldFromOtherJson) {
  EXPECT_EQ(read("{\"tools\":\n[{\"name\":\"a\"}]}", "x.json").format, InputFormat::tools);
  EXPECT_EQ(read(R"({"tools":[{"name":"a"}]})", "x.json").format, InputFormat::tools);
  EXPECT_EQ(read(R"({"tools":[{"name":"a"}],"text":"b"})", "x").format, InputFormat::jsonl);
  EXPECT_EQ(read("{\"text\":\"a\"}\n{\"text\":\"b\",\"tools\":[]}", "x.json").format,
            InputFormat::jsonl);
  EXPECT_THAT(error_of("[{\"description\":\"x\"}]", "t", {.format = InputFormat::tools}),
              HasSubstr("tool 1 has no name"));
  for (const char* none : {"{}", "[]", "7", "{\"tools\":[]}"}) {
    EXPECT_THAT(error_of(none, "t", {.format = InputFormat::tools}), HasSubstr("lists no tools"));
  }
  EXPECT_THAT(read(R"([{"type":"web_search"}])", "t", {.format = InputFormat::tools}).names,
              ElementsAre("web_search"));
}

TEST(Tools, OperationsOfOpenApi) {
  const auto documents = read(R"({"openapi":"3.1.0",
    "components":{"parameters":{"limit":{"name":"limit","description":"how many"}},
                  "schemas":{"Pet":{"properties":{"name":{"description":"its name"}}},"Loop":{"$ref":"#/components/schemas/Loop"}}},
    "paths":{"/pets":{"parameters":[{"name":"shop"}],
      "get":{"operationId":"listPets","summary":"List pets","parameters":[{"$ref":"#/components/parameters/limit"}]},
      "post":{"description":"Add one","requestBody":{"content":{"application/json":{"schema":{"$ref":"#/components/schemas/Pet"}}}}},
      "put":{"requestBody":{"content":{"application/json":{"schema":{"$ref":"#/components/schemas/Loop"}}}}}}}})",
                              "x.json");
  EXPECT_THAT(documents.names, ElementsAre("listPets", "PUT /pets", "POST /pets"));
  EXPECT_THAT(texts_of(documents),
              ElementsAre("listPets: List pets\nGET /pets\nshop\nlimit: how many",
                          "PUT /pets\nPUT /pets\nshop",
                          "POST /pets: Add one\nPOST /pets\nshop\nname: its name"));
  EXPECT_THAT(documents.json(0),
              StartsWith(R"({"method":"get","path":"/pets","operation":{"operationId")"));
}

}  // namespace
}  // namespace podium::documents

#include "base/json.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

namespace podium::json {
namespace {

Document parse(std::string_view text) { return Document::parse(text, "text").value(); }

// The text read and written back.
std::string again(std::string_view text) { return parse(text).root().to_text(); }

TEST(Json, ReadsEveryType) {
  const Document document = parse(
      R"({"s":"a\u00e9\n","i":-3,"u":18446744073709551615,"d":1.5,"t":true,"n":null,"a":[1,2]})");
  const Value root = document.root();
  EXPECT_EQ(root.type(), Value::Type::object);
  EXPECT_EQ(root.size(), 7U);
  EXPECT_EQ(root.find("s")->as_string(), "aé\n");
  EXPECT_EQ(root.find("i")->as_int(), -3);
  EXPECT_EQ(root.find("i")->as_uint(), std::nullopt);
  EXPECT_EQ(root.find("i")->as_double(), -3.0);
  EXPECT_EQ(root.find("u")->as_uint(), std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(root.find("u")->as_int(), std::nullopt);
  EXPECT_EQ(root.find("d")->as_double(), 1.5);
  EXPECT_EQ(root.find("d")->as_int(), std::nullopt);
  EXPECT_EQ(root.find("t")->as_bool(), true);
  EXPECT_TRUE(root.find("n")->is_null());
  EXPECT_EQ(root.find("a")->size(), 2U);
  EXPECT_FALSE(root.find("missing"));
}

TEST(Json, AnswersNothingForTheWrongType) {
  const Document document = parse(R"("text")");
  const Value root = document.root();
  EXPECT_FALSE(root.find("key"));
  EXPECT_FALSE(root.as_double());
  EXPECT_FALSE(root.as_bool());
  EXPECT_EQ(root.size(), 0U);
  root.for_each_element([](Value) { return ADD_FAILURE(), true; });
  root.for_each_member([](std::string_view, Value) { return ADD_FAILURE(), true; });
}

TEST(Json, WalksInOrderUntilToldToStop) {
  const Document document = parse(R"({"b":1,"a":2,"b":3,"c":4})");
  std::string seen;
  document.root().for_each_member([&](std::string_view key, Value value) {
    seen += fmt::format("{}{} ", key, *value.as_int());
    return value.as_int() != 3;
  });
  EXPECT_EQ(seen, "b1 a2 b3 ");
  EXPECT_EQ(document.root().find("b")->as_int(), 1);  // the first of two
}

TEST(Json, OutlivesTheTextAndAMove) {
  std::string text = R"(["kept"])";
  Document first = parse(text);
  text.assign(text.size(), 'x');
  const Document second = std::move(first);
  second.root().for_each_element([](Value value) {
    EXPECT_EQ(value.as_string(), "kept");
    return true;
  });
}

TEST(Json, NamesTheTextThatIsNotJson) {
  for (const char* text : {"", " ", "{", "[1,]", "{\"a\" 1}", "nul", "1 2", "\"\xff\"", "01",
                           "\"\\ud800\"", "[1e999]", "[12345678901234567890123x]"}) {
    const auto document = Document::parse(text, "line 3");
    ASSERT_FALSE(document) << text;
    EXPECT_EQ(document.error().code, ErrorCode::malformed);
    EXPECT_TRUE(document.error().message.starts_with("line 3 is not valid JSON: "))
        << document.error().message;
  }
}

TEST(Json, LimitsTheDepth) {
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  EXPECT_TRUE(Document::parse(nested(1000), "text"));
  EXPECT_FALSE(Document::parse(nested(1025), "text"));
  EXPECT_FALSE(Document::parse(nested(1'000'000), "text"));
}

// Beyond 64 bits an integer is a double, as most readers take it; strings stay as they are.
TEST(Json, ReadsBigIntegersAsDoubles) {
  const Document document = parse(
      R"({"1000000000000000019884624838656":["\"18446744073709551616",18446744073709551616,-9223372036854775809,9223372036854775807]})");
  const auto list = document.root().find("1000000000000000019884624838656");
  ASSERT_TRUE(list);
  std::vector<double> numbers;
  list->for_each_element([&](Value value) {
    if (const auto number = value.as_double()) numbers.push_back(*number);
    if (!value.as_double()) {
      EXPECT_EQ(value.as_string(), "\"18446744073709551616");
    }
    return true;
  });
  EXPECT_EQ(numbers, (std::vector{0x1p64, -0x1p63, 0x1p63}));
  EXPECT_EQ(parse("1000000000000000019884624838656").root().as_double(), 1e30);
}

TEST(Json, WritesBackWhatItRead) {
  EXPECT_EQ(again(" { \"a\" : [ 1 , -2 , 0.5 , true , null , \"x\\\"\\n\\u0001é\" ] } "),
            "{\"a\":[1,-2,0.5,true,null,\"x\\\"\\n\\u0001é\"]}");
  EXPECT_EQ(again("18446744073709551615"), "18446744073709551615");
}

TEST(JsonWriter, SeparatesAndEscapes) {
  std::string out;
  Writer writer(out);
  writer.begin_object().key("a\"b").value("tab\t\\\r\n\x01é").key("list").begin_array();
  writer.value(1).value(std::uint64_t{18446744073709551615U}).value(std::int64_t{-5});
  writer.value(true).null().raw("{\"x\":1}").begin_array().end_array().begin_object().end_object();
  writer.end_array().key("n").value(0.1).end_object();
  EXPECT_EQ(
      out,
      "{\"a\\\"b\":\"tab\\t\\\\\\r\\n\\u0001é\",\"list\":[1,18446744073709551615,-5,true,null,"
      "{\"x\":1},[],{}],\"n\":0.1}");
  EXPECT_EQ(again(out), out);
}

TEST(JsonWriter, WritesDoublesThatReadBackEqual) {
  for (const double number : {0.1, -0.0, 1e300, 5e-324, 1.0 / 3, 123456789012345680.0, 1e-7}) {
    std::string out;
    Writer(out).value(number);
    const auto back = parse(out).root().as_double();
    ASSERT_TRUE(back) << out;
    EXPECT_EQ(std::signbit(*back), std::signbit(number));
    EXPECT_EQ(*back, number);
  }
  std::string out;
  Writer(out)
      .begin_array()
      .value(std::nan(""))
      .value(std::numeric_limits<double>::infinity())
      .end_array();
  EXPECT_EQ(out, "[null,null]");
}

TEST(JsonWriter, RepairsInvalidUtf8) {
  std::string out;
  Writer(out).value(std::string_view("a\xFF"));
  EXPECT_EQ(out, "\"a\xEF\xBF\xBD\"");
}

}  // namespace
}  // namespace podium::json

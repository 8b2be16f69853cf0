#include "base/json_slices.h"

#include <gtest/gtest.h>

#include "base/json.h"

namespace podium::json {
namespace {

// The slices and the JSON parser must agree on what is a valid array of documents.
TEST(JsonSlices, AcceptExactlyValidArrays) {
  const std::string whole = "[ \"a,]\\\"\" , {\"text\": \"[{\", \"n\": [1, [2]]} ,\"\\\\\" ]";
  for (std::size_t length = 0; length <= whole.size(); ++length) {
    for (const char* tail : {"", "]", "}", "\"", ",", "[", "\"]"}) {
      const std::string input = whole.substr(0, length) + tail;
      if (!trim(input).starts_with('[')) continue;
      const ArraySlices slices = slice_array(input);
      bool accepted = slices.end == ArraySlices::End::closed;
      for (const auto slice : slices.elements) {
        accepted = accepted && Document::parse(slice, "").has_value();
      }
      EXPECT_EQ(accepted, Document::parse(input, "").has_value()) << input;
    }
  }
}

TEST(JsonSlices, LoneSurrogates) {
  EXPECT_EQ(find_lone_surrogate("\"\\ud83d\\ude00\""), std::nullopt);
  EXPECT_EQ(find_lone_surrogate("\"\\\\ud800\""), std::nullopt);
  EXPECT_EQ(find_lone_surrogate("\"\\u00e9\\u\""), std::nullopt);
  EXPECT_EQ(find_lone_surrogate("\"\\ud83d\\u0041\""), "\\ud83d");
  EXPECT_EQ(find_lone_surrogate("\"\\uDE00\\ud83d\""), "\\uDE00");
  EXPECT_EQ(find_lone_surrogate("\"\\ud800"), "\\ud800");
}

TEST(JsonSlices, MembersAsWritten) {
  constexpr std::string_view kText =
      R"({"a": {"b": 1, "c": [2]}, "s": "b: {", "b" : 1.50 ,"b": 2, "c":[1 , {"d":"]"}]})";
  EXPECT_EQ(slice_member(kText, "a"), R"({"b": 1, "c": [2]})");
  EXPECT_EQ(slice_member(kText, "s"), R"("b: {")");
  EXPECT_EQ(slice_member(kText, "b"), "1.50") << "the first of two, of the outer object";
  EXPECT_EQ(slice_member(kText, "c"), R"([1 , {"d":"]"}])");
  EXPECT_EQ(slice_member(kText, "d"), std::nullopt);
  EXPECT_EQ(slice_member(R"({"x":"b","b":true})", "b"), "true") << "a value is no name";
  EXPECT_EQ(slice_member("{}", "b"), std::nullopt);
}

}  // namespace
}  // namespace podium::json

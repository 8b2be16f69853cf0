// A broken tokenizer.json is an error that says what is wrong.
#include <gtest/gtest.h>

#include "fixtures.h"

namespace podium::text {
namespace {

constexpr std::string_view kModel =
    R"("model":{"type":"Unigram","unk_id":0,"vocab":[["<unk>",0],["a",-1]]})";

std::string with(std::string_view field) {
  return fmt::format("{{{}{}{}}}", field, field.empty() ? "" : ",", kModel);
}
std::string unigram(std::string_view fields) {
  return fmt::format(R"({{"model":{{"type":"Unigram",{}}}}})", fields);
}
std::string wordpiece(std::string_view fields) {
  return fmt::format(R"({{"model":{{"type":"WordPiece",{}}}}})", fields);
}
std::string bpe(std::string_view fields) {
  return fmt::format(R"({{"model":{{"type":"BPE",{}}}}})", fields);
}
std::string pre_tokenizer(std::string_view spec) {
  return with(fmt::format(R"("pre_tokenizer":{})", spec));
}
std::string normalizer(std::string_view spec) {
  return with(fmt::format(R"("normalizer":{})", spec));
}
std::string post_processor(std::string_view spec) {
  return with(fmt::format(R"("post_processor":{})", spec));
}
std::string charsmap(std::string_view base64) {
  return normalizer(fmt::format(R"({{"type":"Precompiled","precompiled_charsmap":"{}"}})", base64));
}

struct Broken {
  std::string json;
  std::string said;  // a part of the message
  ErrorCode code = ErrorCode::malformed;
};

const std::vector<Broken>& broken_files() {
  static const std::vector<Broken> files = {
      {"", "not valid JSON"},
      {"{\"model\":", "not valid JSON"},
      {"[]", "not a JSON object"},
      {"{}", "\"model\""},
      {R"({"model":7})", "an object as \"model\""},
      {R"({"model":{"type":"Words"}})", "\"Words\"", ErrorCode::unsupported},
      {R"({"model":{"merges":[],"vocab":{}}})", "is empty"},
      {bpe(R"("merges":[])"), "\"vocab\""},
      {bpe(R"("vocab":{"a":0})"), "\"merges\""},
      {bpe(R"("vocab":{"a":0},"merges":{})"), "an array as \"merges\""},
      {bpe(R"("vocab":{"a":0},"merges":["a"])"), "no pair of tokens: \"a\""},
      {bpe(R"("vocab":{"a":0},"merges":["a a a"])"), "no pair of tokens"},
      {bpe(R"("vocab":{"a":0},"merges":[["a"]])"), "no pair of tokens"},
      {bpe(R"("vocab":{"a":0},"merges":[["a",1]])"), "no pair of tokens"},
      {bpe(R"("vocab":{"a":0},"merges":[7])"), "no pair of tokens"},
      {bpe(R"("vocab":{"a":0,"ab":1},"merges":["a b"])"), "the vocabulary lacks"},
      {bpe(R"("vocab":{"a":0,"b":1},"merges":["a b"])"), "cannot join"},
      {bpe(R"("vocab":{"a":0,"b":0},"merges":[])"), "the same id"},
      {bpe(R"("unk_token":"?","vocab":{"a":0},"merges":[])"), "lacks its unk_token"},
      {bpe(R"("dropout":0.1,"vocab":{"a":0},"merges":[])"), "dropout", ErrorCode::unsupported},
      {pre_tokenizer(R"({"type":"Split"})"), "\"pattern\""},
      {pre_tokenizer(R"({"type":"Split","pattern":{"String":""}})"), "empty pattern"},
      {pre_tokenizer(R"({"type":"Split","pattern":{"Regex":"a*?"}})"), "a*?",
       ErrorCode::unsupported},
      {pre_tokenizer(R"({"type":"Split","pattern":{"String":" "},"invert":true})"), "inverts",
       ErrorCode::unsupported},
      {post_processor(R"({"type":"Sequence","processors":[{"type":"X"}]})"), "\"X\"",
       ErrorCode::unsupported},
      {unigram(R"("unk_id":0)"), "\"vocab\""},
      {unigram(R"("unk_id":0,"vocab":{})"), "an array as \"vocab\""},
      {unigram(R"("unk_id":0,"vocab":[])"), "is empty"},
      {unigram(R"("vocab":[["a",0]])"), "\"unk_id\""},
      {unigram(R"("unk_id":1,"vocab":[["a",0]])"), "unk_id 1 outside"},
      {unigram(R"("unk_id":-1,"vocab":[["a",0]])"), "unk_id -1 outside"},
      {unigram(R"("unk_id":0,"vocab":[["a",0],["b"]])"), "element 1"},
      {unigram(R"("unk_id":0,"vocab":[["a",0],["b",0,0]])"), "element 1"},
      {unigram(R"("unk_id":0,"vocab":[["a",null]])"), "element 0"},
      {unigram(R"("unk_id":0,"vocab":[["a",1e300]])"), "finite"},
      {unigram(R"("unk_id":0,"vocab":["a"])"), "element 0"},
      {wordpiece(R"("unk_token":"[UNK]")"), "\"vocab\""},
      {wordpiece(R"("vocab":{})"), "is empty"},
      {wordpiece(R"("vocab":{"a":0})"), "lacks its unk_token"},
      {wordpiece(R"("vocab":{"[UNK]":0,"a":0})"), "the same id"},
      {wordpiece(R"("vocab":{"[UNK]":-1})"), "sensible id"},
      {wordpiece(R"("vocab":{"[UNK]":4000000000})"), "sensible id"},
      {wordpiece(R"("vocab":{"[UNK]":0.5})"), "sensible id"},
      {wordpiece(R"("vocab":{"[UNK]":0},"max_input_chars_per_word":-1)"), "negative"},
      {normalizer(R"({"type":"Magic"})"), "\"Magic\"", ErrorCode::unsupported},
      {normalizer(R"({})"), "\"type\""},
      {normalizer(R"("NFC")"), "an object as \"normalizer\""},
      {normalizer(R"({"type":"Sequence"})"), "\"normalizers\""},
      {normalizer(R"({"type":"Sequence","normalizers":[{"type":"NFC"},{"type":"X"}]})"),
       "normalizer[1]", ErrorCode::unsupported},
      {normalizer(R"({"type":"Replace","pattern":{"Regex":"[ab]"},"content":""})"), "[ab]",
       ErrorCode::unsupported},
      {normalizer(R"({"type":"Replace","pattern":{"String":""},"content":"x"})"), "empty pattern"},
      {charsmap("****"), "base64"},
      {charsmap("AAA"), "base64"},
      {charsmap(""), "too short"},
      {charsmap("AAAAAA=="), "cannot hold"},
      {charsmap("/////wAAAAA="), "cannot hold"},
      {charsmap("BAAAAAAAAAD/"), "not UTF-8"},
      {with(R"("pre_tokenizer":{"type":"Bytes"})"), "\"Bytes\"", ErrorCode::unsupported},
      {with(R"("pre_tokenizer":{"type":"Metaspace"})"), "\"replacement\""},
      {with(R"("pre_tokenizer":{"type":"Metaspace","replacement":"ab"})"), "one character"},
      {with(R"("pre_tokenizer":{"type":"Metaspace","replacement":"_","prepend_scheme":"maybe"})"),
       "maybe"},
      {with(R"("added_tokens":{})"), "an array as \"added_tokens\""},
      {with(R"("added_tokens":[{"content":"x"}])"), "\"id\""},
      {with(R"("added_tokens":[{"id":2,"content":""}])"), "empty"},
      {with(R"("added_tokens":[{"id":99999999,"content":"x"}])"), "99999999"},
      {with(R"("added_tokens":[{"id":0,"content":"a"}])"), "contradicts"},
      {with(R"("added_tokens":[{"id":1,"content":"x"}])"), "contradicts"},
      {with(R"("added_tokens":[{"id":2,"content":"x"},{"id":2,"content":"y"}])"), "share id 2"},
      {with(R"("added_tokens":[{"id":2,"content":"x","special":"yes"}])"), "true or false"},
      {post_processor(R"({"type":"TemplateProcessing"})"), "special_tokens"},
      {post_processor(
           R"({"type":"TemplateProcessing","special_tokens":{},"single":[{"SpecialToken":{"id":"<s>"}}],"pair":[]})"),
       "lacks \"<s>\""},
      {post_processor(R"({"type":"TemplateProcessing","special_tokens":{},"single":[],"pair":[]})"),
       "sequence A once"},
      {post_processor(
           R"({"type":"TemplateProcessing","special_tokens":{},"single":[{"Sequence":{"id":"A","type_id":900}}],"pair":[]})"),
       "type_id"},
      {post_processor(
           R"({"type":"TemplateProcessing","special_tokens":{},"single":[{"Sequence":{"id":"C"}}],"pair":[]})"),
       "other than A and B"},
      {post_processor(R"({"type":"BertProcessing","sep":["[SEP]",5],"cls":["[CLS]",0]})"),
       "uses id 5"},
      {post_processor(R"({"type":"BertProcessing","sep":["[SEP]"],"cls":["[CLS]",0]})"),
       "sensible id"},
      {post_processor(R"({"type":"Bytes"})"), "\"Bytes\"", ErrorCode::unsupported},
  };
  return files;
}

TEST(BrokenJson, IsAnErrorThatSaysWhatIsWrong) {
  for (const Broken& broken : broken_files()) {
    const auto tokenizer = Tokenizer::from_json(broken.json);
    ASSERT_FALSE(tokenizer) << broken.json;
    EXPECT_NE(tokenizer.error().message.find(broken.said), std::string::npos)
        << broken.json << "\n says: " << tokenizer.error().message;
    EXPECT_EQ(tokenizer.error().code, broken.code) << broken.json;
  }
}

TEST(BrokenJson, UnknownPartsAreToldTheKnownOnes) {
  const auto tokenizer = Tokenizer::from_json(R"({"model":{"type":"Words"}})");
  ASSERT_FALSE(tokenizer);
  EXPECT_NE(tokenizer.error().hint.find("BPE, Unigram, WordPiece"), std::string::npos);
}

TEST(BrokenJson, ACutFileIsAnError) {
  const std::string good = read_data("wordpiece.json");
  for (std::size_t size = 0; size + 2 < good.size(); size += 997) {
    EXPECT_FALSE(Tokenizer::from_json(std::string_view(good).substr(0, size))) << size;
  }
}

// A trie whose units point anywhere matches nothing there, and reads nothing outside.
TEST(BrokenJson, ACharsmapWithOffsetsOutsideIsHarmless) {
  // One unit with the largest offset; one with a leaf far away; replacements "x".
  for (const auto* base64 : {"BAAAAP////94AA==", "BAAAAAAB//94AA==", "CAAAAAAEAAD/////eAA="}) {
    const auto tokenizer = Tokenizer::from_json(charsmap(base64));
    ASSERT_TRUE(tokenizer) << tokenizer.error().message;
    EXPECT_EQ(encode(*tokenizer, "aéa").offsets.size(), 3U);
  }
}

// Replacements that feed each other must not eat all memory.
TEST(BrokenJson, NormalizersCannotBlowUpAText) {
  std::string parts;
  for (int i = 0; i < 40; ++i) {
    parts += R"({"type":"Replace","pattern":{"String":"a"},"content":"aaaaaaaaaaaaaaaa"},)";
  }
  parts.pop_back();
  const auto tokenizer = Tokenizer::from_json(
      normalizer(fmt::format(R"({{"type":"Sequence","normalizers":[{}]}})", parts)));
  ASSERT_TRUE(tokenizer);
  EXPECT_LT(encode(*tokenizer, "aaa").ids.size(), 100000U);
}

}  // namespace
}  // namespace podium::text

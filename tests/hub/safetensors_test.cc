#include "hub/safetensors.h"

#include <string>

#include "model_files.h"

namespace podium::hub {
namespace {

const char* const kFile = "w.safetensors";

Result<SafetensorsFile> read(std::string_view file) {
  return read_safetensors(bytes_of(file), kFile);
}

Result<SafetensorsFile> read(std::string_view header, std::size_t data_bytes) {
  return read(safetensors(header, std::string(data_bytes, 'x')));
}

std::string entry(std::string_view dtype, std::string_view shape, std::string_view offsets) {
  return fmt::format(R"({{"dtype":"{}","shape":{},"data_offsets":{}}})", dtype, shape, offsets);
}

// A header of one tensor named "w".
std::string one(std::string_view dtype, std::string_view shape, std::string_view offsets) {
  return R"({"w":)" + entry(dtype, shape, offsets) + "}";
}

TEST(Safetensors, ReadsTensorsInTheOrderOfTheirBytes) {
  const auto file =
      safetensors(R"({"__metadata__":{"format":"pt"},"late":)" + entry("BF16", "[2,2]", "[4,12]") +
                      R"(,"\u00e9arly":)" + entry("F32", "[]", "[0,4]") + "}   ",
                  "abcdefghijkl");
  const auto read_back = read(file);
  ASSERT_TRUE(read_back) << read_back.error().message;
  const auto& tensors = read_back->tensors;
  ASSERT_EQ(tensors.size(), 2U);
  EXPECT_EQ(tensors[0].name, "éarly");
  EXPECT_EQ(tensors[0].dtype, DType::f32);
  EXPECT_EQ(tensors[0].elements(), 1U);
  EXPECT_EQ(tensors[1].name, "late");
  EXPECT_EQ(tensors[1].shape_text(), "[2, 2]");
  EXPECT_EQ(tensors[1].elements(), 4U);
  EXPECT_EQ(static_cast<char>(tensors[1].bytes[0]), 'e');
  EXPECT_EQ(static_cast<const void*>(tensors[1].bytes.data()), file.data() + file.size() - 8);
}

TEST(Safetensors, ReadsEmptyTensorsAndEmptyFiles) {
  EXPECT_TRUE(read("{}", 0));
  const auto with_empty = read(
      R"({"a":)" + entry("F32", "[0,3]", "[4,4]") + R"(,"b":)" + entry("U8", "[4]", "[0,4]") + "}",
      4);
  ASSERT_TRUE(with_empty) << with_empty.error().message;
  EXPECT_EQ(with_empty->tensors[1].elements(), 0U);
}

TEST(Safetensors, RefusesFilesThatAreTooShort) {
  EXPECT_TRUE(fails_with(read(""), ErrorCode::malformed, {kFile, "0 bytes", "too short"}));
  EXPECT_TRUE(fails_with(read("1234567"), ErrorCode::malformed, {kFile, "7 bytes"}));
}

TEST(Safetensors, RefusesHeaderLengthsBeyondTheFile) {
  std::string file = safetensors("{}", "");
  file[0] = 3;
  EXPECT_TRUE(fails_with(read(file), ErrorCode::malformed, {kFile, "claims 3 bytes", "only 2"}));
  file[7] = '\xff';
  EXPECT_TRUE(
      fails_with(read(file), ErrorCode::malformed, {kFile, "safetensors allows 100000000"}));
}

TEST(Safetensors, RefusesHeadersOfMoreThan100MegabytesEvenIfTheyAreThere) {
  const std::string header = "{" + std::string(kMaxSafetensorsHeader, ' ') + "}";
  EXPECT_TRUE(fails_with(read(header, 0), ErrorCode::malformed, {kFile, "100000002"}));
}

TEST(Safetensors, RecognisesGitLfsPointers) {
  EXPECT_TRUE(fails_with(read("version https://git-lfs.github.com/spec/v1\noid sha256:1\n"),
                         ErrorCode::malformed, {"Git LFS pointer", "git lfs pull"}));
}

TEST(Safetensors, RefusesHeadersThatAreNoJsonObject) {
  EXPECT_TRUE(fails_with(read("{\"w\":", 0), ErrorCode::malformed, {kFile, "not valid JSON"}));
  EXPECT_TRUE(fails_with(read("", 0), ErrorCode::malformed, {kFile, "not valid JSON"}));
  EXPECT_TRUE(fails_with(read("[1]", 0), ErrorCode::malformed, {kFile, "not a JSON object"}));
  EXPECT_TRUE(fails_with(read("{\"\xff\":1}", 0), ErrorCode::malformed, {kFile, "UTF-8"}));
}

TEST(Safetensors, RefusesDuplicateKeys) {
  const std::string w = R"("w":)" + entry("U8", "[1]", "[0,1]");
  EXPECT_TRUE(fails_with(read("{" + w + "," + w + "}", 1), ErrorCode::malformed,
                         {kFile, "tensor w", "twice"}));
  EXPECT_TRUE(
      fails_with(read(R"({"w":{"dtype":"U8","shape":[1],"shape":[1],"data_offsets":[0,1]}})", 1),
                 ErrorCode::malformed, {kFile, "tensor w", "\"shape\" twice"}));
}

TEST(Safetensors, RefusesEntriesThatAreNotWhatTheFormatSays) {
  EXPECT_TRUE(fails_with(read(R"({"w":3})", 0), ErrorCode::malformed, {"tensor w", "object"}));
  EXPECT_TRUE(fails_with(read(R"({"w":{}})", 0), ErrorCode::malformed, {"tensor w", "no dtype"}));
  EXPECT_TRUE(fails_with(read(R"({"w":{"dtype":"U8"}})", 0), ErrorCode::malformed, {"\"shape\""}));
  EXPECT_TRUE(fails_with(read(R"({"w":{"dtype":"U8","shape":[1]}})", 1), ErrorCode::malformed,
                         {"tensor w", "\"data_offsets\""}));
  EXPECT_TRUE(fails_with(read(one("U8", "[-1]", "[0,1]"), 1), ErrorCode::malformed,
                         {"tensor w", "\"shape\"", "not all sizes"}));
  EXPECT_TRUE(
      fails_with(read(one("U8", "[1.5]", "[0,1]"), 1), ErrorCode::malformed, {"\"shape\""}));
  EXPECT_TRUE(fails_with(read(one("U8", "[1]", "[0,1,1]"), 1), ErrorCode::malformed,
                         {"tensor w", "two data_offsets"}));
}

TEST(Safetensors, RefusesUnknownTypes) {
  EXPECT_TRUE(fails_with(read(one("F8_E4M3", "[1]", "[0,1]"), 1), ErrorCode::unsupported,
                         {kFile, "tensor w", "F8_E4M3"}));
}

TEST(Safetensors, RefusesShapesThatAreNotTheBytes) {
  EXPECT_TRUE(fails_with(read(one("F32", "[2,3]", "[0,20]"), 20), ErrorCode::malformed,
                         {kFile, "tensor w", "[2, 3]", "F32", "needs 24 bytes but has 20"}));
  EXPECT_TRUE(fails_with(read(one("F32", "[2,3]", "[0,28]"), 28), ErrorCode::malformed,
                         {"tensor w", "needs 24 bytes but has 28"}));
}

TEST(Safetensors, RefusesShapesWhoseProductOverflows) {
  EXPECT_TRUE(fails_with(read(one("F32", "[4294967296,4294967296]", "[0,0]"), 0),
                         ErrorCode::malformed, {"tensor w", "impossible shape"}));
  EXPECT_TRUE(fails_with(read(one("F32", "[4611686018427387904]", "[0,0]"), 0),
                         ErrorCode::malformed, {"tensor w", "impossible shape"}));
}

TEST(Safetensors, RefusesOffsetsThatLie) {
  EXPECT_TRUE(fails_with(read(one("U8", "[1]", "[2,1]"), 4), ErrorCode::malformed,
                         {"tensor w", "ends at byte 1 before it begins at 2"}));
  EXPECT_TRUE(fails_with(read(one("U8", "[5]", "[0,5]"), 4), ErrorCode::malformed,
                         {"tensor w", "ends at byte 5 of 4", "cut off"}));
  EXPECT_TRUE(fails_with(read(one("U8", "[1]", "[18446744073709551615,18446744073709551615]"), 4),
                         ErrorCode::malformed, {"tensor w", "cut off"}));
}

TEST(Safetensors, RefusesOverlapsAndGaps) {
  const auto two = [](std::string_view a, std::string_view b) {
    return R"({"a":)" + entry("U8", "[2]", a) + R"(,"b":)" + entry("U8", "[2]", b) + "}";
  };
  EXPECT_TRUE(read(two("[0,2]", "[2,4]"), 4));
  EXPECT_TRUE(fails_with(read(two("[0,2]", "[1,3]"), 3), ErrorCode::malformed,
                         {kFile, "tensor b overlaps tensor a"}));
  EXPECT_TRUE(fails_with(read(two("[0,2]", "[3,5]"), 5), ErrorCode::malformed,
                         {kFile, "tensor b", "1 bytes unused before it"}));
  EXPECT_TRUE(fails_with(read(two("[0,2]", "[2,4]"), 9), ErrorCode::malformed,
                         {kFile, "5 bytes after the last tensor"}));
}

}  // namespace
}  // namespace podium::hub

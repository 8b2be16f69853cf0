#include "base/mapped_file.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <fstream>
#include <string>

namespace podium {
namespace {

class MappedFiles : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "podium-test-XXXXXX").string();
    directory_ = mkdtemp(pattern.data());
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  std::filesystem::path write(const std::string& contents) {
    const auto path = directory_ / "file";
    std::ofstream(path, std::ios::binary) << contents;
    return path;
  }

  std::filesystem::path directory_;
};

TEST_F(MappedFiles, ShowsTheBytes) {
  const std::string contents("a\0b\n", 4);
  const auto file = MappedFile::open(write(contents));
  ASSERT_TRUE(file);
  EXPECT_EQ(file->text(), contents);
  EXPECT_EQ(file->bytes().size(), 4U);
}

TEST_F(MappedFiles, OpensAnEmptyFile) {
  const auto file = MappedFile::open(write(""));
  ASSERT_TRUE(file);
  EXPECT_TRUE(file->bytes().empty());
}

TEST_F(MappedFiles, KeepsItsAddressWhenMoved) {
  auto first = MappedFile::open(write("first"));
  ASSERT_TRUE(first);
  const auto* address = first->bytes().data();
  MappedFile moved = *std::move(first);
  EXPECT_EQ(moved.bytes().data(), address);
  auto second = MappedFile::open(write("second"));
  ASSERT_TRUE(second);
  moved = *std::move(second);
  EXPECT_EQ(moved.text(), "second");
}

TEST_F(MappedFiles, NamesWhatCannotBeOpened) {
  const auto missing = MappedFile::open(directory_ / "none");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::not_found);
  EXPECT_EQ(missing.error().message,
            "cannot open " + (directory_ / "none").string() + ": No such file or directory");
  const auto directory = MappedFile::open(directory_);
  ASSERT_FALSE(directory);
  EXPECT_EQ(directory.error().code, ErrorCode::io);
  EXPECT_TRUE(directory.error().message.ends_with(": Is a directory"));
  const auto device = MappedFile::open("/dev/null");
  ASSERT_FALSE(device);
  EXPECT_EQ(device.error().code, ErrorCode::io);
}

}  // namespace
}  // namespace podium

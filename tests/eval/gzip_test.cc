#include "eval/gzip.h"

#include <zlib.h>

#include "eval/scratch.h"

namespace podium::eval {
namespace {

class Gzip : public Scratch {
 protected:
  std::filesystem::path compress(const std::string& name, const std::string& contents,
                                 const char* mode = "wb") const {
    const auto path = root_ / name;
    gzFile file = ::gzopen(path.c_str(), mode);
    ::gzwrite(file, contents.data(), static_cast<unsigned>(contents.size()));
    ::gzclose(file);
    return path;
  }
};

TEST_F(Gzip, ReadsPlainFiles) {
  EXPECT_EQ(read_plain_or_gzip(write("plain", "a\nb")).value(), "a\nb");
  EXPECT_EQ(read_plain_or_gzip(write("empty", "")).value(), "");
}

TEST_F(Gzip, ReadsCompressedFilesWhateverTheirName) {
  std::string large;
  for (int i = 0; i < 100000; ++i) large += std::to_string(i);
  EXPECT_EQ(read_plain_or_gzip(compress("large.gz", large)).value(), large);
  EXPECT_EQ(read_plain_or_gzip(compress("named-otherwise", large)).value(), large);
}

TEST_F(Gzip, ReadsAllMembersOfAConcatenation) {
  compress("two.gz", "one ");
  EXPECT_EQ(read_plain_or_gzip(compress("two.gz", "two", "ab")).value(), "one two");
}

TEST_F(Gzip, RefusesDataThatEndEarlyOrAreDamaged) {
  std::string large;
  for (int i = 0; i < 20000; ++i) large += std::to_string(i * 7919);
  const std::string whole = [&] {
    std::ifstream file(compress("whole.gz", large), std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), {});
  }();
  for (const std::size_t size : {std::size_t{12}, whole.size() / 2, whole.size() - 4}) {
    const auto cut = read_plain_or_gzip(write("cut.gz", whole.substr(0, size)));
    ASSERT_FALSE(cut) << size;
    EXPECT_EQ(cut.error().code, ErrorCode::malformed);
    EXPECT_NE(cut.error().message.find("cut.gz is broken gzip data"), std::string::npos);
  }
  std::string damaged = whole;
  damaged[damaged.size() / 2] = static_cast<char>(damaged[damaged.size() / 2] ^ 0x55);
  EXPECT_FALSE(read_plain_or_gzip(write("damaged.gz", damaged)));
}

TEST_F(Gzip, NamesWhatCannotBeRead) {
  const auto missing = read_plain_or_gzip(root_ / "none");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::not_found);
  EXPECT_NE(missing.error().message.find((root_ / "none").string()), std::string::npos);
  const auto directory = read_plain_or_gzip(root_);
  ASSERT_FALSE(directory);
  EXPECT_EQ(directory.error().code, ErrorCode::io);
}

TEST_F(Gzip, FindsThePlainFileFirst) {
  compress("both.gz", "compressed");
  EXPECT_EQ(find_plain_or_gzip(root_ / "both"), root_ / "both.gz");
  write("both", "plain");
  EXPECT_EQ(find_plain_or_gzip(root_ / "both"), root_ / "both");
  EXPECT_EQ(find_plain_or_gzip(root_ / "neither"), std::nullopt);
}

}  // namespace
}  // namespace podium::eval

// A directory that is gone after the test, and the smallest set with every kind of file in it.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

namespace podium::eval {

class Scratch : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "podium-eval-XXXXXX").string();
    root_ = mkdtemp(pattern.data());
  }
  void TearDown() override { std::filesystem::remove_all(root_); }

  std::filesystem::path write(const std::filesystem::path& name, std::string_view contents) const {
    const auto path = root_ / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << contents;
    return path;
  }

  // Two queries, three documents; q2 has a relevant document outside the corpus.
  std::filesystem::path write_set(const std::string& name) const {
    write(name + "/queries.jsonl",
          "{\"id\": \"q1\", \"text\": \"one\"}\n{\"_id\": \"q2\", \"text\": \"two\"}\n");
    write(name + "/corpus.jsonl",
          "{\"id\": \"a\", \"text\": \"first\"}\n"
          "{\"_id\": \"b\", \"title\": \"Title\", \"text\": \"second\"}\n"
          "{\"id\": \"c\", \"title\": \"\", \"text\": \"third\"}\n");
    write(name + "/qrels.tsv", "query-id\tcorpus-id\tscore\nq1\ta\t2\nq1\tc\t0\nq2\tgone\t1\n");
    write(name + "/candidates.jsonl",
          "{\"id\": \"q2\", \"candidates\": []}\n\n{\"id\": \"q1\", \"candidates\": [\"c\", "
          "\"a\"]}\n");
    return root_ / name;
  }

  std::filesystem::path root_;
};

}  // namespace podium::eval

#include "eval/dataset.h"

#include <vector>

#include "eval/groups.h"
#include "eval/scratch.h"

namespace podium::eval {
namespace {

using Datasets = Scratch;

TEST_F(Datasets, ReadsASet) {
  const auto set = read_dataset(write_set("tiny"));
  ASSERT_TRUE(set) << set.error().message;
  EXPECT_EQ(set->name, "tiny");
  ASSERT_EQ(set->queries.size(), 2U);
  EXPECT_EQ(set->queries[0].text, "one");
  EXPECT_EQ(set->queries[0].candidates, (std::vector<std::uint32_t>{2, 0}));
  ASSERT_EQ(set->queries[0].judgments.size(), 2U);
  EXPECT_EQ(set->queries[0].judgments[0].document, "a");
  EXPECT_EQ(set->queries[0].judgments[0].grade, 2);
  EXPECT_EQ(set->queries[1].id, "q2");
  EXPECT_TRUE(set->queries[1].candidates.empty());
}

TEST_F(Datasets, PutsATitleBeforeTheText) {
  const auto set = read_dataset(write_set("tiny"));
  ASSERT_TRUE(set);
  EXPECT_EQ(set->documents[0].text, "first");
  EXPECT_EQ(set->documents[1].text, "Title\nsecond");
  EXPECT_EQ(set->documents[2].text, "third");
}

TEST_F(Datasets, AreNamedByTheirDirectoryHoweverItIsWritten) {
  EXPECT_EQ(read_dataset(write_set("tiny").string() + "/")->name, "tiny");
  EXPECT_EQ(read_dataset(root_ / "tiny" / ".")->name, "tiny");
}

TEST_F(Datasets, LeaveOutQueriesWithoutARelevantDocument) {
  const auto path = write_set("tiny");
  write("tiny/qrels.tsv", "q1\ta\t0\nq2\tb\t1\n");  // no header
  const auto set = read_dataset(path);
  ASSERT_TRUE(set) << set.error().message;
  ASSERT_EQ(set->queries.size(), 1U);
  EXPECT_EQ(set->queries[0].id, "q2");
  EXPECT_EQ(set->left_out, 1U);
}

TEST_F(Datasets, TakeAllDocumentsWhereNoCandidatesAreNamed) {
  const auto path = write_set("tiny");
  std::filesystem::remove(path / "candidates.jsonl");
  const auto set = read_dataset(path);
  ASSERT_TRUE(set);
  EXPECT_EQ(set->queries[1].candidates, (std::vector<std::uint32_t>{0, 1, 2}));
}

TEST_F(Datasets, TakeAnotherFileOfCandidates) {
  const auto path = write_set("tiny");
  const auto other = write("other.jsonl",
                           "{\"id\": \"q1\", \"candidates\": [\"b\"]}\n"
                           "{\"id\": \"q2\", \"candidates\": [\"a\"]}\n"
                           "{\"id\": \"q9\", \"candidates\": [\"not in the corpus\"]}\n");
  const auto set = read_dataset(path, other);
  ASSERT_TRUE(set) << set.error().message;
  EXPECT_EQ(set->queries[0].candidates, std::vector<std::uint32_t>{1});
  EXPECT_FALSE(read_dataset(path, root_ / "none.jsonl"));
}

// What is wrong, in which file, and what the error says after the file's name.
struct Broken {
  const char* file;
  const char* contents;
  const char* message;
};

TEST_F(Datasets, NameFileAndLineOfWhatIsWrong) {
  const std::vector<Broken> cases = {
      {"queries.jsonl", "{\"id\": \"q1\", \"text\": \"one\"}\n{\"id\": \"q1\", \"text\": \"x\"}\n",
       ", line 2: id q1 came before"},
      {"queries.jsonl", "\n{\"id\": \"q1\"}\n", ", line 2: there is no string \"text\""},
      {"queries.jsonl", "{\"text\": \"one\"}\n", ", line 1: there is no string \"_id\""},
      {"queries.jsonl", "{\"id\": \"\", \"text\": \"one\"}\n", ", line 1: the id is empty"},
      {"queries.jsonl", "{\"id\": 7, \"text\": \"one\"}\n", ", line 1: there is no string \"id\""},
      {"corpus.jsonl", "{\"id\": \"a\", \"text\": \"first\"}\n{\"id\": \"b\", \"te", ", line 2"},
      {"corpus.jsonl", "{\"id\": \"a\", \"text\": \"\xC3\"}\n", ", line 1"},
      {"corpus.jsonl", "[1]\n", ", line 1: this is no JSON object"},
      {"qrels.tsv", "q\tc\tscore\nq1\ta\tgood\n", ", line 2: the grade 'good' is no whole number"},
      {"qrels.tsv", "q\tc\tscore\nq1\ta\t0.5\n", ", line 2: the grade '0.5' is no whole number"},
      {"qrels.tsv", "q\tc\tscore\nq1 a 1\n", ", line 2: there are not three columns and tabs"},
      {"qrels.tsv", "q\tc\tscore\nq7\ta\t1\n", ", line 2: there is no query q7"},
      {"qrels.tsv", "q1\ta\t1\nq1\ta\t0\n", ", line 2: this pair was judged before"},
      {"qrels.tsv", "q\tc\tscore\nq1\ta\t0\n", " finds no query a relevant document"},
      {"candidates.jsonl", "{\"id\": \"q1\", \"candidates\": [\"a\", \"x\"]}\n",
       ", line 1: candidate x is not in the corpus"},
      {"candidates.jsonl", "{\"id\": \"q1\", \"candidates\": [\"a\", \"a\"]}\n",
       ", line 1: candidate a came before"},
      {"candidates.jsonl", "{\"id\": \"q1\", \"candidates\": [3]}\n",
       ", line 1: a candidate is no string"},
      {"candidates.jsonl", "{\"id\": \"q1\"}\n", ", line 1: there is no array \"candidates\""},
      {"candidates.jsonl",
       "{\"id\": \"q1\", \"candidates\": []}\n{\"id\": \"q1\", \"candidates\": []}\n",
       ", line 2: query q1 came before"},
      {"candidates.jsonl", "{\"id\": \"q1\", \"candidates\": [\"a\"]}\n",
       " has no line for query q2"},
  };
  for (const Broken& broken : cases) {
    const auto path = write_set("tiny");
    const auto file = write(std::string("tiny/") + broken.file, broken.contents);
    const auto set = read_dataset(path);
    ASSERT_FALSE(set) << broken.contents;
    EXPECT_EQ(set.error().code, ErrorCode::malformed);
    EXPECT_NE(set.error().message.find(file.string() + broken.message), std::string::npos)
        << set.error().message << "\nshould say: " << broken.message;
  }
}

TEST_F(Datasets, NameTheFileThatIsMissing) {
  for (const char* name : {"queries.jsonl", "corpus.jsonl", "qrels.tsv"}) {
    const auto path = write_set("tiny");
    std::filesystem::remove(path / name);
    const auto set = read_dataset(path);
    ASSERT_FALSE(set);
    EXPECT_EQ(set.error().code, ErrorCode::not_found);
    EXPECT_EQ(set.error().message, path.string() + " has no " + name);
  }
}

TEST_F(Datasets, AreFoundOneOrManyByName) {
  const auto b = write_set("b");
  const auto a = write_set("a");
  write("c/readme.txt", "no set");
  EXPECT_EQ(find_sets(b).value(), std::vector{b});
  EXPECT_EQ(find_sets(root_).value(), (std::vector{a, b}));
  EXPECT_EQ(find_sets(root_ / "c").error().code, ErrorCode::not_found);
  EXPECT_EQ(find_sets(root_ / "none").error().code, ErrorCode::not_found);
}

TEST_F(Datasets, AreGroupedInTheOrderOfTheFile) {
  const auto groups = read_groups(write("g.json", R"({"z": ["b", "a"], "y": []})"));
  ASSERT_TRUE(groups) << groups.error().message;
  ASSERT_EQ(groups->size(), 2U);
  EXPECT_EQ(groups->front().name, "z");
  EXPECT_EQ(groups->front().sets, (std::vector<std::string>{"b", "a"}));
  for (const char* broken :
       {"[]", R"({"z": "a"})", R"({"z": [1]})", R"({"z": ["a"], "y": ["a"]})", "{"}) {
    EXPECT_EQ(read_groups(write("g.json", broken)).error().code, ErrorCode::malformed) << broken;
  }
}

}  // namespace
}  // namespace podium::eval

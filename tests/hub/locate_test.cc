#include "hub/locate.h"

#include <cstdlib>
#include <string>

#include "model_files.h"

namespace podium::hub {
namespace {

namespace fs = std::filesystem;

// Every place a model is looked for lies inside one temporary directory.
class Locate : public testing::Test {
 protected:
  void SetUp() override {
    for (const char* name :
         {"PODIUM_MODELS", "XDG_DATA_HOME", "HF_HUB_CACHE", "HF_HOME", "XDG_CACHE_HOME"}) {
      unsetenv(name);
    }
    setenv("HOME", root_.path().c_str(), 1);
    fs::current_path(root_.path());
  }
  void TearDown() override { fs::current_path(PODIUM_BINARY_DIR); }

  fs::path make(const std::string& directory) {
    root_.write(directory + "/config.json", "{}");
    return root_.path() / directory;
  }

  TemporaryDirectory root_;
};

TEST_F(Locate, TakesADirectoryAsItIs) {
  const auto directory = make("anywhere/model");
  EXPECT_EQ(locate_model(directory.string()).value(), directory);
  EXPECT_EQ(locate_model("anywhere/model").value(), "anywhere/model");
  EXPECT_EQ(locate_model("./anywhere/../anywhere/model").value(), "./anywhere/../anywhere/model");
}

TEST_F(Locate, SearchesTheModelFoldersInOrder) {
  const auto shared = make(".local/share/podium/models/org/m");
  EXPECT_EQ(locate_model("org/m").value(), shared);
  make("models/org/m");
  EXPECT_EQ(locate_model("org/m").value(), "models/org/m");
  const auto second = make("second/org/m");
  setenv("PODIUM_MODELS",
         (root_.path() / "first:").string().append(root_.path() / "second").c_str(), 1);
  EXPECT_EQ(locate_model("org/m").value(), second);
}

TEST_F(Locate, SearchesXdgDataHome) {
  const auto directory = make("data/podium/models/m");
  setenv("XDG_DATA_HOME", (root_.path() / "data").c_str(), 1);
  EXPECT_EQ(locate_model("m").value(), directory);
}

TEST_F(Locate, FollowsMainInTheHuggingFaceCache) {
  for (const auto& [variable, hub] :
       {std::pair("", ".cache/huggingface/hub"), std::pair("HF_HOME", "hf/hub"),
        std::pair("HF_HUB_CACHE", "cache")}) {
    const std::string folder = std::string(hub) + "/models--org--m";
    const auto snapshot = make(folder + "/snapshots/0123abc");
    root_.write(folder + "/refs/main", "0123abc");
    const fs::path value = root_.path() / hub;
    if (variable == std::string("HF_HOME")) setenv(variable, value.parent_path().c_str(), 1);
    if (variable == std::string("HF_HUB_CACHE")) setenv(variable, value.c_str(), 1);
    EXPECT_EQ(locate_model("org/m").value(), snapshot);
  }
}

TEST_F(Locate, DoesNotFollowAReferenceOutOfTheCache) {
  make(".cache/huggingface/hub/outside");
  make(".cache/huggingface/hub/models--m/snapshots/x");
  root_.write(".cache/huggingface/hub/models--m/refs/main", "../../outside");
  EXPECT_FALSE(locate_model("m"));
}

TEST_F(Locate, TakesARevisionOfTheCache) {
  const std::string folder = ".cache/huggingface/hub/models--org--m";
  const std::string commit(40, 'c');
  const auto snapshot = make(folder + "/snapshots/" + commit);
  root_.write(folder + "/refs/v1/beta", commit);
  EXPECT_EQ(locate_model("org/m@v1/beta").value(), snapshot);
  EXPECT_EQ(locate_model("org/m@" + commit).value(), snapshot);
  EXPECT_TRUE(fails_with(locate_model("org/m@v2"), ErrorCode::not_found,
                         {"podium pull org/m --revision v2"}));
  for (const char* bad : {"org/m@../main", "org/m@", "org/m@a//b"}) EXPECT_FALSE(locate_model(bad));
}

TEST_F(Locate, SaysWhereItLooked) {
  setenv("PODIUM_MODELS", "/some/where", 1);
  EXPECT_TRUE(fails_with(
      locate_model("org/m"), ErrorCode::not_found,
      {"no model \"org/m\"", "/some/where/org/m", "models/org/m",
       ".local/share/podium/models/org/m", ".cache/huggingface/hub", "podium pull org/m"}));
}

TEST_F(Locate, DoesNotSearchForPaths) {
  make("secret");
  make("models/m");
  for (const char* name :
       {"../none", "models/../none", "/no/where", "./none", "~/none", "a/b/c", "", "a//b"}) {
    EXPECT_TRUE(fails_with(locate_model(name), ErrorCode::not_found, {"does not exist"})) << name;
  }
  setenv("PODIUM_MODELS", (root_.path() / "models").c_str(), 1);
  EXPECT_FALSE(locate_model("../x/../secret"));
}

TEST_F(Locate, RefusesAFile) {
  root_.write("file", "x");
  EXPECT_TRUE(fails_with(locate_model("file"), ErrorCode::invalid_argument, {"is a file"}));
}

}  // namespace
}  // namespace podium::hub

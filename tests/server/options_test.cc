#include "server/options.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <map>

#include "base/error.h"

namespace podium::server {
namespace {

using ::testing::HasSubstr;

class OptionsTest : public ::testing::Test {
 protected:
  ~OptionsTest() override { std::filesystem::remove(file); }

  Result<ServerOptions> read(const OptionValues& command_line, const std::string& toml = "") {
    std::ofstream(file) << toml;
    return read_options(command_line, file, [this](const std::string& name) {
      const auto found = variables.find(name);
      return found == variables.end() ? std::nullopt : std::optional(found->second);
    });
  }

  std::string error_of(const OptionValues& command_line, const std::string& toml = "") {
    const auto options = read(command_line, toml);
    return options ? "none" : options.error().message;
  }

  std::map<std::string, std::string> variables;
  std::string file =
      std::filesystem::temp_directory_path() / fmt::format("podium-{}.toml", ::getpid());
};

TEST_F(OptionsTest, TheCommandLineGoesBeforeTheFileAndTheFileBeforeTheVariables) {
  variables = {{"PODIUM_PORT", "1"}, {"PODIUM_TIMEOUT", "1"}, {"PODIUM_MAX_QUEUE", "1"}};
  const auto options = read({{"port", "3"}}, "port = 2\ntimeout = 2\n");
  ASSERT_TRUE(options) << options.error().message;
  EXPECT_EQ(options->http.port, 3);
  EXPECT_EQ(options->timeout, std::chrono::seconds(2));
  EXPECT_EQ(options->max_queue, 1U);
}

TEST_F(OptionsTest, AListReplacesThatOfALaterSource) {
  variables = {{"PODIUM_MODEL", "a=/a,b=/b"}};
  ASSERT_TRUE(read({}));
  EXPECT_EQ(read({})->models.size(), 2U);
  const auto options = read({{"model", "c=/c/"}, {"model", "/models/d/"}});
  ASSERT_TRUE(options);
  ASSERT_EQ(options->models.size(), 2U);
  EXPECT_EQ(options->models[0].name, "c");
  EXPECT_EQ(options->models[0].directory, "/c");
  EXPECT_EQ(options->models[1].name, "d");
}

TEST_F(OptionsTest, SizesAndTimesHaveUnits) {
  const auto options = read({{"max-body", "2MB"}, {"head-timeout", "0.5"}, {"max-bodies", "1000"}});
  ASSERT_TRUE(options) << options.error().message;
  EXPECT_EQ(options->http.max_body, std::size_t{2} << 20);
  EXPECT_EQ(options->http.max_bodies, 1000U);
  EXPECT_EQ(options->http.head_timeout, std::chrono::milliseconds(500));
}

TEST_F(OptionsTest, WhatIsWrittenReadsBackTheSame) {
  const auto options = read({{"max-body", "3MB"},
                             {"timeout", "1.5"},
                             {"model", "a \"quoted\" name=/a"},
                             {"alias", "gpt=a \"quoted\" name"},
                             {"strict-jina", "true"},
                             {"cors-origin", "*"}});
  ASSERT_TRUE(options) << options.error().message;
  const std::string text = to_toml(*options);
  const auto again = read({}, text);
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(to_toml(*again), text);
}

TEST_F(OptionsTest, WhatIsWrongIsNamedWhereItStands) {
  EXPECT_THAT(error_of({{"port", "65536"}}), HasSubstr("--port"));
  EXPECT_THAT(error_of({{"port", "x"}}), HasSubstr("--port"));
  EXPECT_THAT(error_of({{"timeout", "0"}}), HasSubstr("--timeout"));
  EXPECT_THAT(error_of({{"timeout", "nan"}}), HasSubstr("--timeout"));
  EXPECT_THAT(error_of({{"max-body", "99999999999999999999GB"}}), HasSubstr("--max-body"));
  EXPECT_THAT(error_of({{"model", "a="}}), HasSubstr("--model"));
  EXPECT_THAT(error_of({}, "port = \"x\"\n"), HasSubstr("podium-"));
  EXPECT_THAT(error_of({}, "prot = 1\n"), HasSubstr("prot"));
  EXPECT_THAT(error_of({}, "a = 1\nport = \n"), HasSubstr("line 2"));
  EXPECT_THAT(error_of({{"alias", "a=b"}, {"model", "c=/c"}}), HasSubstr("which is not served"));
  EXPECT_THAT(error_of({{"tls-key", "k.pem"}}), HasSubstr("TLS"));
  variables = {{"PODIUM_MAX_QUEUE", "-1"}};
  EXPECT_THAT(error_of({}), HasSubstr("PODIUM_MAX_QUEUE"));
}

}  // namespace
}  // namespace podium::server

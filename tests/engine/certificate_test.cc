// Automatic precision: who is certified, who is refused, and what is kept of it.
#include "engine/certificate.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "model/golden.h"
#include "podium/podium.h"
#include "podium/system.h"

namespace podium {
namespace {

namespace fs = std::filesystem;

class CertificateTest : public testing::Test {
 protected:
  void SetUp() override {
    const char* kept = std::getenv("PODIUM_CACHE_DIR");
    if (kept != nullptr) before_ = kept;
    folder_ = fs::path(testing::TempDir()) / ("podium-certificates-" + std::to_string(::getpid()));
    fs::remove_all(folder_);
    setenv("PODIUM_CACHE_DIR", folder_.c_str(), 1);
  }
  void TearDown() override {
    fs::remove_all(folder_);
    unsetenv("PODIUM_ISA");
    unsetenv("PODIUM_CACHE_DIR");
    if (!before_.empty()) setenv("PODIUM_CACHE_DIR", before_.c_str(), 1);
  }
  Engine load(EngineOptions options) {
    auto engine = Engine::load(options);
    EXPECT_TRUE(engine) << (engine ? "" : engine.error().message);
    return *std::move(engine);
  }
  fs::path kept_file() {
    for (const auto& entry : fs::directory_iterator(folder_)) {
      if (entry.path().extension() == ".certificate") return entry.path();
    }
    return {};
  }
  fs::path folder_;
  std::string before_;
};

bool has_int8() {
  const auto engine = Engine::load({.precision = Precision::int8});
  return engine.has_value();
}

TEST_F(CertificateTest, TheDefaultModelRanksInInt8AsInFp32) {
  if (!has_int8()) GTEST_SKIP() << "this machine has no int8 products";
  const Engine first = load({});
  EXPECT_EQ(first.info().precision, "int8");
  EXPECT_NE(first.info().certificate.find("36 pairs"), std::string::npos);
  ASSERT_FALSE(kept_file().empty());
  const Engine second = load({});
  EXPECT_EQ(second.info().certificate, first.info().certificate);
}

TEST_F(CertificateTest, AnotherModelIsRefused) {
  const Engine exact = load({.precision = Precision::fp32});
  const Engine other =
      load({.model = model::data("tiny-xlmr").string(), .precision = Precision::fp32});
  const auto certificate = examine(other, exact);
  ASSERT_TRUE(certificate);
  EXPECT_FALSE(certificate->granted) << certificate->text;
  EXPECT_TRUE(examine(exact, exact)->granted);
}

TEST_F(CertificateTest, ARefusalIsKeptAndRunsInFp32) {
  if (!has_int8()) GTEST_SKIP() << "this machine has no int8 products";
  const Engine granted = load({});
  std::ofstream(kept_file()) << "refused for a reason";
  const Engine refused = load({});
  EXPECT_EQ(refused.info().precision, "fp32");
  EXPECT_EQ(refused.info().certificate, "refused: for a reason");
  std::ofstream(kept_file()) << "nonsense";
  EXPECT_EQ(load({}).info().certificate, granted.info().certificate);
}

TEST_F(CertificateTest, WhatIsAskedForIsTakenWithoutExamination) {
  const Engine engine = load({.precision = Precision::fp32});
  EXPECT_EQ(engine.info().precision, "fp32");
  EXPECT_EQ(engine.info().certificate, "");
}

TEST_F(CertificateTest, WorksWithoutACacheFolder) {
  std::ofstream(folder_) << "a file where the folder should be";
  EXPECT_EQ(load({.precision = Precision::automatic}).info().certificate.find("refused"),
            std::string::npos);
}

TEST_F(CertificateTest, KernelsWithoutInt8SayThatTheyHaveNone) {
  setenv("PODIUM_ISA", "portable", 1);
  const Engine engine = load({});
  EXPECT_EQ(engine.info().precision, "fp32");
  EXPECT_EQ(engine.info().certificate, "the portable kernels have no int8 products");
  const auto forced = Engine::load({.precision = Precision::int8});
  ASSERT_FALSE(forced);
  EXPECT_EQ(forced.error().code, ErrorCode::unsupported);
  EXPECT_EQ(load({.precision = Precision::bf16}).info().precision, "bf16");
}

}  // namespace
}  // namespace podium

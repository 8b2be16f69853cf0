#include <gtest/gtest.h>

#include <cstdlib>

#include "kernels/kernels.h"

namespace podium::kernels {
namespace {

class Dispatch : public testing::Test {
 protected:
  void TearDown() override { unsetenv("PODIUM_ISA"); }
};

TEST_F(Dispatch, TakesTheBestAvailable) {
  const auto chosen = choose();
  ASSERT_TRUE(chosen);
  for (const Candidate& c : candidates()) {
    if (!c.available) continue;
    EXPECT_EQ(c.kernels, *chosen);
    break;
  }
}

TEST_F(Dispatch, TakesWhatIsForced) {
  setenv("PODIUM_ISA", "reference", 1);
  ASSERT_TRUE(choose());
  EXPECT_EQ((*choose())->name, "reference");
}

TEST_F(Dispatch, RefusesAnUnknownNameAndSaysWhatThereIs) {
  setenv("PODIUM_ISA", "sse9", 1);
  const auto chosen = choose();
  ASSERT_FALSE(chosen);
  EXPECT_EQ(chosen.error().code, ErrorCode::invalid_argument);
  EXPECT_NE(chosen.error().message.find("sse9"), std::string::npos);
  EXPECT_NE(chosen.error().hint.find("portable"), std::string::npos);
}

TEST_F(Dispatch, SaysWhyASetIsNotAvailable) {
  for (const Candidate& c : candidates()) {
    EXPECT_EQ(c.available, c.reason.empty()) << c.kernels->name;
    if (c.available) continue;
    setenv("PODIUM_ISA", std::string(c.kernels->name).c_str(), 1);
    ASSERT_FALSE(choose());
    EXPECT_EQ(choose().error().code, ErrorCode::unsupported);
  }
}

}  // namespace
}  // namespace podium::kernels

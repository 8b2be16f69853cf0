#include "server/ops/trace.h"

#include <gtest/gtest.h>

namespace podium::server {
namespace {

const std::string kTrace = "0af7651916cd43dd8448eb211c80319c";
const std::string kSpan = "b7ad6b7169203331";

TEST(Trace, JoinsTheCallersTraceWithASpanOfItsOwn) {
  const TraceContext context = join_trace("00-" + kTrace + "-" + kSpan + "-01");
  EXPECT_EQ(context.trace_id, kTrace);
  EXPECT_EQ(context.parent_id, kSpan);
  EXPECT_EQ(context.flags, "01");
  EXPECT_EQ(context.header(), "00-" + kTrace + "-" + context.span_id + "-01");
  EXPECT_NE(context.span_id, kSpan);
  EXPECT_NE(context.span_id, join_trace("00-" + kTrace + "-" + kSpan + "-01").span_id);
}

TEST(Trace, ALaterVersionMayHaveMoreAfterWhatIsKnown) {
  EXPECT_EQ(join_trace("cc-" + kTrace + "-" + kSpan + "-01-what-comes").trace_id, kTrace);
}

TEST(Trace, BeginsOneWhereTheHeaderIsInvalid) {
  const std::string zeros(32, '0');
  for (const std::string& header :
       {std::string(), std::string("x"), "00-" + kTrace + "-" + kSpan,
        "ff-" + kTrace + "-" + kSpan + "-01", "00-" + kTrace + "-" + kSpan + "-01-more",
        "00-" + zeros + "-" + kSpan + "-01", "00-" + kTrace + "-" + zeros.substr(16) + "-01",
        "cc-" + kTrace + "-" + kSpan + "-01more",
        "00-0AF7651916CD43DD8448EB211C80319C-" + kSpan + "-01",
        "00_" + kTrace + "_" + kSpan + "_01", "00-" + kTrace + "-" + kSpan + "-zz"}) {
    const TraceContext context = join_trace(header);
    EXPECT_NE(context.trace_id, kTrace) << header;
    EXPECT_EQ(context.trace_id.size(), 32U);
    EXPECT_EQ(context.parent_id, "") << header;
    EXPECT_EQ(context.flags, "00") << header;
  }
}

TEST(Trace, RandomDigitsAreAsManyAsAskedFor) {
  EXPECT_EQ(random_hex(5).size(), 5U);
  EXPECT_EQ(random_hex(32).find_first_not_of("0123456789abcdef"), std::string::npos);
  EXPECT_NE(random_hex(32), random_hex(32));
}

}  // namespace
}  // namespace podium::server

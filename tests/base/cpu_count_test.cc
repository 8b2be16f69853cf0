#include "base/cpu_count.h"

#include <gtest/gtest.h>
#include <sched.h>

namespace podium {
namespace {

TEST(CpuCount, ReadsCgroupLimits) {
  EXPECT_EQ(cpus_from_cpu_max("200000 100000"), 2);
  EXPECT_EQ(cpus_from_cpu_max("150000 100000"), 2);  // rounded up
  EXPECT_EQ(cpus_from_cpu_max("1000 100000"), 1);    // never none
  EXPECT_EQ(cpus_from_cpu_max("max 100000"), 0);     // no limit
  EXPECT_EQ(cpus_from_cpu_max(""), 0);
  EXPECT_EQ(cpus_from_cpu_max("200000"), 0);
  EXPECT_EQ(cpus_from_cpu_max("-1 100000"), 0);
  EXPECT_EQ(cpus_from_cpu_max("200000 0"), 0);
}

TEST(CpuCount, FollowsTheAffinityMask) {
  cpu_set_t before;
  ASSERT_EQ(sched_getaffinity(0, sizeof before, &before), 0);
  EXPECT_GE(usable_cpus(), 1);
  EXPECT_LE(usable_cpus(), CPU_COUNT(&before));
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(sched_getcpu(), &one);
  ASSERT_EQ(sched_setaffinity(0, sizeof one, &one), 0);
  EXPECT_EQ(usable_cpus(), 1);
  sched_setaffinity(0, sizeof before, &before);
}

}  // namespace
}  // namespace podium

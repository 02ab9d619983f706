#include "supervisor/checkpoint/expected_size.h"

#include <gtest/gtest.h>

namespace tardigrade {
namespace {

constexpr char kStatus[] =
    "Name:\tjob\nVmRSS:\t    3000 kB\nRssAnon:\t    2000 kB\nRssFile:\t    1000 kB\nVmSwap:\t     500 kB\n";

TEST(ExpectedPageBytes, IsThePrivateMemory) {
  EXPECT_EQ(ExpectedPageBytes(kStatus, "MemTotal: 9000 kB\nMemAvailable:    8000 kB\n"), 2500u * 1024);
}

TEST(ExpectedPageBytes, LeavesHalfOfWhatTheMachineHas) {
  EXPECT_EQ(ExpectedPageBytes(kStatus, "MemAvailable:    1000 kB\n"), 500u * 1024);
}

TEST(ExpectedPageBytes, IsNothingWhereNothingIsTold) {
  EXPECT_EQ(ExpectedPageBytes(kStatus, "MemTotal: 9000 kB\n"), 0u);
  EXPECT_EQ(ExpectedPageBytes("Name:\tkthreadd\n", "MemAvailable:    8000 kB\n"), 0u);
  EXPECT_EQ(ExpectedPageBytes("RssAnon:\tmuch\n", "MemAvailable:    8000 kB\n"), 0u);
}

}  // namespace
}  // namespace tardigrade

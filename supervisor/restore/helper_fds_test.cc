#include "supervisor/restore/helper_fds.h"

#include <gtest/gtest.h>

namespace tardigrade {
namespace {

TEST(FindFreeNumbers, LieAboveTheJobsWhereTheLimitAllows) {
  EXPECT_EQ(FindFreeNumbers({}, 40, 10, 100), 40);
  EXPECT_EQ(FindFreeNumbers(std::vector{0, 1, 2}, 40, 10, 100), 40);
  EXPECT_EQ(FindFreeNumbers(std::vector{60, 0, 1}, 40, 10, 100), 61);
  EXPECT_EQ(FindFreeNumbers(std::vector{89}, 40, 10, 100), 90);
}

TEST(FindFreeNumbers, LieInTheLowestGapOtherwise) {
  EXPECT_EQ(FindFreeNumbers(std::vector{99}, 40, 10, 100), 40);
  EXPECT_EQ(FindFreeNumbers(std::vector{49, 99}, 40, 10, 100), 50);
  EXPECT_EQ(FindFreeNumbers(std::vector{50, 99}, 40, 10, 100), 40);
  EXPECT_EQ(FindFreeNumbers(std::vector{99, 95, 45, 55, 5}, 40, 10, 100), 56);
}

TEST(FindFreeNumbers, MayNotBeThere) {
  EXPECT_EQ(FindFreeNumbers(std::vector{45, 55, 65, 75, 85, 95}, 40, 10, 100), -1);
  EXPECT_EQ(FindFreeNumbers({}, 95, 10, 100), -1);
}

}  // namespace
}  // namespace tardigrade

#include "supervisor/restore/helper_fds.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/testing/matchers.h"

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

TEST(AssignHelperFds, WhoSharesATableHasNumbersOfItsOwn) {
  LoadedImage image;
  for (const int32_t table : {0, 0, 10, 10}) {
    ProcessDocument& document = image.processes.emplace_back().document;
    document.pid = 9 + static_cast<int32_t>(image.processes.size());
    document.shared.descriptors = table;
  }
  const auto assigned = AssignHelperFds(image, KindList());
  ASSERT_THAT(assigned, testing::IsOk());
  const std::vector<HelperFds>& fds = assigned.value();
  EXPECT_EQ(fds[1].pages, fds[0].pages);
  EXPECT_EQ(fds[2].pages, fds[0].pages + 1);
  EXPECT_EQ(fds[3].pages, fds[0].pages + 2);
  for (const HelperFds& each : fds) {
    EXPECT_EQ(each.first_free, fds[0].first_free);
    EXPECT_GT(each.first_free, fds[3].pages);
  }
}

}  // namespace
}  // namespace tardigrade

#include "supervisor/image/shared_state.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/testing/matchers.h"

namespace tardigrade {
namespace {

using ::tardigrade::testing::FailsWith;
using ::testing::ElementsAre;

constexpr size_t kNo = kNobody;

std::vector<size_t> Born(std::vector<size_t> maker, std::vector<size_t> group) {
  auto born = GroupsAtBirth(maker, group);
  EXPECT_TRUE(born.has_value());
  return born.has_value() ? born.value() : std::vector<size_t>();
}

TEST(GroupsAtBirth, ChildrenThatShareAreBornWithIt) {
  EXPECT_THAT(Born({kNo, 0, 0}, {0, 0, kNo}), ElementsAre(kNo, 0, kNo));
  EXPECT_THAT(Born({kNo, 0, 1}, {kNo, kNo, kNo}), ElementsAre(kNo, kNo, kNo));
}

TEST(GroupsAtBirth, WhoOnlyPassesItOnIsBornWithItToo) {
  // A grandchild shares with the root, its parent no longer does.
  EXPECT_THAT(Born({kNo, 0, 1}, {0, kNo, 0}), ElementsAre(kNo, 0, 0));
  // Siblings share what their parent had.
  EXPECT_THAT(Born({kNo, 0, 0, 0}, {kNo, 7, kNo, 7}), ElementsAre(kNo, 7, kNo, 7));
  // Cousins.
  EXPECT_THAT(Born({kNo, 0, 0, 1, 2}, {kNo, kNo, kNo, 3, 3}), ElementsAre(kNo, 3, 3, 3, 3));
}

TEST(GroupsAtBirth, MakersMayComeLater) {
  EXPECT_THAT(Born({kNo, 2, 0, 1}, {kNo, kNo, 2, 2}), ElementsAre(kNo, 2, kNo, 2));
}

TEST(GroupsAtBirth, GroupsMayMeetWhereTheyNeedNotPass) {
  // 1 passes on what the root shares with 2, and shares something of its own with 3.
  EXPECT_THAT(Born({kNo, 0, 1, 1}, {0, 1, 0, 1}), ElementsAre(kNo, 0, 0, 1));
}

TEST(GroupsAtBirth, NobodyPassesOnWhatItNeverHad) {
  EXPECT_THAT(GroupsAtBirth(std::vector<size_t>{kNo, 0, 1, 1}, std::vector<size_t>{0, 0, 2, 2}),
              FailsWith(ErrorCode::kUnsupported, "what it does not have"));
}

TEST(GroupsAtBirth, NobodyIsBornWithTwo) {
  EXPECT_THAT(
      GroupsAtBirth(std::vector<size_t>{kNo, 0, 0, 1, 1}, std::vector<size_t>{0, kNo, 2, 0, 2}),
      FailsWith(ErrorCode::kUnsupported, "cannot share"));
  EXPECT_THAT(GroupsAtBirth(std::vector<size_t>{kNo, kNo}, std::vector<size_t>{0, 0}),
              FailsWith(ErrorCode::kUnsupported, "nobody"));
  EXPECT_THAT(GroupsAtBirth(std::vector<size_t>{kNo, 2, 1}, std::vector<size_t>{kNo, 1, 1}),
              FailsWith(ErrorCode::kBadImage, "itself"));
}

TEST(MakeBySiblings, OnlyWhereTheMakerDoesNotShare) {
  // Root, its child that shares, a grandchild that shares: nothing changes.
  std::vector<size_t> maker = {kNo, 0, 1};
  EXPECT_THAT(
      MakeBySiblings(maker, std::vector<size_t>{0, 0, 0}, std::vector<size_t>{kNo, kNo, kNo}),
      ElementsAre(false, false, false));
  EXPECT_THAT(maker, ElementsAre(kNo, 0, 1));
  // Two children that share among them: the first makes the second, and the third.
  maker = {kNo, 0, 0, 0};
  EXPECT_THAT(MakeBySiblings(maker, std::vector<size_t>{kNo, 1, 1, 1},
                             std::vector<size_t>{kNo, kNo, kNo, kNo}),
              ElementsAre(false, false, true, true));
  EXPECT_THAT(maker, ElementsAre(kNo, 0, 1, 1));
}

TEST(MakeBySiblings, HandlersDecideWhereTheMakerHasTheMemoryAlone) {
  std::vector<size_t> maker = {kNo, 0, 0};
  EXPECT_THAT(MakeBySiblings(maker, std::vector<size_t>{0, 0, 0}, std::vector<size_t>{kNo, 1, 1}),
              ElementsAre(false, false, true));
  EXPECT_THAT(maker, ElementsAre(kNo, 0, 1));
}

}  // namespace
}  // namespace tardigrade

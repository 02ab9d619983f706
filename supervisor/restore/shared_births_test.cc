#include "supervisor/restore/shared_births.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>

#include "tests/testing/matchers.h"

namespace tardigrade {
namespace {

using ::tardigrade::testing::FailsWith;
using ::tardigrade::testing::IsOk;
using ::testing::ElementsAre;

constexpr uint64_t kCloneIo = 0x80000000;

struct Someone {
  int32_t pid, parent, session;
  SharedWith shared = {};
};

Result<BirthPlan> Make(const std::vector<Someone>& people) {
  LoadedImage image;
  for (const Someone& someone : people) {
    ProcessDocument& document = image.processes.emplace_back().document;
    document.pid = someone.pid;
    document.parent = someone.parent;
    document.session = someone.session;
    document.process_group = someone.pid;
    document.shared = someone.shared;
  }
  return BirthPlan::Make(image, [](int32_t) { return true; });
}

TEST(SharedBirths, ChildrenThatShareAreBornWithIt) {
  const auto plan = Make({{10, 0, 10},
                          {11, 10, 10, {.descriptors = 10}},
                          {12, 10, 10, {.filesystem = 10, .semaphore_undo = 10, .io_context = 10}},
                          {13, 12, 10}});
  ASSERT_THAT(plan, IsOk());
  const auto& tasks = plan.value().tasks;
  EXPECT_EQ(tasks[1].born_sharing, uint64_t{CLONE_FILES});
  EXPECT_EQ(tasks[2].born_sharing, CLONE_FS | CLONE_SYSVSEM | kCloneIo);
  EXPECT_EQ(tasks[3].born_sharing, 0u);
  for (const BirthPlan::Task& task : tasks) {
    EXPECT_EQ(task.unshares, 0u);
    EXPECT_EQ(task.maker_unshares, 0u);
  }
}

TEST(SharedBirths, WhoPassesItOnGivesItUp) {
  // Siblings share, their parent does not; and a grandchild shares with the root.
  const auto plan = Make({{10, 0, 10},
                          {11, 10, 10},
                          {12, 11, 10, {.filesystem = 10}},
                          {13, 11, 10},
                          {14, 11, 10, {.descriptors = 13}}});
  ASSERT_THAT(plan, IsOk());
  const auto& tasks = plan.value().tasks;
  EXPECT_EQ(tasks[1].born_sharing, uint64_t{CLONE_FS});
  EXPECT_EQ(tasks[1].unshares, uint64_t{CLONE_FS | CLONE_FILES});
  EXPECT_EQ(tasks[2].born_sharing, uint64_t{CLONE_FS});
  EXPECT_EQ(tasks[3].born_sharing, uint64_t{CLONE_FILES});
  EXPECT_EQ(tasks[4].born_sharing, uint64_t{CLONE_FILES});
  EXPECT_EQ(tasks[4].maker_unshares, 0u);
}

TEST(SharedBirths, GroupsComeOneAfterTheOther) {
  // 11 has what it was born with, and what it keeps; 14 and 15 have a third.
  const auto plan = Make({{10, 0, 10},
                          {11, 10, 10},
                          {12, 11, 10, {.descriptors = 11}},
                          {13, 11, 10, {.descriptors = 10}},
                          {14, 11, 10},
                          {15, 11, 10, {.descriptors = 14}}});
  ASSERT_THAT(plan, IsOk());
  const auto& tasks = plan.value().tasks;
  EXPECT_EQ(tasks[1].born_sharing, uint64_t{CLONE_FILES});
  EXPECT_THAT(tasks[1].children, ElementsAre(3, 4, 5, 2));
  EXPECT_EQ(tasks[3].maker_unshares, 0u);
  EXPECT_EQ(tasks[4].maker_unshares, uint64_t{CLONE_FILES});
  EXPECT_EQ(tasks[5].maker_unshares, 0u);
  EXPECT_EQ(tasks[2].maker_unshares, uint64_t{CLONE_FILES});
  EXPECT_EQ(tasks[1].unshares, 0u);
}

TEST(SharedBirths, StandInsPassItOn) {
  // The leader of session 20 has ended; its children share with each other, one of them with the
  // root.
  const auto plan =
      Make({{10, 0, 10}, {11, 10, 20, {.filesystem = 10}}, {12, 10, 20, {.semaphore_undo = 11}}});
  ASSERT_THAT(plan, IsOk());
  ASSERT_EQ(plan.value().tasks[0].stand_ins.size(), 1u);
  EXPECT_EQ(plan.value().tasks[0].stand_ins[0].born_sharing, uint64_t{CLONE_FS | CLONE_SYSVSEM});
  EXPECT_EQ(plan.value().tasks[1].born_sharing, uint64_t{CLONE_FS | CLONE_SYSVSEM});
  EXPECT_EQ(plan.value().tasks[2].born_sharing, uint64_t{CLONE_SYSVSEM});
  EXPECT_EQ(plan.value().tasks[0].unshares, uint64_t{CLONE_SYSVSEM});
}

TEST(SharedBirths, StandInsComeInTheirOrderToo) {
  // Of the two, the one that shares with 13 goes on with what that has.
  const auto plan = Make({{10, 0, 10},
                          {11, 10, 20},
                          {12, 10, 20, {.filesystem = 11}},
                          {13, 10, 13},
                          {14, 10, 30, {.filesystem = 13}},
                          {15, 10, 30, {.filesystem = 13}}});
  ASSERT_THAT(plan, IsOk());
  const BirthPlan::Task& root = plan.value().tasks[0];
  ASSERT_EQ(root.stand_ins.size(), 2u);
  EXPECT_EQ(root.stand_ins[0].pid, 30);
  EXPECT_EQ(root.stand_ins[0].maker_unshares, 0u);
  EXPECT_EQ(root.stand_ins[1].maker_unshares, uint64_t{CLONE_FS});
  EXPECT_EQ(root.unshares, uint64_t{CLONE_FS});
}

TEST(SharedBirths, WhatCannotBeIsRefused) {
  EXPECT_THAT(Make({{10, 0, 10}, {11, 10, 10}, {12, 10, 10, {.io_context = 11}}}),
              FailsWith(ErrorCode::kUnsupported, "an I/O context"));
  // Before it led its session 11 made 12, which has what it keeps, and after that 13, which has the
  // root's.
  EXPECT_THAT(Make({{10, 0, 10},
                    {11, 10, 11},
                    {12, 11, 10, {.filesystem = 11}},
                    {13, 11, 11, {.filesystem = 10}}}),
              FailsWith(ErrorCode::kUnsupported, "a working directory"));
}

}  // namespace
}  // namespace tardigrade

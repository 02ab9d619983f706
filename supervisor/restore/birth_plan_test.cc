#include "supervisor/restore/birth_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/testing/matchers.h"

namespace tardigrade {
namespace {

using ::tardigrade::testing::FailsWith;
using ::tardigrade::testing::IsOk;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

struct Someone {
  int32_t pid, parent, group, session;
  bool has_ended = false;
};

LoadedImage Image(const std::vector<Someone>& people) {
  LoadedImage image;
  for (const Someone& someone : people) {
    ProcessDocument& document = image.processes.emplace_back().document;
    document.pid = someone.pid;
    document.parent = someone.parent;
    document.process_group = someone.group;
    document.session = someone.session;
    if (someone.has_ended) document.exit_status = 0;
  }
  return image;
}

Result<BirthPlan> Make(const std::vector<Someone>& people) {
  const LoadedImage image = Image(people);
  return BirthPlan::Make(image, [](int32_t pid) { return pid != 32767; });
}

TEST(BirthPlan, WhatTheRootHadFromItsShellIsTheCallers) {
  const auto plan = Make({{10, 0, 9, 5}, {11, 10, 9, 5}, {12, 10, 12, 5}});
  ASSERT_THAT(plan, IsOk());
  const auto& tasks = plan.value().tasks;
  EXPECT_THAT(tasks[0].children, ElementsAre(1, 2));
  EXPECT_FALSE(tasks[0].leads_session);
  EXPECT_EQ(tasks[0].group, 0);
  EXPECT_EQ(tasks[1].group, 0);
  EXPECT_EQ(tasks[2].group, 12);
  EXPECT_THAT(plan.value().stand_in_pids, IsEmpty());
}

TEST(BirthPlan, AChildOfTheSessionItsParentLeftIsBornBefore) {
  // 11 made 12, then became the leader of a session and made 13.
  const auto plan = Make({{10, 0, 10, 10}, {11, 10, 11, 11}, {12, 11, 10, 10}, {13, 11, 11, 11}});
  ASSERT_THAT(plan, IsOk());
  EXPECT_THAT(plan.value().tasks[1].children_before, ElementsAre(2));
  EXPECT_THAT(plan.value().tasks[1].children, ElementsAre(3));
  EXPECT_TRUE(plan.value().tasks[1].leads_session);
}

TEST(BirthPlan, ADeadSessionLeaderHasAStandIn) {
  // 11 and 12 are of the session of 20, who has ended; the root reaps them.
  const auto plan = Make({{10, 0, 10, 10}, {11, 10, 20, 20}, {12, 10, 12, 20}});
  ASSERT_THAT(plan, IsOk());
  const BirthPlan::Task& root = plan.value().tasks[0];
  ASSERT_EQ(root.stand_ins.size(), 1u);
  EXPECT_EQ(root.stand_ins[0].pid, 20);
  EXPECT_THAT(root.stand_ins[0].children, ElementsAre(1, 2));
  EXPECT_THAT(root.children, IsEmpty());
  EXPECT_THAT(plan.value().stand_in_pids, ElementsAre(20));
  EXPECT_EQ(plan.value().tasks[1].group_stand_in, 0) << "the session's stand-in leads its group";
}

TEST(BirthPlan, ADeadGroupLeaderHasOneStandIn) {
  const auto plan = Make({{10, 0, 10, 10}, {11, 10, 20, 10}, {12, 10, 20, 10}});
  ASSERT_THAT(plan, IsOk());
  EXPECT_EQ(plan.value().tasks[1].group_stand_in, 20);
  EXPECT_EQ(plan.value().tasks[2].group_stand_in, 0);
  EXPECT_EQ(plan.value().tasks[2].group, 20);
}

TEST(BirthPlan, AZombieLeadsItsGroup) {
  const auto plan = Make({{10, 0, 10, 10}, {11, 10, 11, 10, true}, {12, 10, 11, 10}});
  ASSERT_THAT(plan, IsOk());
  EXPECT_THAT(plan.value().tasks[0].ended_children, ElementsAre(1));
  EXPECT_EQ(plan.value().tasks[1].group, 11);
  EXPECT_EQ(plan.value().tasks[2].group, 11);
  EXPECT_EQ(plan.value().tasks[2].group_stand_in, 0);
}

TEST(BirthPlan, WhoWasInheritedIsMadeByItsSessionsLeader) {
  // 11 leads a session; a child of it made 12 and ended, and the root inherited that.
  const auto plan = Make({{10, 0, 10, 10}, {11, 10, 11, 11}, {12, 10, 12, 11}});
  ASSERT_THAT(plan, IsOk());
  const auto& tasks = plan.value().tasks;
  EXPECT_TRUE(tasks[0].adopts);
  EXPECT_THAT(tasks[0].children, ElementsAre(1));
  ASSERT_EQ(tasks[1].adoptees.size(), 1u);
  EXPECT_EQ(tasks[1].adoptees[0].child, 2u);
  EXPECT_EQ(tasks[1].adoptees[0].between, 32766);
}

TEST(BirthPlan, OrphansAreMadeInTheirSession) {
  const auto plan = Make({{10, 0, 10, 10}, {11, 10, 11, 11}, {12, 0, 12, 11}, {13, 0, 13, 10}});
  ASSERT_THAT(plan, IsOk());
  const auto& tasks = plan.value().tasks;
  EXPECT_FALSE(tasks[0].adopts);
  ASSERT_EQ(tasks[1].adoptees.size(), 1u);
  EXPECT_EQ(tasks[1].adoptees[0].child, 2u);
  ASSERT_EQ(tasks[0].adoptees.size(), 1u);
  EXPECT_EQ(tasks[0].adoptees[0].child, 3u);
}

TEST(BirthPlan, AnOrphanOfTheCallersSessionIsMadeBeforeTheRootLeadsItsOwn) {
  const auto plan = Make({{10, 0, 10, 5}, {11, 0, 10, 5}});
  ASSERT_THAT(plan, IsOk());
  EXPECT_EQ(plan.value().tasks[0].adoptees.size(), 1u);
}

TEST(BirthPlan, ImpossibleRelationsAreRefused) {
  EXPECT_THAT(Make({{10, 0, 10, 10}, {11, 10, 11, 11}, {12, 11, 12, 12}, {13, 11, 10, 10}, {14, 12, 11, 13}}),
              FailsWith(ErrorCode::kUnsupported, "session 13"));
  EXPECT_THAT(Make({{10, 0, 10, 10}, {11, 10, 11, 11}, {12, 10, 11, 10}}),
              FailsWith(ErrorCode::kBadImage, "a group of another session"));
  EXPECT_THAT(Make({{10, 0, 10, 10}, {11, 0, 9, 9}}), FailsWith(ErrorCode::kUnsupported, "orphan in session 9"));
}

TEST(BirthPlan, AForegroundGroupThatHasEndedHasAStandIn) {
  LoadedImage image = Image({{10, 0, 10, 10}, {11, 10, 11, 11}, {12, 11, 12, 11}, {13, 10, 13, 13}, {14, 10, 14, 14}});
  image.processes[1].document.controlling_terminal = {.object = "pty", .path = "", .foreground = 12};
  image.processes[3].document.controlling_terminal = {.object = "other", .path = "", .foreground = 30};
  // In use, but not as a group of that session.
  image.processes[4].document.controlling_terminal = {.object = "third", .path = "", .foreground = 12};
  const auto plan = BirthPlan::Make(image, [](int32_t) { return true; });
  ASSERT_THAT(plan, IsOk());
  EXPECT_EQ(plan.value().tasks[1].foreground, 12);
  EXPECT_FALSE(plan.value().tasks[1].foreground_ended);
  EXPECT_EQ(plan.value().tasks[3].foreground, 30);
  EXPECT_TRUE(plan.value().tasks[3].foreground_ended);
  EXPECT_EQ(plan.value().tasks[4].foreground, 0);
  EXPECT_THAT(plan.value().stand_in_pids, ElementsAre(30));
}

}  // namespace
}  // namespace tardigrade

#include "plugins/itimers/itimers_kind.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/time.h>

#include "plugins/itimers/itimers_state.h"
#include "tests/testing/matchers.h"
#include "tests/testing/practice_task.h"

namespace tardigrade::itimers {
namespace {

using ::tardigrade::testing::FailsWith;
using ::tardigrade::testing::IsOk;
using ::tardigrade::testing::PracticeTask;

TEST(ItimersKind, TimersComeBackWithIntervalAndTimeLeft) {
  const ItimersKind kind;
  PracticeTask source([] {
    const itimerval real{.it_interval = {7, 3}, .it_value = {900, 0}};
    const itimerval prof{.it_interval = {0, 0}, .it_value = {800, 0}};
    setitimer(ITIMER_REAL, &real, nullptr);
    setitimer(ITIMER_PROF, &prof, nullptr);
  });
  PracticeTask restored;
  ASSERT_THAT(restored.Restore(kind, source.Collect(kind).value()), IsOk());
  const auto state = Decode<ItimersState>(restored.Collect(kind).value(), "").value();
  EXPECT_EQ(state.timers[ITIMER_REAL].interval_us, 7'000'003u);
  EXPECT_LE(state.timers[ITIMER_REAL].left_us, 900'000'000u);
  EXPECT_GT(state.timers[ITIMER_REAL].left_us, 800'000'000u);
  EXPECT_EQ(state.timers[ITIMER_VIRTUAL].left_us, 0u);
  EXPECT_EQ(state.timers[ITIMER_PROF].interval_us, 0u);
  EXPECT_GT(state.timers[ITIMER_PROF].left_us, 790'000'000u);
}

TEST(ItimersKind, UnarmedTimersNeedNoSteps) {
  TaskPlan plan;
  ASSERT_THAT(ItimersKind().Restore(Encode(ItimersState{}), {}, plan), IsOk());
  EXPECT_TRUE(plan[Phase::kArm].empty());
}

TEST(ItimersKind, ABadImageIsRejected) {
  TaskPlan plan;
  ItimersState state;
  state.timers[1].left_us = UINT64_MAX;
  EXPECT_THAT(ItimersKind().Restore(Encode(state), {}, plan),
              FailsWith(ErrorCode::kBadImage, "itimers.timers[1].left_us is out of range"));
}

}  // namespace
}  // namespace tardigrade::itimers

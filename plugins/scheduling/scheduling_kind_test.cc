#include "plugins/scheduling/scheduling_kind.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "plugins/scheduling/scheduling_state.h"
#include "tests/testing/matchers.h"
#include "tests/testing/practice_task.h"

namespace tardigrade::scheduling {
namespace {

using ::tardigrade::testing::FailsWith;
using ::tardigrade::testing::IsOk;
using ::tardigrade::testing::PracticeTask;

void UseCpu0() {
  cpu_set_t cpus;
  CPU_ZERO(&cpus);
  CPU_SET(0, &cpus);
  sched_setaffinity(0, sizeof(cpus), &cpus);
}

Value RoundTrip(void (*setup)(), SchedulingState& saved_state) {
  const SchedulingKind kind;
  PracticeTask source(setup);
  const Value saved = source.Collect(kind).value();
  saved_state = Decode<SchedulingState>(saved, "").value();
  PracticeTask restored;
  EXPECT_NE(restored.Collect(kind).value(), saved);
  EXPECT_THAT(restored.Restore(kind, saved), IsOk());
  EXPECT_EQ(restored.Collect(kind).value(), saved);
  return saved;
}

TEST(SchedulingKind, NiceAffinityAndIoPriorityComeBack) {
  SchedulingState state;
  RoundTrip(
      [] {
        setpriority(PRIO_PROCESS, 0, 7);
        UseCpu0();
        syscall(SYS_ioprio_set, 1, 0, 2 << 13 | 6);
      },
      state);
  EXPECT_EQ(state.nice, 7);
  EXPECT_EQ(state.cpus, std::vector<uint64_t>{1});
  EXPECT_EQ(state.io_priority, 2u << 13 | 6u);
}

TEST(SchedulingKind, BatchWithResetOnForkComesBack) {
  SchedulingState state;
  RoundTrip(
      [] {
        const sched_param none{};
        sched_setscheduler(0, SCHED_BATCH | SCHED_RESET_ON_FORK, &none);
      },
      state);
  EXPECT_EQ(state.policy, uint32_t{SCHED_BATCH});
  EXPECT_EQ(state.flags, 1u);
}

TEST(SchedulingKind, RealTimeComesBack) {
  const sched_param fifo{.sched_priority = 3};
  const sched_param none{};
  if (sched_setscheduler(0, SCHED_FIFO, &fifo) != 0)
    GTEST_SKIP() << "no right to real-time priorities";
  sched_setscheduler(0, SCHED_OTHER, &none);
  SchedulingState state;
  RoundTrip(
      [] {
        const sched_param param{.sched_priority = 3};
        sched_setscheduler(0, SCHED_FIFO, &param);
      },
      state);
  EXPECT_EQ(state.priority, 3u);
}

TEST(SchedulingKind, AllCpusMeansAllThereAre) {
  const SchedulingKind kind;
  PracticeTask source;
  PracticeTask restored(UseCpu0);
  const Value saved = source.Collect(kind).value();
  if (!Decode<SchedulingState>(saved, "").value().all_cpus)
    GTEST_SKIP() << "this test may not use all CPUs";
  ASSERT_THAT(restored.Restore(kind, saved), IsOk());
  EXPECT_EQ(restored.Collect(kind).value(), saved);
}

TEST(SchedulingKind, WhatAnOrdinaryUserMayNotGiveIsDenied) {
  const rlimit none{.rlim_cur = 0, .rlim_max = 0};
  ASSERT_EQ(setrlimit(RLIMIT_NICE, &none), 0);
  ASSERT_EQ(setrlimit(RLIMIT_RTPRIO, &none), 0);
  const RestoreFacts ordinary{.new_user_namespace = true, .moved = {}};
  TaskPlan plan;
  SchedulingState state;
  state.cpus = {1};
  EXPECT_THAT(SchedulingKind().Restore(Encode(state), ordinary, plan), IsOk());
  state.nice = -5;
  EXPECT_THAT(SchedulingKind().Restore(Encode(state), ordinary, plan),
              FailsWith(ErrorCode::kDenied, "nice value -5"));
  state.nice = 0;
  state.policy = SCHED_RR;
  state.priority = 1;
  EXPECT_THAT(SchedulingKind().Restore(Encode(state), ordinary, plan),
              FailsWith(ErrorCode::kDenied, "real-time priority 1"));
}

TEST(SchedulingKind, BadImagesAreRejected) {
  TaskPlan plan;
  SchedulingState state;
  EXPECT_THAT(SchedulingKind().Restore(Encode(state), {}, plan),
              FailsWith(ErrorCode::kBadImage, "scheduling.cpus"));
  state.cpus = {1};
  state.policy = 8;
  EXPECT_THAT(SchedulingKind().Restore(Encode(state), {}, plan),
              FailsWith(ErrorCode::kBadImage, "scheduling.policy"));
}

}  // namespace
}  // namespace tardigrade::scheduling

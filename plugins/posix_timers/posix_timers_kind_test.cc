#include "plugins/posix_timers/posix_timers_kind.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "plugins/posix_timers/posix_timers_plan.h"
#include "plugins/posix_timers/posix_timers_state.h"
#include "tests/testing/matchers.h"
#include "tests/testing/practice_task.h"

namespace tardigrade::posix_timers {
namespace {

using ::tardigrade::testing::FailsWith;
using ::tardigrade::testing::IsOk;
using ::tardigrade::testing::PracticeTask;

constexpr int64_t kSecond = 1'000'000'000;

int Create(clockid_t clock, int notify, int signal, int value) {
  sigevent event = {};
  event.sigev_notify = notify;
  event.sigev_signo = signal;
  event.sigev_value.sival_int = value;
  event._sigev_un._tid = getpid();
  int id = -1;
  if (syscall(SYS_timer_create, clock, &event, &id) != 0) abort();
  return id;
}

void Arm(int id, time_t left, time_t interval) {
  const itimerspec spec{.it_interval = {interval, 0}, .it_value = {left, 0}};
  if (syscall(SYS_timer_settime, id, 0, &spec, nullptr) != 0) abort();
}

// Ids 0, 2, 3 and 5 of every kind; 1 and 4 were deleted.
void MakeTimers() {
  Arm(Create(CLOCK_REALTIME, SIGEV_SIGNAL, SIGUSR1, 11), 900, 7);
  const int gap = Create(CLOCK_MONOTONIC, SIGEV_NONE, 0, 0);
  Arm(Create(CLOCK_MONOTONIC, SIGEV_THREAD_ID, SIGRTMIN, 33), 800, 0);
  Create(CLOCK_BOOTTIME, SIGEV_NONE, 0, 44);
  const int other_gap = Create(CLOCK_MONOTONIC, SIGEV_NONE, 0, 0);
  Arm(Create(CLOCK_PROCESS_CPUTIME_ID, SIGEV_SIGNAL, SIGXCPU, 55), 700, 0);
  syscall(SYS_timer_delete, gap);
  syscall(SYS_timer_delete, other_gap);
}

PosixTimersState StateOf(const Value& value) { return Decode<PosixTimersState>(value, "").value(); }

// Equal but for the time that passes.
void ExpectSame(const PosixTimersState& a, const PosixTimersState& b) {
  ASSERT_EQ(a.timers.size(), b.timers.size());
  for (size_t i = 0; i < a.timers.size(); ++i) {
    TimerState x = a.timers[i];
    const TimerState& y = b.timers[i];
    EXPECT_NEAR(static_cast<double>(x.left_ns), static_cast<double>(y.left_ns), 60.0 * kSecond);
    EXPECT_EQ(x.left_ns == 0, y.left_ns == 0);
    x.left_ns = y.left_ns;
    EXPECT_EQ(Encode(x), Encode(y)) << "timer " << x.id;
  }
}

TEST(PosixTimersKind, TimersComeBackUnderTheirIds) {
  const PosixTimersKind kind;
  PracticeTask source(MakeTimers);
  const Value saved = source.Collect(kind).value();
  PosixTimersState state = StateOf(saved);
  ASSERT_EQ(state.timers.size(), 4u);
  EXPECT_EQ(state.timers[1].id, 2);
  EXPECT_EQ(state.timers[1].notify, SIGEV_THREAD_ID);
  EXPECT_EQ(state.timers[1].thread, source.pid());
  EXPECT_EQ(state.timers[0].interval_ns, 7 * kSecond);
  EXPECT_EQ(state.timers[3].id, 5);

  PracticeTask restored;
  state.timers[1].thread = restored.pid();  // A real restore has the old number.
  ASSERT_THAT(restored.Restore(kind, Encode(state)), IsOk());
  ExpectSame(StateOf(restored.Collect(kind).value()), state);
}

TEST(PosixTimersKind, AHighIdIsGivenWhereTheKernelCan) {
  if (prctl(77 /* PR_TIMER_CREATE_RESTORE_IDS */, 2, 0, 0, 0) < 0)
    GTEST_SKIP() << "before Linux 6.15";
  PosixTimersState state;
  state.timers = {
      {.id = 1'000'000'007, .clock = CLOCK_MONOTONIC, .notify = SIGEV_SIGNAL, .signal = SIGALRM}};
  PracticeTask restored;
  ASSERT_THAT(restored.Restore(PosixTimersKind(), Encode(state)), IsOk());
  ExpectSame(StateOf(restored.Collect(PosixTimersKind()).value()), state);
}

TEST(PlanByCounting, GivesIdsOnOlderKernels) {
  PosixTimersState state;
  state.timers = {{.id = 1, .clock = CLOCK_MONOTONIC, .notify = SIGEV_SIGNAL, .signal = SIGALRM},
                  {.id = 2, .clock = CLOCK_REALTIME, .notify = SIGEV_NONE},
                  {.id = 40, .clock = CLOCK_REALTIME, .notify = SIGEV_NONE}};
  SyscallPlan plan;
  ASSERT_THAT(PlanByCounting(state, plan), IsOk());
  PracticeTask restored;
  ASSERT_THAT(restored.Run(plan).Check(), IsOk());
  ExpectSame(StateOf(restored.Collect(PosixTimersKind()).value()), state);
  state.timers[2].id = 100'001;
  EXPECT_THAT(PlanByCounting(state, plan), FailsWith(ErrorCode::kUnsupported, "Linux 6.15"));
}

TEST(PosixTimersKind, AnExpiredTimerStaysDisarmed) {
  PracticeTask source([] {
    const itimerspec spec{.it_interval = {}, .it_value = {0, 1}};
    syscall(SYS_timer_settime, Create(CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGUSR1, 0), 0, &spec,
            nullptr);
    usleep(2000);
  });
  TaskPlan plan;
  ASSERT_THAT(PosixTimersKind().Restore(source.Collect(PosixTimersKind()).value(), {}, plan),
              IsOk());
  EXPECT_TRUE(plan[Phase::kArm].empty());
}

TEST(CheckClock, RefusesClocksThatWouldBeOthers) {
  const auto on = [](clockid_t clock) { return TimerState{.id = 9, .clock = clock}; };
  constexpr pid_t kPid = 412;
  EXPECT_THAT(CheckClock(on(CLOCK_THREAD_CPUTIME_ID), kPid, 1), IsOk());
  EXPECT_THAT(CheckClock(on(CLOCK_THREAD_CPUTIME_ID), kPid, 2),
              FailsWith(ErrorCode::kUnsupported, "timer 9"));
  EXPECT_THAT(CheckClock(on((~kPid << 3) | 2), kPid, 2), IsOk());
  EXPECT_THAT(CheckClock(on((~413 << 3) | 2), kPid, 1),
              FailsWith(ErrorCode::kUnsupported, "process 413"));
  EXPECT_THAT(CheckClock(on((~413 << 3) | 6), kPid, 2), IsOk());  // A thread's.
  EXPECT_THAT(CheckClock(on((~7 << 3) | 3), kPid, 1), FailsWith(ErrorCode::kUnsupported, "device"));
}

TEST(ParseTimers, RefusesWhatItDoesNotKnow) {
  EXPECT_THAT(ParseTimers("ID: 1\nsignal: 10/00ff\nnotify: signal/pid.3\nClockID: -6\n"), IsOk());
  EXPECT_THAT(ParseTimers("ID: 1\nsignal: 10/00ff\nnotify: smoke/pid.3\nClockID: 1\n"),
              FailsWith(ErrorCode::kUnsupported, "smoke"));
  EXPECT_THAT(ParseTimers("ID: 1\nsignal: 10"), FailsWith(ErrorCode::kInternal, "timers"));
}

TEST(PosixTimersKind, BadImagesAreRejected) {
  TaskPlan plan;
  PosixTimersState state;
  state.timers = {{.id = 3}, {.id = 3}};
  EXPECT_THAT(PosixTimersKind().Restore(Encode(state), {}, plan),
              FailsWith(ErrorCode::kBadImage, "timers[1].id is out of order"));
  state.timers = {{.id = -1}};
  EXPECT_THAT(PosixTimersKind().Restore(Encode(state), {}, plan),
              FailsWith(ErrorCode::kBadImage, "timers[0].id is out of range"));
}

}  // namespace
}  // namespace tardigrade::posix_timers

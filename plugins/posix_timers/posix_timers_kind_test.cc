#include "plugins/posix_timers/posix_timers_kind.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/ptrace.h>
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

// The process's queue, as a snapshot sees it.
std::vector<siginfo_t> PendingOf(PracticeTask& task) {
  return task.Frozen([&] {
    struct {
      uint64_t offset;
      uint32_t flags;
      int32_t count;
    } args = {.offset = 0, .flags = 1 /* PTRACE_PEEKSIGINFO_SHARED */, .count = 16};
    std::vector<siginfo_t> pending(16);
    const long got = ptrace(PTRACE_PEEKSIGINFO, task.pid(), &args, pending.data());
    pending.resize(got < 0 ? 0 : static_cast<size_t>(got));
    return pending;
  });
}

TimerState CollectOnly(PracticeTask& task, bool is_to_end) {
  const PosixTimersKind kind;
  TaskFacts facts = task.Facts();
  facts.is_to_end = is_to_end;
  facts.process_pending = PendingOf(task);
  SyscallPlan queries;
  const size_t first = kind.AddQueries(facts, queries);
  const Outcome answers = task.Run(queries);
  return StateOf(kind.Collect(facts, answers, first, task.contexts()).value()).timers.at(0);
}

// All signals are blocked in a practice task.
void LetExpire(clockid_t clock) {
  const itimerspec spec{.it_interval = {0, 1'000'000}, .it_value = {0, 1'000'000}};
  if (syscall(SYS_timer_settime, Create(clock, SIGEV_SIGNAL, SIGRTMIN, 7), 0, &spec, nullptr) != 0)
    abort();
  usleep(40'000);
}

int64_t TakeOverruns(PracticeTask& task) {
  SyscallPlan plan;
  const uint64_t set = uint64_t{1} << (SIGRTMIN - 1);
  const size_t op = plan.Add("taking the signal", SYS_rt_sigtimedwait,
                             {Arg::Copy(set), Arg::Out(sizeof(siginfo_t)), 0, sizeof(set)});
  const Outcome outcome = task.Run(plan);
  EXPECT_EQ(outcome.Output<siginfo_t>(op, 1).si_value.sival_int, 7);
  return outcome.Output<siginfo_t>(op, 1).si_overrun;
}

TEST(PosixTimersKind, OfAJobThatIsToEndThePendingSignalTellsItsOverruns) {
  for (const clockid_t clock : {CLOCK_MONOTONIC, CLOCK_REALTIME}) {
    PracticeTask source([clock] { LetExpire(clock); });
    const TimerState saved = CollectOnly(source, /*is_to_end=*/true);
    ASSERT_TRUE(saved.pending_overrun.has_value());
    EXPECT_GE(*saved.pending_overrun, 35);
    EXPECT_TRUE(source.contexts().warnings.empty());
    // It was put back, for the case that the job goes on.
    EXPECT_EQ(TakeOverruns(source), *saved.pending_overrun);

    PracticeTask restored;
    ASSERT_THAT(restored.Restore(PosixTimersKind(), Encode(PosixTimersState{{saved}})), IsOk());
    EXPECT_GE(TakeOverruns(restored), *saved.pending_overrun);
  }
}

TEST(PosixTimersKind, OfAJobThatGoesOnThePendingSignalIsLeftAlone) {
  PracticeTask source([] { LetExpire(CLOCK_MONOTONIC); });
  const TimerState saved = CollectOnly(source, /*is_to_end=*/false);
  EXPECT_EQ(saved.pending_overrun, 0);
  ASSERT_EQ(source.contexts().warnings.size(), 1u);
  EXPECT_NE(source.contexts().warnings[0].find("has a signal pending"), std::string::npos);
  EXPECT_GE(TakeOverruns(source), 35);
}

TEST(PlanArming, GoesBackNoFurtherThanTheClock) {
  PosixTimersState state;
  state.timers = {{.id = 0,
                   .clock = CLOCK_MONOTONIC,
                   .notify = SIGEV_SIGNAL,
                   .signal = SIGRTMIN,
                   .value = 7,
                   .left_ns = 5,
                   .interval_ns = 1'000'000'000'000,
                   .pending_overrun = INT32_MAX}};
  PracticeTask restored;
  ASSERT_THAT(restored.Restore(PosixTimersKind(), Encode(state)), IsOk());
  EXPECT_GE(TakeOverruns(restored), 0);
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

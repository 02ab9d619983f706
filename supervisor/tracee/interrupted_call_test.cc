// System calls in progress see nothing of a visit: no EINTR, and they end when they would have.

#include <errno.h>
#include <gtest/gtest.h>
#include <linux/futex.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <functional>
#include <iterator>

#include "supervisor/resource/syscall_plan.h"
#include "supervisor/tracee/frozen_process.h"
#include "supervisor/tracee/proc_status.h"
#include "tests/testing/matchers.h"

namespace tardigrade {
namespace {

using testing::IsOk;

// How late a call may end is not a guess about the machine.  What a visit can do wrong makes it
// late by an amount known here: by all the time before the last visit, if its timeout begins anew,
// or by the time it was held frozen, if that is not counted.  Both are long against a busy
// machine's naps.
constexpr int kCallMs = 1500, kVisitMs[] = {50, 350, 650}, kHeldMs = 200, kVisitsEndMs = 1200;
// The kernel's own lateness, and what finding a sleeper's time costs.
constexpr int kExactMs = 20;
constexpr int64_t kNsPerMs = 1'000'000;
constexpr timespec kCallTime = {.tv_sec = kCallMs / 1000, .tv_nsec = kCallMs % 1000 * kNsPerMs};

int64_t NowNs() {
  timespec now = {};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * int64_t{1'000'000'000} + now.tv_nsec;
}

// What a call did, in memory shared with the tracee that made it.
struct Answer {
  bool begun, done;
  long result;
  int error;
  int64_t start_ns, took_ns;
};

struct Call {
  const char* name;
  std::function<long()> make;
  long result;
  int error;
  bool keeps_end = true;  // False: its timeout begins anew at each stop.
  bool tells_time_left = false;
  // The kernel keeps the time of its end, so that the time in a visit counts.  The others are given
  // what was left when they were stopped.
  bool keeps_end_while_held = false;
};

long SleepOnEpoll() {
  epoll_event event;
  return epoll_wait(epoll_create1(0), &event, 1, kCallMs);
}
long WaitForSignal() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR2);
  sigprocmask(SIG_BLOCK, &set, nullptr);
  return sigtimedwait(&set, nullptr, &kCallTime);
}
long WaitOnFutex() {
  static uint32_t word = 0;
  return syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 0, &kCallTime, nullptr, 0);
}
// Its timeout is absolute.
long WaitOnFutexUntil() {
  static uint32_t word = 0;
  const int64_t end_ns = NowNs() + kCallMs * kNsPerMs;
  const timespec end = {.tv_sec = end_ns / 1'000'000'000, .tv_nsec = end_ns % 1'000'000'000};
  return syscall(SYS_futex, &word, FUTEX_WAIT_BITSET_PRIVATE, 0, &end, nullptr,
                 FUTEX_BITSET_MATCH_ANY);
}
long SelectNothing() {
  timeval time = {.tv_sec = kCallMs / 1000, .tv_usec = kCallMs % 1000 * 1000};
  return select(0, nullptr, nullptr, nullptr, &time);
}
// Ends by the child that writes after kCallMs.
long ReadFromPipe() {
  int ends[2];
  if (pipe(ends) != 0) return -2;
  if (fork() == 0) {
    nanosleep(&kCallTime, nullptr);
    (void)!write(ends[1], "x", 1);
    _exit(0);
  }
  char byte;
  return read(ends[0], &byte, 1);
}
long WaitForChild() {
  const pid_t child = fork();
  if (child == 0) {
    nanosleep(&kCallTime, nullptr);
    _exit(7);
  }
  int status = 0;
  return waitpid(child, &status, 0) == child ? WEXITSTATUS(status) : -1;
}
void OnSignal(int) {}
long Suspend() {
  signal(SIGUSR1, OnSignal);
  sigset_t usr1, none;
  sigemptyset(&none);
  sigemptyset(&usr1);
  sigaddset(&usr1, SIGUSR1);
  sigprocmask(SIG_BLOCK, &usr1, nullptr);
  if (fork() == 0) {
    nanosleep(&kCallTime, nullptr);
    kill(getppid(), SIGUSR1);
    _exit(0);
  }
  return sigsuspend(&none);
}

std::vector<Call> Calls() {
  return {
      {.name = "nanosleep",
       .make = [] { return nanosleep(&kCallTime, nullptr); },
       .result = 0,
       .error = 0,
       .tells_time_left = true,
       .keeps_end_while_held = true},
      {.name = "nanosleep_with_rest",
       .make =
           [] {
             timespec rest;
             return nanosleep(&kCallTime, &rest);
           },
       .result = 0,
       .error = 0,
       .tells_time_left = true,
       .keeps_end_while_held = true},
      {.name = "clock_nanosleep",
       .make = [] { return clock_nanosleep(CLOCK_MONOTONIC, 0, &kCallTime, nullptr); },
       .result = 0,
       .error = 0,
       .tells_time_left = true,
       .keeps_end_while_held = true},
      {.name = "poll",
       .make = [] { return poll(nullptr, 0, kCallMs); },
       .result = 0,
       .error = 0,
       .tells_time_left = true,
       .keeps_end_while_held = true},
      {.name = "select", .make = SelectNothing, .result = 0, .error = 0},
      {.name = "futex",
       .make = WaitOnFutex,
       .result = -1,
       .error = ETIMEDOUT,
       .tells_time_left = true,
       .keeps_end_while_held = true},
      {.name = "futex_until",
       .make = WaitOnFutexUntil,
       .result = -1,
       .error = ETIMEDOUT,
       .keeps_end_while_held = true},
      {.name = "raw_nanosleep",
       .make = [] { return syscall(SYS_nanosleep, &kCallTime, nullptr); },
       .result = 0,
       .error = 0,
       .tells_time_left = true,
       .keeps_end_while_held = true},
      {.name = "raw_poll",
       .make = [] { return syscall(SYS_poll, nullptr, 0, kCallMs); },
       .result = 0,
       .error = 0,
       .tells_time_left = true,
       .keeps_end_while_held = true},
      {.name = "epoll_wait", .make = SleepOnEpoll, .result = 0, .error = 0},
      {.name = "sigtimedwait",
       .make = WaitForSignal,
       .result = -1,
       .error = EAGAIN,
       .keeps_end = false},
      {.name = "read", .make = ReadFromPipe, .result = 1, .error = 0},
      {.name = "wait4", .make = WaitForChild, .result = 7, .error = 0},
      {.name = "sigsuspend", .make = Suspend, .result = -1, .error = EINTR},
  };
}

class InterruptedCall : public ::testing::TestWithParam<Call> {
 protected:
  InterruptedCall()
      : answer_(static_cast<Answer*>(mmap(nullptr, sizeof(Answer), PROT_READ | PROT_WRITE,
                                          MAP_SHARED | MAP_ANONYMOUS, -1, 0))) {
    pid_ = fork();
    if (pid_ != 0) return;
    const int64_t start = answer_->start_ns = NowNs();
    __atomic_store_n(&answer_->begun, true, __ATOMIC_SEQ_CST);
    errno = 0;
    answer_->result = GetParam().make();
    answer_->error = answer_->result < 0 ? errno : 0;
    answer_->took_ns = NowNs() - start;
    __atomic_store_n(&answer_->done, true, __ATOMIC_SEQ_CST);
    for (;;) pause();
  }
  ~InterruptedCall() override {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, __WALL);
    munmap(answer_, sizeof(Answer));
  }

  // Returns the time left that the freeze told, -1 if none; the call that an image would name goes
  // to shown_.
  int64_t VisitOnce() {
    SyscallPlan plan;
    plan.Add("asking the thread id", SYS_gettid, {});
    auto frozen = FrozenProcess::Freeze(
        pid_, {.deadline = std::chrono::steady_clock::now() + std::chrono::seconds(50)});
    EXPECT_THAT(frozen, IsOk());
    if (!frozen.has_value()) return -1;
    std::vector<std::vector<uint64_t>> programs(1, plan.Compile());
    EXPECT_THAT(frozen.value()->Visit(programs), IsOk());
    const FrozenThread& thread = frozen.value()->threads()[0];
    const Result<arch::Registers> shown = RegistersForImage(thread);
    EXPECT_THAT(shown, IsOk());
    if (shown.has_value()) shown_ = arch::CallOf(shown.value());
    const int64_t left_ns = thread.syscall_time_left_ns.value_or(-1);
    if (GetParam().keeps_end_while_held) usleep(kHeldMs * 1000);
    EXPECT_THAT(frozen.value()->Leave(LeaveAs::kAsFound), IsOk());
    return left_ns;
  }

  int64_t SinceStartMs() const { return (NowNs() - answer_->start_ns) / kNsPerMs; }

  // Visits at the times of kVisitMs, and says when the last one began.  -1: the machine is too
  // slow.
  int64_t VisitAtTimes(int64_t asleep_ms) {
    int64_t last_ms = -1;
    arch::InterruptedCall first;
    for (const int at_ms : kVisitMs) {
      if (at_ms > SinceStartMs()) usleep(static_cast<useconds_t>((at_ms - SinceStartMs()) * 1000));
      last_ms = SinceStartMs();
      if (last_ms > kVisitsEndMs) return -1;
      const int64_t left_ns = VisitOnce();
      if (SinceStartMs() > kCallMs) return -1;
      if (at_ms == kVisitMs[0]) first = shown_;
      ExpectShown(left_ns, first, at_ms == kVisitMs[0] ? last_ms - asleep_ms : 0);
    }
    return last_ms;
  }

  // `slept_ms`: so long at least the call has been asleep.
  void ExpectShown(int64_t left_ns, const arch::InterruptedCall& first, int64_t slept_ms) {
    // Also from within restart_syscall(2) an image would have the call itself, ...
    EXPECT_EQ(shown_.number, first.number);
    if (!GetParam().tells_time_left) {
      EXPECT_EQ(left_ns, -1);
      return;
    }
    EXPECT_EQ(shown_.result, -arch::kErestartRestartblock);
    // ... to last neither shorter than it should nor, restarted already, longer than from its
    // beginning.  The visit has taken its part of the time since.
    EXPECT_GE(left_ns, (kCallMs - SinceStartMs() - 1) * kNsPerMs);
    EXPECT_LE(left_ns, kCallMs * kNsPerMs);
    if (slept_ms > 0) {
      EXPECT_LE(left_ns, (kCallMs - slept_ms + kExactMs) * kNsPerMs);
    }
  }

  // Returns how long after its start it was so, at the latest.
  int64_t AwaitAsleep() {
    for (;;) {
      const Result<TraceeStatus> status = ReadStatus(pid_, pid_);
      if (!status.has_value() || status.value().state == 'S') return SinceStartMs() + 1;
      usleep(500);
    }
  }

  Answer* answer_;
  pid_t pid_;
  arch::InterruptedCall shown_;
};

TEST_P(InterruptedCall, GoesOnAfterVisits) {
  while (!__atomic_load_n(&answer_->begun, __ATOMIC_SEQ_CST)) usleep(100);
  const int64_t last_visit_ms = VisitAtTimes(AwaitAsleep());
  if (last_visit_ms < 0) GTEST_SKIP() << "the machine is too busy: the visits outlasted the call";
  EXPECT_FALSE(__atomic_load_n(&answer_->done, __ATOMIC_SEQ_CST));
  for (int i = 0; i < 6000 && !__atomic_load_n(&answer_->done, __ATOMIC_SEQ_CST); ++i) usleep(1000);
  ASSERT_TRUE(answer_->done);
  EXPECT_EQ(answer_->result, GetParam().result);
  EXPECT_EQ(answer_->error, GetParam().error);
  EXPECT_GE(answer_->took_ns, (kCallMs - 1) * kNsPerMs);
  if (!GetParam().keeps_end) return;
  const int64_t held_ms = std::size(kVisitMs) * kHeldMs;
  const int64_t wrong_ms =
      GetParam().keeps_end_while_held ? std::min(last_visit_ms, held_ms) : last_visit_ms;
  EXPECT_LT(answer_->took_ns, (kCallMs + wrong_ms) * kNsPerMs);
}

INSTANTIATE_TEST_SUITE_P(Calls, InterruptedCall, ::testing::ValuesIn(Calls()),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace tardigrade

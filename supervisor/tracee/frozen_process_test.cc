#include "supervisor/tracee/frozen_process.h"

#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <thread>

#include "supervisor/base/file_io.h"
#include "supervisor/resource/syscall_plan.h"
#include "tests/testing/forked_tracee.h"
#include "tests/testing/matchers.h"

namespace tardigrade {
namespace {

using testing::FailsWith;
using testing::ForkedTracee;
using testing::IsOk;

FreezeOptions WithinSeconds(int seconds) {
  return {.deadline = std::chrono::steady_clock::now() + std::chrono::seconds(seconds)};
}

void StartThreads(int count) {
  for (int i = 0; i < count; ++i) {
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, 64 << 10);
    pthread_t thread;
    const auto sleep = [](void*) -> void* {
      for (;;) pause();
    };
    if (pthread_create(&thread, &attributes, sleep, nullptr) != 0) abort();
  }
}

// A program for each thread that asks for its id.
std::vector<std::vector<uint64_t>> AskIds(const FrozenProcess& process, const SyscallPlan& plan) {
  return std::vector<std::vector<uint64_t>>(process.threads().size(), plan.Compile());
}

std::string Maps(pid_t pid) { return ReadFile(StrCat("/proc/", pid, "/maps")).value(); }

void ExpectVisitWorks(pid_t pid, size_t threads) {
  SyscallPlan plan;
  const size_t gettid_op = plan.Add("asking the thread id", SYS_gettid, {});
  const std::string maps = Maps(pid);
  std::vector<FrozenThread> before;
  for (int round = 0; round < 2; ++round) {
    auto frozen = FrozenProcess::Freeze(pid, WithinSeconds(20));
    ASSERT_THAT(frozen, IsOk());
    FrozenProcess& process = *frozen.value();
    ASSERT_EQ(process.threads().size(), threads);
    EXPECT_EQ(process.threads()[0].tid, pid);
    auto programs = AskIds(process, plan);
    ASSERT_THAT(process.Visit(programs), IsOk());
    for (size_t i = 0; i < threads; ++i) {
      const Outcome outcome(plan, programs[i]);
      ASSERT_THAT(outcome.Check(), IsOk());
      EXPECT_EQ(outcome.result(gettid_op), process.threads()[i].inner_tid);
    }
    ASSERT_THAT(process.Leave(LeaveAs::kAsFound), IsOk());
    EXPECT_EQ(Maps(pid), maps);
  }
}

char StateOf(pid_t pid) {
  const std::string stat = ReadFile(StrCat("/proc/", pid, "/stat")).value();
  return stat[stat.rfind(')') + 2];
}

char StateWithin(pid_t pid, char wanted) {
  for (int look = 0; look < 1000 && StateOf(pid) != wanted; ++look) usleep(2000);
  return StateOf(pid);
}

TEST(FrozenProcess, StopsWhenLeftWithoutAWord) {
  const ForkedTracee tracee([] { StartThreads(3); });
  {
    auto frozen = FrozenProcess::Freeze(tracee.pid(), WithinSeconds(20));
    ASSERT_THAT(frozen, IsOk());
    ASSERT_THAT(frozen.value()->StopWhenLeft(), IsOk());
  }
  EXPECT_EQ(StateWithin(tracee.pid(), 'T'), 'T');
  // As stopped as it was.
  {
    auto frozen = FrozenProcess::Freeze(tracee.pid(), WithinSeconds(20));
    ASSERT_THAT(frozen, IsOk());
    ASSERT_THAT(frozen.value()->StopWhenLeft(), IsOk());
    ASSERT_THAT(frozen.value()->DoNotStop(), IsOk());
    ASSERT_THAT(frozen.value()->Leave(LeaveAs::kAsFound), IsOk());
  }
  EXPECT_EQ(StateWithin(tracee.pid(), 'T'), 'T');
  kill(tracee.pid(), SIGCONT);
  EXPECT_EQ(StateWithin(tracee.pid(), 'S'), 'S');
}

TEST(FrozenProcess, DoesNotStopWhenThatIsTakenBack) {
  const ForkedTracee tracee([] { StartThreads(3); });
  auto frozen = FrozenProcess::Freeze(tracee.pid(), WithinSeconds(20));
  ASSERT_THAT(frozen, IsOk());
  ASSERT_THAT(frozen.value()->StopWhenLeft(), IsOk());
  ASSERT_THAT(frozen.value()->DoNotStop(), IsOk());
  ASSERT_THAT(frozen.value()->Leave(LeaveAs::kAsFound), IsOk());
  usleep(20'000);
  EXPECT_EQ(StateWithin(tracee.pid(), 'S'), 'S');
}

TEST(FrozenProcess, RunsAProgramInASingleThread) {
  const ForkedTracee tracee;
  ExpectVisitWorks(tracee.pid(), 1);
}

TEST(FrozenProcess, RunsAProgramInEveryOfManyThreads) {
  const ForkedTracee tracee([] { StartThreads(20); });
  ExpectVisitWorks(tracee.pid(), 21);
}

TEST(FrozenProcess, RunsAProgramInAThousandThreads) {
  const ForkedTracee tracee([] { StartThreads(1000); });
  const auto start = std::chrono::steady_clock::now();
  ExpectVisitWorks(tracee.pid(), 1001);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  EXPECT_LT(took.count(), 10.0);
  RecordProperty("seconds", std::to_string(took.count()));
}

// Fills the vector registers with a pattern, says so, and waits.
[[noreturn]] void SpinWithPatternInRegisters() {
  asm volatile(
      "mov $0x0123456789abcdef, %%rax\n movq %%rax, %%xmm7\n punpcklqdq %%xmm7, %%xmm7\n"
      "mov $0x1111, %%rbx\n mov $0x2222, %%r12\n mov $0x3333, %%r15\n"
      "mov $39, %%eax\n syscall\n"
      "1: pause\n jmp 1b" ::
          : "rax", "rbx", "rcx", "r11", "r12", "r15", "xmm7", "memory");
  __builtin_unreachable();
}

TEST(FrozenProcess, LeavesRegistersAndMaskAsFound) {
  const pid_t pid = fork();
  if (pid == 0) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigaddset(&set, SIGRTMIN + 3);
    sigprocmask(SIG_BLOCK, &set, nullptr);
    SpinWithPatternInRegisters();
  }
  usleep(50'000);
  std::optional<FrozenThread> first;
  for (int round = 0; round < 3; ++round) {
    auto frozen = FrozenProcess::Freeze(pid, WithinSeconds(5));
    ASSERT_THAT(frozen, IsOk());
    const FrozenThread now = frozen.value()->threads()[0];
    if (!first) first = now;
    EXPECT_EQ(now.registers.rbx, 0x1111u);
    EXPECT_EQ(now.registers.r15, 0x3333u);
    EXPECT_EQ(now.registers.rsp, first->registers.rsp);
    EXPECT_NEAR(static_cast<double>(now.registers.rip), static_cast<double>(first->registers.rip),
                8);
    EXPECT_EQ(now.registers.fs_base, first->registers.fs_base);
    EXPECT_EQ(now.extended_state, first->extended_state);
    EXPECT_EQ(now.signal_mask,
              (uint64_t{1} << (SIGUSR1 - 1)) | (uint64_t{1} << (SIGRTMIN + 3 - 1)));
    SyscallPlan plan;
    plan.Add("asking the thread id", SYS_gettid, {});
    auto programs = AskIds(*frozen.value(), plan);
    ASSERT_THAT(frozen.value()->Visit(programs), IsOk());
    ASSERT_THAT(frozen.value()->Leave(LeaveAs::kAsFound), IsOk());
    usleep(2000);
  }
  kill(pid, SIGKILL);
  waitpid(pid, nullptr, 0);
}

// In time: what is let go takes its next step when it gets a processor.
void ExpectState(pid_t pid, char wanted) {
  for (int i = 0; i < 2000 && StateOf(pid) != wanted; ++i) usleep(5000);
  EXPECT_EQ(StateOf(pid), wanted);
}

TEST(FrozenProcess, LeavesAStoppedProcessStopped) {
  const ForkedTracee tracee([] { StartThreads(3); });
  kill(tracee.pid(), SIGSTOP);
  ASSERT_EQ(waitpid(tracee.pid(), nullptr, WUNTRACED), tracee.pid());
  ExpectVisitWorks(tracee.pid(), 4);
  usleep(10'000);
  ExpectState(tracee.pid(), 'T');
  {
    auto frozen = FrozenProcess::Freeze(tracee.pid(), WithinSeconds(5));
    ASSERT_THAT(frozen, IsOk());
    EXPECT_EQ(frozen.value()->threads()[0].stop_signal, SIGSTOP);
  }
  usleep(10'000);
  ExpectState(tracee.pid(), 'T');
  kill(tracee.pid(), SIGCONT);
  ExpectState(tracee.pid(), 'S');
}

TEST(FrozenProcess, LeavesStopped) {
  const ForkedTracee tracee([] { StartThreads(3); });
  auto frozen = FrozenProcess::Freeze(tracee.pid(), WithinSeconds(5));
  ASSERT_THAT(frozen, IsOk());
  ASSERT_THAT(frozen.value()->Leave(LeaveAs::kStopped), IsOk());
  ExpectState(tracee.pid(), 'T');
}

TEST(FrozenProcess, LeavesKilled) {
  const ForkedTracee tracee([] { StartThreads(3); });
  auto frozen = FrozenProcess::Freeze(tracee.pid(), WithinSeconds(5));
  ASSERT_THAT(frozen, IsOk());
  ASSERT_THAT(frozen.value()->Leave(LeaveAs::kKilled), IsOk());
  int status = 0;
  ASSERT_EQ(waitpid(tracee.pid(), &status, 0), tracee.pid());
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

TEST(FrozenProcess, ToldOfATraceeThatDies) {
  const ForkedTracee tracee([] { StartThreads(3); });
  auto frozen = FrozenProcess::Freeze(tracee.pid(), WithinSeconds(5));
  ASSERT_THAT(frozen, IsOk());
  kill(tracee.pid(), SIGKILL);
  usleep(10'000);
  SyscallPlan plan;
  auto programs = AskIds(*frozen.value(), plan);
  const Status visited = frozen.value()->Visit(programs);
  ASSERT_FALSE(visited.has_value());
  EXPECT_EQ(visited.error().code(), ErrorCode::kTraceeGone) << visited.error().ToString();
}

TEST(FrozenProcess, RefusesAProcessTracedAlready) {
  const ForkedTracee tracee;
  auto frozen = FrozenProcess::Freeze(tracee.pid(), WithinSeconds(5));
  ASSERT_THAT(frozen, IsOk());
  EXPECT_THAT(FrozenProcess::Freeze(tracee.pid(), WithinSeconds(5)),
              FailsWith(ErrorCode::kDenied, StrCat("process ", getpid(), " traces it already")));
}

void EnterSeccomp() {
  sock_filter allow[] = {{.code = BPF_RET | BPF_K, .jt = 0, .jf = 0, .k = SECCOMP_RET_ALLOW}};
  const sock_fprog program = {.len = 1, .filter = allow};
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) abort();
}

TEST(FrozenProcess, RefusesToVisitUnderSeccompUnlessFragile) {
  const ForkedTracee tracee(EnterSeccomp);
  SyscallPlan plan;
  const size_t gettid_op = plan.Add("asking the thread id", SYS_gettid, {});
  {
    auto frozen = FrozenProcess::Freeze(tracee.pid(), WithinSeconds(5));
    ASSERT_THAT(frozen, IsOk());
    auto programs = AskIds(*frozen.value(), plan);
    const Status visited = frozen.value()->Visit(programs);
    EXPECT_THAT(visited, FailsWith(ErrorCode::kUnsupported, "seccomp"));
    EXPECT_THAT(visited, FailsWith(ErrorCode::kUnsupported, "--allow-fragile"));
  }
  FreezeOptions options = WithinSeconds(5);
  options.allow_fragile = true;
  const std::string maps = Maps(tracee.pid());
  auto frozen = FrozenProcess::Freeze(tracee.pid(), options);
  ASSERT_THAT(frozen, IsOk());
  auto programs = AskIds(*frozen.value(), plan);
  const Status visited = frozen.value()->Visit(programs);
  if (!visited.has_value() && visited.error().code() == ErrorCode::kDenied)
    GTEST_SKIP() << visited.error().ToString();
  ASSERT_THAT(visited, IsOk());
  EXPECT_EQ(Outcome(plan, programs[0]).result(gettid_op), frozen.value()->threads()[0].inner_tid);
  ASSERT_THAT(frozen.value()->Leave(LeaveAs::kAsFound), IsOk());
  EXPECT_EQ(Maps(tracee.pid()), maps);
}

// Three others sleep; the main thread ends by itself alone when SIGUSR1 comes.
void LeaveThreadsWhenTold() {
  signal(SIGUSR1, [](int) { syscall(SYS_exit, 5); });
  sigset_t usr1;
  sigemptyset(&usr1);
  sigaddset(&usr1, SIGUSR1);
  pthread_sigmask(SIG_BLOCK, &usr1, nullptr);
  StartThreads(3);
  pthread_sigmask(SIG_UNBLOCK, &usr1, nullptr);
}

TEST(FrozenProcess, VisitsTheOthersWhenTheMainThreadHasExited) {
  const ForkedTracee tracee(LeaveThreadsWhenTold);
  ASSERT_EQ(kill(tracee.pid(), SIGUSR1), 0);
  while (StateOf(tracee.pid()) != 'Z') usleep(1000);
  SyscallPlan plan;
  const size_t gettid_op = plan.Add("asking the thread id", SYS_gettid, {});
  for (int round = 0; round < 2; ++round) {
    auto frozen = FrozenProcess::Freeze(tracee.pid(), WithinSeconds(20));
    ASSERT_THAT(frozen, IsOk());
    FrozenProcess& process = *frozen.value();
    ASSERT_EQ(process.threads().size(), 3u);
    EXPECT_EQ(process.pid(), process.threads()[0].tid);
    const std::string maps = Maps(process.pid());
    auto programs = AskIds(process, plan);
    ASSERT_THAT(process.Visit(programs), IsOk());
    for (size_t i = 0; i < programs.size(); ++i)
      EXPECT_EQ(Outcome(plan, programs[i]).result(gettid_op), process.threads()[i].inner_tid);
    EXPECT_EQ(Maps(process.pid()), maps);
    ASSERT_THAT(process.Leave(round == 0 ? LeaveAs::kAsFound : LeaveAs::kKilled), IsOk());
  }
  int status = 0;
  EXPECT_EQ(waitpid(tracee.pid(), &status, 0), tracee.pid());
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

// Seized while it dies, before or after: whatever of these, the others are frozen.
TEST(FrozenProcess, TheMainThreadMayExitMeanwhile) {
  for (int round = 0; round < 40; ++round) {
    const ForkedTracee tracee(LeaveThreadsWhenTold);
    ASSERT_EQ(kill(tracee.pid(), SIGUSR1), 0);
    usleep(static_cast<useconds_t>(round * 10));
    auto frozen = FrozenProcess::Freeze(tracee.pid(), WithinSeconds(20));
    ASSERT_THAT(frozen, IsOk());
    EXPECT_GE(frozen.value()->threads().size(), 3u);
    ASSERT_THAT(frozen.value()->Leave(LeaveAs::kAsFound), IsOk());
  }
}

TEST(FrozenProcess, RefusesWhatIsNoProcess) {
  EXPECT_THAT(FrozenProcess::Freeze(-3, {}), FailsWith(ErrorCode::kUsage, "no process id"));
  EXPECT_THAT(FrozenProcess::Freeze(1 << 30, {}),
              FailsWith(ErrorCode::kUsage, "there is no process"));
  EXPECT_THAT(FrozenProcess::Freeze(getpid(), {}), FailsWith(ErrorCode::kUsage, "itself"));
}

}  // namespace
}  // namespace tardigrade

// Visits to processes that are not as the supervisor would like them.

#include "supervisor/tracee/visit.h"

#include <alloca.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cstring>
#include <functional>
#include <thread>

#include "supervisor/base/file_io.h"
#include "supervisor/resource/syscall_plan.h"
#include "supervisor/tracee/frozen_process.h"
#include "supervisor/tracee/leftovers.h"
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

std::string Maps(pid_t pid) { return ReadFile(StrCat("/proc/", pid, "/maps")).value(); }

Status VisitOnce(pid_t pid, const SyscallPlan& plan) {
  ASSIGN_OR_RETURN(const std::unique_ptr<FrozenProcess> frozen,
                   FrozenProcess::Freeze(pid, WithinSeconds(5)));
  std::vector<std::vector<uint64_t>> programs(frozen->threads().size(), plan.Compile());
  RETURN_IF_ERROR(frozen->Visit(programs));
  return frozen->Leave(LeaveAs::kAsFound);
}

Status VisitOnce(pid_t pid) {
  SyscallPlan plan;
  plan.Add("asking the thread id", SYS_gettid, {});
  return VisitOnce(pid, plan);
}

TEST(Visit, WorksInAnotherUsersProcessWithoutCapabilities) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root";
  constexpr uid_t kNobody = 65534;
  const ForkedTracee tracee([] {
    if (setgroups(0, nullptr) != 0 || setresgid(kNobody, kNobody, kNobody) != 0 ||
        setresuid(kNobody, kNobody, kNobody) != 0)
      abort();
  });
  const std::string maps = Maps(tracee.pid());
  EXPECT_THAT(VisitOnce(tracee.pid()), IsOk());
  EXPECT_EQ(Maps(tracee.pid()), maps);
}

TEST(Visit, WorksWhereTheStackWasUsedToItsEnd) {
  const ForkedTracee tracee([] {
    constexpr size_t kBytes = 600 << 10;
    volatile char* deep = static_cast<char*>(alloca(kBytes));
    for (size_t i = 0; i < kBytes; ++i) deep[i] = 'x';
  });
  EXPECT_THAT(VisitOnce(tracee.pid()), IsOk());
  EXPECT_THAT(VisitOnce(tracee.pid()), IsOk());
}

TEST(Visit, IsRefusedWhereExecutableMemoryIsForbidden) {
  constexpr int kSetMdwe = 65, kRefuseExecGain = 1;
  const ForkedTracee tracee([] { (void)prctl(kSetMdwe, kRefuseExecGain, 0, 0, 0); });
  if (prctl(kSetMdwe + 1, 0, 0, 0, 0) < 0) GTEST_SKIP() << "needs Linux 6.3";
  const std::string maps = Maps(tracee.pid());
  EXPECT_THAT(VisitOnce(tracee.pid()), FailsWith(ErrorCode::kUnsupported, "PR_SET_MDWE"));
  EXPECT_EQ(Maps(tracee.pid()), maps);
  usleep(10'000);
  EXPECT_EQ(kill(tracee.pid(), 0), 0);
  EXPECT_EQ(waitpid(tracee.pid(), nullptr, WNOHANG), 0);
}

TEST(Freeze, RefusesAParentInVforkAtOnce) {
  int ready[2];
  ASSERT_EQ(pipe(ready), 0);
  const pid_t pid = fork();
  if (pid == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (vfork() == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      (void)!write(ready[1], "r", 1);
      for (;;) pause();
    }
    _exit(0);
  }
  char byte;
  ASSERT_EQ(read(ready[0], &byte, 1), 1);
  const auto start = std::chrono::steady_clock::now();
  EXPECT_THAT(FrozenProcess::Freeze(pid, WithinSeconds(30)),
              FailsWith(ErrorCode::kUnsupported, "waits in vfork"));
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));
  kill(pid, SIGKILL);
  waitpid(pid, nullptr, 0);
}

// The tracee kills the supervisor whose program it runs.
void DieInVisit(pid_t pid) {
  const pid_t supervisor = fork();
  if (supervisor == 0) {
    SyscallPlan plan;
    plan.Add("killing the supervisor", SYS_kill, {getpid(), SIGKILL});
    (void)VisitOnce(pid, plan);
    _exit(1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(supervisor, &status, 0), supervisor);
  ASSERT_TRUE(WIFSIGNALED(status));
}

void Sleep(int) {
  const timespec long_time = {.tv_sec = 1000, .tv_nsec = 0};
  for (;;) nanosleep(&long_time, nullptr);
}
void WaitForEvents(int) {
  epoll_event event;
  for (;;) epoll_wait(epoll_create1(0), &event, 1, -1);
}
void Spin(int) {
  for (;;) asm volatile("pause");
}

void ExpectNothingLeft(const std::vector<void (*)(int)>& threads) {
  const ForkedTracee tracee([&threads] {
    for (const auto run : threads) std::thread(run, 0).detach();
    usleep(20'000);
  });
  usleep(20'000);
  const std::string maps = Maps(tracee.pid());
  DieInVisit(tracee.pid());
  usleep(20'000);
  EXPECT_NE(Maps(tracee.pid()).find("/SYSV7467"), std::string::npos);
  DieInVisit(tracee.pid());
  ASSERT_THAT(ClearAfterKilledSupervisors(tracee.pid(), WithinSeconds(5)), IsOk());
  EXPECT_EQ(Maps(tracee.pid()), maps);
  DieInVisit(tracee.pid());
  EXPECT_THAT(VisitOnce(tracee.pid()), IsOk());
  EXPECT_EQ(Maps(tracee.pid()), maps);
  EXPECT_EQ(waitpid(tracee.pid(), nullptr, WNOHANG), 0);
}

TEST(KilledSupervisor, NothingOfItStays) { ExpectNothingLeft({}); }

TEST(KilledSupervisor, NothingOfItStaysAmongThreads) {
  ExpectNothingLeft({Sleep, Sleep, WaitForEvents, Spin});
}

// A handler that came on the way home returns into the segment.
TEST(KilledSupervisor, AThreadBelowAHandlerIsSeen) {
  MemoryMapping segment;
  constexpr size_t kStackBytes = 64 << 10;
  auto* const stack = static_cast<uint64_t*>(
      mmap(nullptr, kStackBytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  segment.start = 0x7000'0000'0000;
  segment.end = segment.start + 0x3000;
  std::vector<FrozenThread> threads(1);
  threads[0].registers.rsp = reinterpret_cast<uint64_t>(&stack[10]);
  const std::vector<MemoryMapping> segments = {segment};
  EXPECT_EQ(FindAwayThread(getpid(), threads, segments), std::nullopt);
  stack[9] = segment.start + 8;  // Dead.
  EXPECT_EQ(FindAwayThread(getpid(), threads, segments), std::nullopt);
  stack[700] = segment.start + 8;
  EXPECT_EQ(FindAwayThread(getpid(), threads, segments), threads[0].tid);
  munmap(stack, kStackBytes);
}

}  // namespace
}  // namespace tardigrade

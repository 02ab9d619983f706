// A supervisor that is killed at any moment of a visit leaves the program running unharmed.

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <random>

#include "supervisor/resource/syscall_plan.h"
#include "supervisor/tracee/frozen_process.h"
#include "supervisor/tracee/testing/self_checking_program.h"

namespace tardigrade {
namespace {

using testing::SelfCheckingProgram;

// Returns what went wrong, or "".
std::string VisitOnce(pid_t pid, const SyscallPlan& plan) {
  auto frozen = FrozenProcess::Freeze(
      pid, {.deadline = std::chrono::steady_clock::now() + std::chrono::seconds(5)});
  if (!frozen.has_value()) return frozen.error().ToString();
  std::vector<std::vector<uint64_t>> programs(frozen.value()->threads().size(), plan.Compile());
  const Status visited = frozen.value()->Visit(programs);
  if (!visited.has_value()) return visited.error().ToString();
  const Status left = frozen.value()->Leave(LeaveAs::kAsFound);
  return left.has_value() ? "" : left.error().ToString();
}

// Visits until it is killed; exits with 1 on an error.
[[noreturn]] void VisitForever(pid_t pid) {
  SyscallPlan plan;
  plan.Add("asking the thread id", SYS_gettid, {});
  for (;;) {
    const std::string error = VisitOnce(pid, plan);
    if (error.empty()) continue;
    fprintf(stderr, "%s\n", error.c_str());
    _exit(1);
  }
}

void KillSupervisors(int count, int longest_us) {
  SelfCheckingProgram program;
  ASSERT_TRUE(program.EveryThreadGoesOn(10));
  std::mt19937 random(std::random_device{}());
  for (int i = 0; i < count; ++i) {
    const pid_t supervisor = fork();
    if (supervisor == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      VisitForever(program.pid());
    }
    usleep(std::uniform_int_distribution<useconds_t>(500,
                                                     static_cast<useconds_t>(longest_us))(random));
    kill(supervisor, SIGKILL);
    int status = 0;
    ASSERT_EQ(waitpid(supervisor, &status, 0), supervisor);
    ASSERT_TRUE(WIFSIGNALED(status)) << "supervisor " << i << " ended with " << status;
    ASSERT_TRUE(program.EveryThreadGoesOn(10)) << "after kill " << i;
  }
  const int eintr = program.eintr_count();
  EXPECT_EQ(program.Finish(), "");
  // Only between the stop and its repair can an EINTR get out.
  EXPECT_LE(eintr, count / 5);
}

TEST(Supervisor, DisturbsNothing) {
  SelfCheckingProgram program;
  ASSERT_TRUE(program.EveryThreadGoesOn(10));
  SyscallPlan plan;
  plan.Add("asking the thread id", SYS_gettid, {});
  for (int i = 0; i < 300; ++i) {
    ASSERT_EQ(VisitOnce(program.pid(), plan), "") << "visit " << i;
    usleep(static_cast<useconds_t>(i * 37 % 3000));
  }
  ASSERT_TRUE(program.EveryThreadGoesOn(10));
  EXPECT_EQ(program.eintr_count(), 0);
  EXPECT_EQ(program.Finish(), "");
}

TEST(KilledSupervisor, LeavesTheProgramUnharmed) { KillSupervisors(100, 20'000); }

}  // namespace
}  // namespace tardigrade

#include "supervisor/tracee/frozen_process.h"

#include <gtest/gtest.h>
#include <pthread.h>
#include <sys/syscall.h>
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

TEST(FrozenProcess, RefusesWhatIsNoProcess) {
  EXPECT_THAT(FrozenProcess::Freeze(-3, {}), FailsWith(ErrorCode::kUsage, "no process id"));
  EXPECT_THAT(FrozenProcess::Freeze(1 << 30, {}),
              FailsWith(ErrorCode::kUsage, "there is no process"));
  EXPECT_THAT(FrozenProcess::Freeze(getpid(), {}), FailsWith(ErrorCode::kUsage, "itself"));
}

}  // namespace
}  // namespace tardigrade

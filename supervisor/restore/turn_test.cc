#include "supervisor/restore/turn.h"

#include <gtest/gtest.h>
#include <linux/kcmp.h>
#include <sched.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "supervisor/restore/choose_pid.h"

namespace tardigrade {
namespace {

pid_t FreePid() {
  for (pid_t pid = 30000;; --pid) {
    if (syscall(SYS_kcmp, pid, pid, KCMP_VM, 0, 0) < 0 && errno == ESRCH) return pid;
  }
}

// Waits without the turn.
int StatusOf(Turn& turn, pid_t pid) {
  int status = -1;
  EXPECT_EQ(turn.Wait(SYS_wait4, {static_cast<uint64_t>(pid), reinterpret_cast<uint64_t>(&status),
                                  __WALL, 0, 0, 0}),
            pid);
  return status;
}

class TurnTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!MayChoosePids()) GTEST_SKIP() << "choosing pids takes CAP_CHECKPOINT_RESTORE";
  }
  // As in the restorer: one thread, and never destroyed before the tasks.
  Turn turn_;
};

TEST_F(TurnTest, AForkedTaskHasItsOwnMemory) {
  int word = 0;
  const pid_t pid = FreePid();
  ASSERT_EQ(GiveBirth(turn_, pid, SIGCHLD, 0, [&] { word = 1, _exit(getpid() == pid ? 7 : 8); }),
            pid);
  EXPECT_EQ(WEXITSTATUS(StatusOf(turn_, pid)), 7);
  EXPECT_EQ(word, 0);
}

TEST_F(TurnTest, WhoSharesTheMemoryRunsOnlyWhileTheOtherWaits) {
  volatile int word = 0;
  const pid_t pid = FreePid();
  Turn& turn = turn_;
  ASSERT_EQ(
      GiveBirth(
          turn, pid, SIGCHLD, CLONE_VM,
          [&] {
            for (int i = 0; i < 1000; ++i) {
              const int before = word;
              word = before + 1;
              const timespec now = {};
              if (i % 100 == 0)
                (void)turn.Wait(SYS_nanosleep, {reinterpret_cast<uint64_t>(&now), 0, 0, 0, 0, 0});
            }
          }),
      pid);
  usleep(20'000);
  EXPECT_EQ(word, 0) << "it has not had the turn";
  EXPECT_EQ(syscall(SYS_kcmp, getpid(), pid, KCMP_VM, 0, 0), 0);
  EXPECT_EQ(WEXITSTATUS(StatusOf(turn, pid)), 127) << "it has returned";
  EXPECT_EQ(word, 1000);
}

TEST_F(TurnTest, ATakenPidIsAnError) {
  EXPECT_EQ(GiveBirth(turn_, getpid(), SIGCHLD, CLONE_VM, [] {}), -1);
  EXPECT_EQ(errno, EEXIST);
}

}  // namespace
}  // namespace tardigrade

#include "supervisor/restore/choose_pid.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace tardigrade {
namespace {

pid_t Reap(pid_t pid) { return waitpid(pid, nullptr, 0); }

TEST(ChoosePid, NobodyIsMadeByAsking) {
  const pid_t child = fork();
  if (child == 0) _exit(0);
  EXPECT_FALSE(IsPidFree(child));
  EXPECT_EQ(Reap(child), child);
  EXPECT_TRUE(IsPidFree(child));
  EXPECT_EQ(waitpid(-1, nullptr, __WALL), -1);
}

TEST(ChoosePid, AZombieHasItsPidUntilItIsWaitedFor) {
  const pid_t child = fork();
  if (child == 0) {
    for (;;) pause();
  }
  EXPECT_FALSE(IsPidOfTheDead(child));
  kill(child, SIGKILL);
  siginfo_t info;
  EXPECT_EQ(waitid(P_PID, child, &info, WEXITED | WNOWAIT), 0);
  EXPECT_FALSE(IsPidFree(child));
  EXPECT_TRUE(IsPidOfTheDead(child));
  EXPECT_EQ(Reap(child), child);
  EXPECT_TRUE(IsPidFree(child));
}

// The leader ends; a member that has ended as well, but was not waited for, keeps the number.
TEST(ChoosePid, AGroupAndASessionKeepTheirNumbers) {
  if (!MayChoosePids()) GTEST_SKIP() << "may not choose pids";
  for (const bool session : {false, true}) {
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    int words[2];
    ASSERT_EQ(pipe(words), 0);
    const pid_t leader = fork();
    if (leader == 0) {
      session ? setsid() : setpgid(0, 0);
      const pid_t member = fork();
      if (member == 0) {
        if (session) setpgid(0, 0);
        _exit(0);
      }
      siginfo_t info;
      waitid(P_PID, member, &info, WEXITED | WNOWAIT);
      (void)!write(words[1], &member, sizeof(member));
      _exit(0);
    }
    pid_t member = -1;
    EXPECT_EQ(read(words[0], &member, sizeof(member)), static_cast<ssize_t>(sizeof(member)));
    EXPECT_EQ(Reap(leader), leader);
    EXPECT_FALSE(IsPidFree(leader)) << session;
    EXPECT_TRUE(IsPidOfTheDead(leader));
    EXPECT_EQ(Reap(member), member);
    EXPECT_TRUE(IsPidFree(leader)) << session;
    close(words[0]);
    close(words[1]);
  }
}

}  // namespace
}  // namespace tardigrade

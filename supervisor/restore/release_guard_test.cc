#include "supervisor/restore/release_guard.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/testing/matchers.h"

namespace tardigrade {
namespace {

using ::tardigrade::testing::IsOk;

pid_t Sleeper() {
  const pid_t pid = fork();
  if (pid != 0) return pid;
  for (;;) pause();
}

TEST(ReleaseGuard, KillsAllUnlessDismissed) {
  const pid_t pids[] = {Sleeper(), Sleeper()};
  {
    auto guard = ReleaseGuard::Create(pids);
    ASSERT_THAT(guard, IsOk());
    guard.value()->Dismiss();
  }
  EXPECT_EQ(waitpid(pids[0], nullptr, WNOHANG), 0);
  const pid_t maker = fork();  // One that dies before it has let go of all.
  if (maker == 0) {
    auto guard = ReleaseGuard::Create(pids);
    raise(SIGKILL);
  }
  ASSERT_EQ(waitpid(maker, nullptr, 0), maker);
  for (const pid_t pid : pids) {
    int status = 0;
    ASSERT_EQ(waitpid(pid, &status, 0), pid);
    EXPECT_EQ(WTERMSIG(status), SIGKILL);
  }
}

}  // namespace
}  // namespace tardigrade

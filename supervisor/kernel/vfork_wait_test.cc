#include "supervisor/kernel/vfork_wait.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace tardigrade {
namespace {

TEST(ParseSyscall, TellsCallsFromOtherStates) {
  const auto call = ParseSyscall("56 0x4111 0x7ffe0 0x0 0x0 0x0 0x0 0x7ffd5a40 0x7f0e2\n");
  ASSERT_TRUE(call.has_value());
  EXPECT_EQ(call->number, 56);
  EXPECT_EQ(call->first_argument, 0x4111u);
  EXPECT_FALSE(ParseSyscall("running\n").has_value());
  EXPECT_FALSE(ParseSyscall("-1 0x7ffd5a40 0x7f0e2\n").has_value());
  EXPECT_FALSE(ParseSyscall("").has_value());
}

bool IsInVforkSoon(pid_t pid) {
  for (int i = 0; i < 1000; ++i) {
    if (IsInVfork(pid, pid)) return true;
    usleep(2000);
  }
  return false;
}

TEST(IsInVfork, AsLongAsTheChildHasTheMemory) {
  const pid_t parent = fork();
  if (parent == 0) {
    const pid_t maker = getpid();
    if (vfork() == 0) {
      while (getppid() == maker) usleep(1000);
      _exit(0);
    }
    _exit(0);
  }
  EXPECT_TRUE(IsInVforkSoon(parent));
  EXPECT_FALSE(IsInVfork(getpid(), getpid()));
  // A deadly signal is all that wakes it.
  kill(parent, SIGKILL);
  waitpid(parent, nullptr, 0);
}

}  // namespace
}  // namespace tardigrade

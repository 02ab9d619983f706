#include "supervisor/resource/peek_offset.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "plugins/unix_socket/run_as.h"
#include "tests/testing/fake_contexts.h"
#include "tests/testing/matchers.h"

namespace tardigrade::unix_socket {
namespace {

class PeekOffsetTest : public ::testing::Test {
 protected:
  void SetUp() override {
    int ends[2];
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_DGRAM, 0, ends), 0);
    one_.Reset(ends[0]);
    other_.Reset(ends[1]);
    const int before = 5;
    ASSERT_EQ(setsockopt(one_.get(), SOL_SOCKET, SO_PEEK_OFF, &before, sizeof(before)), 0);
  }
  int Now() { return ScopedPeekOffset::Read(one_.get()).value(); }
  ScopedFd one_, other_;
};

TEST_F(PeekOffsetTest, IsSetBackInTheEnd) {
  {
    const auto scoped = ScopedPeekOffset::Start(one_.get()).value();
    ASSERT_TRUE(scoped->MoveTo(17).has_value());
    EXPECT_EQ(Now(), 17);
  }
  EXPECT_EQ(Now(), 5);
}

TEST_F(PeekOffsetTest, IsSetBackWhenWhoSetItIsKilled) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const ScopedFd told(ends[0]);
  ScopedFd tell(ends[1]);
  const pid_t child = fork();
  if (child == 0) {
    const auto scoped = ScopedPeekOffset::Start(one_.get()).value();
    const bool moved = scoped->MoveTo(17).has_value();
    if (write(tell.get(), moved ? "1" : "0", 1) == 1) pause();
    _exit(0);
  }
  tell.Reset();
  char word = 0;
  ASSERT_EQ(read(told.get(), &word, 1), 1);
  ASSERT_EQ(word, '1');
  EXPECT_EQ(Now(), 17);
  ASSERT_EQ(kill(child, SIGKILL), 0);
  ASSERT_EQ(waitpid(child, nullptr, 0), child);
  // The keeper holds the pipe as well: its end is the end of its work.
  EXPECT_EQ(read(told.get(), &word, 1), 0);
  EXPECT_EQ(Now(), 5);
}

TEST(RunAs, AnotherUserAndPidForThatCallOnly) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root";
  tardigrade::testing::FakeContexts contexts;
  Creator creator{.pid = getpid(), .uid = 1234, .gid = 1235, .groups = {7, 8}};
  const auto pair = [] {
    CallOutcome outcome;
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, outcome.fds) != 0) outcome.error = errno;
    return outcome;
  };
  for (const pid_t pid : {getpid(), pid_t{4000000}}) {
    creator.pid = pid;
    const CallOutcome made = RunAs(creator, contexts.create(), pair);
    ASSERT_EQ(made.error, 0);
    const ScopedFd one(made.fds[0]), other(made.fds[1]);
    ucred shown = {};
    socklen_t size = sizeof(shown);
    ASSERT_EQ(getsockopt(one.get(), SOL_SOCKET, SO_PEERCRED, &shown, &size), 0);
    if (!contexts.warnings.empty()) GTEST_SKIP() << contexts.warnings[0];
    EXPECT_EQ(shown.pid, pid);
    EXPECT_EQ(shown.uid, 1234u);
    EXPECT_EQ(shown.gid, 1235u);
    gid_t groups[8] = {};
    size = sizeof(groups);
    ASSERT_EQ(getsockopt(other.get(), SOL_SOCKET, SO_PEERGROUPS, groups, &size), 0);
    EXPECT_EQ(size, 2 * sizeof(gid_t));
    EXPECT_EQ(geteuid(), 0u);
    EXPECT_EQ(getegid(), 0u);
  }
}

}  // namespace
}  // namespace tardigrade::unix_socket

#include "plugins/pidfd/pidfd_kind.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/testing/fake_contexts.h"
#include "tests/testing/matchers.h"

namespace tardigrade::pidfd {
namespace {

using ::tardigrade::testing::FactsOf;
using ::tardigrade::testing::FailsWith;
using ::tardigrade::testing::FakeContexts;
using ::tardigrade::testing::IsOk;

ScopedFd Open(pid_t pid, unsigned flags = 0) {
  return ScopedFd(static_cast<int>(syscall(SYS_pidfd_open, pid, flags)));
}

// A child that waits to be ended by a signal.
pid_t Fork() {
  const pid_t child = fork();
  if (child == 0) {
    alarm(60);
    for (;;) pause();
  }
  return child;
}

class PidfdKindTest : public ::testing::Test {
 protected:
  ScopedFd RoundTrip(FdFacts file) {
    file.job = &job_;
    EXPECT_TRUE(kind_.Claims(file));
    EXPECT_THAT(kind_.Check(file, {}), IsOk());
    const Result<Value> state = kind_.Collect(file, {}, contexts_);
    EXPECT_THAT(state, IsOk());
    Result<ScopedFd> made = kind_.Create(state.value(), contexts_.create());
    EXPECT_THAT(made, IsOk());
    return std::move(made).value();
  }
  static std::string_view PidLine(const FdFacts& file) { return file.info.fields.at("Pid"); }

  PidfdKind kind_;
  FakeContexts contexts_;
  JobPids job_;
};

TEST_F(PidfdKindTest, OfItselfWithFlags) {
  const ScopedFd fd = Open(getpid(), O_NONBLOCK);
  job_.AddProcess(getpid(), getpid());
  const ScopedFd again = RoundTrip(FactsOf(fd.get()));
  EXPECT_EQ(PidLine(FactsOf(again.get())), std::to_string(getpid()));
  EXPECT_EQ(fcntl(again.get(), F_GETFL) & O_NONBLOCK, O_NONBLOCK);
}

TEST_F(PidfdKindTest, OfAZombie) {
  const pid_t child = Fork();
  const ScopedFd fd = Open(child);
  kill(child, SIGKILL);
  job_.AddProcess(child, child);
  pollfd end{.fd = fd.get(), .events = POLLIN, .revents = 0};
  ASSERT_EQ(poll(&end, 1, -1), 1);
  const ScopedFd again = RoundTrip(FactsOf(fd.get()));
  siginfo_t info = {};
  ASSERT_EQ(waitid(static_cast<idtype_t>(3), static_cast<id_t>(again.get()), &info, WEXITED), 0);
  EXPECT_EQ(info.si_status, SIGKILL);
}

TEST_F(PidfdKindTest, OfAProcessThatIsGone) {
  const pid_t child = Fork();
  const ScopedFd fd = Open(child);
  kill(child, SIGTERM);
  ASSERT_EQ(waitpid(child, nullptr, 0), child);
  FdFacts file = FactsOf(fd.get());
  const ScopedFd again = RoundTrip(file);
  EXPECT_EQ(PidLine(FactsOf(again.get())), "-1");
  EXPECT_EQ(syscall(SYS_pidfd_send_signal, again.get(), 0, nullptr, 0), -1);
  EXPECT_EQ(errno, ESRCH);
  pollfd end{.fd = again.get(), .events = POLLIN, .revents = 0};
  EXPECT_EQ(poll(&end, 1, 0), 1);
  EXPECT_EQ(Decode<PidfdState>(kind_.Collect(file, {}, contexts_).value(), "").value().exit_status,
            Decode<PidfdState>(kind_.Collect(FactsOf(again.get()), {}, contexts_).value(), "").value().exit_status);
}

TEST_F(PidfdKindTest, OfAnotherProcessIsRefused) {
  const ScopedFd fd = Open(getppid());
  FdFacts file = FactsOf(fd.get());
  EXPECT_THAT(kind_.Check(file, {}), FailsWith(ErrorCode::kUnsupported, "not saved along"));
  file.job = &job_;
  EXPECT_THAT(kind_.Check(file, {}), FailsWith(ErrorCode::kUnsupported, "not saved along"));
  file.info.flags |= O_EXCL;
  EXPECT_THAT(kind_.Check(file, {}), FailsWith(ErrorCode::kUnsupported, "PIDFD_THREAD"));
}

TEST_F(PidfdKindTest, MalformedImagesAreRejected) {
  PidfdState state;
  state.pid = -1;
  EXPECT_THAT(kind_.Create(Encode(state), contexts_.create()), FailsWith(ErrorCode::kBadImage, "pidfd.pid"));
  state = {.open = {}, .pid = 0, .exit_status = -1};
  EXPECT_THAT(kind_.Create(Encode(state), contexts_.create()), FailsWith(ErrorCode::kBadImage, "pidfd.exit_status"));
}

}  // namespace
}  // namespace tardigrade::pidfd

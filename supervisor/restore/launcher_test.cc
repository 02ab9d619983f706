#include "supervisor/restore/launcher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "tests/testing/matchers.h"

// Tasks are forks of this very process: no threads here.

namespace tardigrade {
namespace {

using ::tardigrade::testing::FailsWith;
using ::tardigrade::testing::IsOk;

// A number that was free just now.
pid_t FreePid() {
  const pid_t child = fork();
  if (child == 0) _exit(0);
  waitpid(child, nullptr, 0);
  return child;
}

// Whether this machine and user allow it is not what is tested.
bool IsForbidden(const Error& error) {
  return error.code() == ErrorCode::kDenied || error.errno_value() == EPERM ||
         error.errno_value() == ENOSPC;
}

class LauncherTest : public ::testing::Test {
 protected:
  std::unique_ptr<Launcher> launcher_ = Launcher::Create().value();
};

TEST_F(LauncherTest, GivesTheTaskItsOldPid) {
  const pid_t wanted = FreePid();
  const auto task =
      launcher_->WithSamePid(wanted, /*adopted=*/false, [&] { _exit(getpid() == wanted ? 7 : 8); });
  if (!task.has_value() && IsForbidden(task.error())) GTEST_SKIP() << task.error().ToString();
  ASSERT_THAT(task, IsOk());
  EXPECT_EQ(task.value().pid, wanted);
  const auto status = launcher_->WaitForEnd(task.value());
  ASSERT_THAT(status, IsOk());
  EXPECT_EQ(WEXITSTATUS(status.value()), 7);
}

TEST_F(LauncherTest, APidThatIsTakenIsAnError) {
  const auto task = launcher_->WithSamePid(getpid(), /*adopted=*/false, [] { _exit(0); });
  ASSERT_FALSE(task.has_value());
  if (IsForbidden(task.error())) GTEST_SKIP() << task.error().ToString();
  EXPECT_EQ(task.error().errno_value(), EEXIST);
}

TEST_F(LauncherTest, ANewNamespaceHasRoomForAnyPid) {
  const auto task = launcher_->InNewNamespace(300, false, [] { _exit(getpid() == 300 ? 7 : 8); });
  if (!task.has_value() && IsForbidden(task.error())) GTEST_SKIP() << task.error().ToString();
  if (!task.has_value() && task.error().code() == ErrorCode::kTraceeGone)
    GTEST_SKIP() << "it ended before it was seen";
  ASSERT_THAT(task, IsOk());
  EXPECT_GT(task.value().init_pid, 0);
  EXPECT_NE(task.value().pid, task.value().init_pid);
  launcher_->SetFree(task.value());
  const auto status = launcher_->WaitForEnd(task.value());
  ASSERT_THAT(status, IsOk());
  EXPECT_EQ(WEXITSTATUS(status.value()), 7);
}

TEST_F(LauncherTest, NothingOfAnAbandonedNamespaceIsLeft) {
  const auto task = launcher_->InNewNamespace(300, false, [] {
    for (;;) pause();
  });
  if (!task.has_value() && IsForbidden(task.error())) GTEST_SKIP() << task.error().ToString();
  ASSERT_THAT(task, IsOk());
  launcher_->Abandon(task.value());
  EXPECT_EQ(kill(task.value().init_pid, 0), -1);
  EXPECT_EQ(kill(task.value().pid, 0), -1);
}

TEST_F(LauncherTest, AnInitIsRefused) {
  EXPECT_THAT(launcher_->InNewNamespace(1, false, [] { _exit(0); }),
              FailsWith(ErrorCode::kUnsupported, "init"));
}

}  // namespace
}  // namespace tardigrade

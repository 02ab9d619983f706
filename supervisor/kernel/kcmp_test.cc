#include "supervisor/kernel/kcmp.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/kcmp.h>
#include <sched.h>
#include <sys/sem.h>
#include <sys/syscall.h>

#include <cerrno>

#include "supervisor/kernel/blank_process.h"
#include "tests/testing/matchers.h"
#include "tests/testing/sharing_child.h"

namespace tardigrade {
namespace {

using ::tardigrade::testing::IsOk;
using ::tardigrade::testing::SharingChild;
using ::testing::ElementsAre;

TEST(FirstWithSame, FindsWhoSharesWithWhom) {
  const SharingChild alone(0), files(CLONE_FILES), fs(CLONE_FS), both(CLONE_FILES | CLONE_FS);
  const pid_t pids[] = {alone.pid(), files.pid(), fs.pid(), both.pid(), getpid()};
  EXPECT_THAT(FirstWithSame(pids, KCMP_FILES), ElementsAre(0, 1, 2, 1, 1));
  EXPECT_THAT(FirstWithSame(pids, KCMP_FS), ElementsAre(0, 1, 2, 2, 2));
  EXPECT_THAT(FirstWithSame(pids, KCMP_VM), ElementsAre(0, 1, 2, 3, 4));
}

TEST(FirstWithSame, WhoIsGoneSharesNothing) {
  const SharingChild alone(0);
  const pid_t pids[] = {getpid(), 1 << 22, alone.pid(), 1 << 22};
  EXPECT_THAT(FirstWithSame(pids, KCMP_FILES), ElementsAre(0, 1, 2, 3));
}

TEST(TasksByObject, FindOthersThatHaveTheSame) {
  const SharingChild alone(0), other(0), files(CLONE_FILES);
  const TasksByObject tables({alone.pid(), files.pid(), other.pid()}, KCMP_FILES);
  EXPECT_EQ(tables.Find(getpid()), files.pid());
  EXPECT_EQ(tables.Find(other.pid()), other.pid());
  EXPECT_EQ(tables.Find(getppid()), std::nullopt);
}

TEST(ScopedBlankProcess, HasNoneOfWhatComesWhenItIsNeeded) {
  const auto blank = ScopedBlankProcess::Create();
  ASSERT_THAT(blank, IsOk());
  const SharingChild without(0), with(CLONE_SYSVSEM);
  EXPECT_TRUE(blank.value()->Lacks(without.pid(), KCMP_SYSVSEM));
  EXPECT_FALSE(blank.value()->Lacks(with.pid(), KCMP_SYSVSEM));
}

// Also to who has an I/O priority, which children inherit.
TEST(ScopedBlankProcess, HasNoIoContext) {
  constexpr int kIdle = 3 << 13;
  if (syscall(SYS_ioprio_set, 1, 0, kIdle) != 0 && errno == ENOSYS)
    GTEST_SKIP() << "no I/O priorities";
  const auto blank = ScopedBlankProcess::Create();
  const SharingChild with(0);
  (void)syscall(SYS_ioprio_set, 1, 0, 0);
  const SharingChild without(0);
  ASSERT_THAT(blank, IsOk());
  EXPECT_FALSE(blank.value()->Lacks(with.pid(), KCMP_IO));
  EXPECT_TRUE(blank.value()->Lacks(without.pid(), KCMP_IO));
  EXPECT_FALSE(blank.value()->Lacks(getpid(), KCMP_IO));
}

TEST(ScopedBlankProcess, IsGoneAfterwards) {
  pid_t pid = -1;
  {
    const auto blank = ScopedBlankProcess::Create();
    ASSERT_THAT(blank, IsOk());
    pid = blank.value()->pid();
    EXPECT_EQ(kill(pid, 0), 0);
  }
  EXPECT_NE(kill(pid, 0), 0);
}

}  // namespace
}  // namespace tardigrade

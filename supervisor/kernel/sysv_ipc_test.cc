#include "supervisor/kernel/sysv_ipc.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/ipc.h>
#include <sys/prctl.h>
#include <sys/sem.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/testing/matchers.h"

namespace tardigrade {
namespace {

using ::tardigrade::testing::FailsWith;
using ::tardigrade::testing::IsOk;

TEST(ParseSysvIpc, ReadsColumnsByName) {
  const auto rows = ParseSysvIpc(
      "       key      semid perms      nsems   uid   gid  cuid  cgid      otime      ctime\n"
      "-559038737          7   640          3     0   100     0     0 1795389166 1795389160\n");
  ASSERT_THAT(rows, IsOk());
  ASSERT_EQ(rows.value().size(), 1u);
  const SysvIpcRow& row = rows.value()[0];
  EXPECT_EQ(row.at("key"), -559038737);
  EXPECT_EQ(row.at("semid"), 7);
  EXPECT_EQ(row.at("perms"), 0640);
  EXPECT_EQ(row.at("gid"), 100);
}

TEST(ParseSysvIpc, ReadsTablesOfNothingAndRejectsOthers) {
  EXPECT_TRUE(ParseSysvIpc("").value().empty());
  EXPECT_TRUE(ParseSysvIpc("key shmid perms\n").value().empty());
  EXPECT_THAT(ParseSysvIpc("key shmid perms\n1 2\n"), FailsWith(ErrorCode::kInternal, "1 2"));
  EXPECT_THAT(ParseSysvIpc("key shmid perms\n1 2 8\n"), FailsWith(ErrorCode::kInternal, "1 2 8"));
}

TEST(ReadSysvIpc, FindsASet) {
  const int id = semget(IPC_PRIVATE, 2, 0600);
  ASSERT_GE(id, 0);
  const auto rows = ReadSysvIpc("sem");
  semctl(id, 0, IPC_RMID);
  ASSERT_THAT(rows, IsOk());
  bool found = false;
  for (const SysvIpcRow& row : rows.value()) found |= row.at("semid") == id && row.at("nsems") == 2;
  EXPECT_TRUE(found);
}

TEST(InIpcNamespaceOf, LooksIntoAnother) {
  int ready[2];
  ASSERT_EQ(pipe(ready), 0);
  const pid_t child = fork();
  if (child == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    const bool in = unshare(CLONE_NEWIPC) == 0 || unshare(CLONE_NEWUSER | CLONE_NEWIPC) == 0;
    (void)!write(ready[1], in && semget(77, 5, IPC_CREAT | 0600) >= 0 ? "y" : "n", 1);
    for (;;) pause();
  }
  char made = 0;
  ASSERT_EQ(read(ready[0], &made, 1), 1);
  size_t sets = 0;
  int64_t key = 0;
  const Status entered = InIpcNamespaceOf(child, [&] {
    const auto rows = ReadSysvIpc("sem");
    if (!rows.has_value()) return;
    sets = rows.value().size();
    if (sets == 1) key = rows.value()[0].at("key");
  });
  const bool same = IsInThisIpcNamespace(child).value();
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  if (made != 'y') GTEST_SKIP() << "no namespaces here";
  EXPECT_FALSE(same);
  ASSERT_THAT(entered, IsOk());
  EXPECT_EQ(sets, 1u);
  EXPECT_EQ(key, 77);
  EXPECT_TRUE(IsInThisIpcNamespace(getpid()).value());
}

}  // namespace
}  // namespace tardigrade

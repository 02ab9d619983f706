#include "supervisor/checkpoint/frozen_tree.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <map>
#include <set>

#include "supervisor/base/file_io.h"
#include "supervisor/kernel/children.h"
#include "supervisor/kernel/proc_stat.h"
#include "tests/testing/forked_tracee.h"
#include "tests/testing/matchers.h"

namespace tardigrade {
namespace {

using ::tardigrade::testing::ForkedTracee;
using ::tardigrade::testing::IsOk;

FreezeOptions Soon() {
  FreezeOptions options;
  options.deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  return options;
}

// A child that runs `body` and then sleeps; it dies with its parent.
void Fork(void (*body)()) {
  int ready[2];
  if (pipe(ready) != 0) _exit(3);
  if (fork() == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    body();
    (void)!write(ready[1], "r", 1);
    for (;;) pause();
  }
  char c;
  (void)!read(ready[0], &c, 1);
}

void Nothing() {}

void HaveZombie() {
  const pid_t zombie = fork();
  if (zombie == 0) _exit(7);
  siginfo_t info;
  waitid(P_PID, static_cast<id_t>(zombie), &info, WEXITED | WNOWAIT);
}

// Two children, of which one has a zombie and a child.
void HaveFamily() {
  Fork(Nothing);
  Fork([] {
    HaveZombie();
    Fork(Nothing);
  });
}

char StateOf(pid_t pid) {
  const Result<std::string> text = ReadFile(StrCat("/proc/", pid, "/stat"));
  if (!text.has_value()) return '?';
  return ParseProcStat(text.value()).value().state;
}

TEST(FrozenTree, HoldsAllDescendantsParentsFirst) {
  const ForkedTracee root(HaveFamily);
  {
    const auto tree = FrozenTree::Freeze(root.pid(), /*descendants=*/true, Soon());
    ASSERT_THAT(tree, IsOk());
    const std::vector<TreeMember>& members = tree.value()->members();
    ASSERT_EQ(members.size(), 5u);
    EXPECT_EQ(members[0].pid, root.pid());
    EXPECT_EQ(members[0].parent, -1);
    std::set<pid_t> before = {root.pid()};
    size_t ended = 0;
    for (size_t i = 1; i < members.size(); ++i) {
      EXPECT_TRUE(before.contains(members[i].parent));
      before.insert(members[i].pid);
      ended += members[i].has_ended;
      EXPECT_EQ(tree.value()->process(i) == nullptr, members[i].has_ended);
      EXPECT_EQ(StateOf(members[i].pid), members[i].has_ended ? 'Z' : 't');
    }
    EXPECT_EQ(ended, 1u);
  }
  const auto members = LookAtTree(root.pid());
  ASSERT_THAT(members, IsOk());
  EXPECT_EQ(members.value().size(), 5u);
  for (const TreeMember& member : members.value()) EXPECT_NE(StateOf(member.pid), 't');
}

TEST(FrozenTree, AProcessAloneLeavesItsChildrenRunning) {
  const ForkedTracee root(HaveFamily);
  const auto tree = FrozenTree::Freeze(root.pid(), /*descendants=*/false, Soon());
  ASSERT_THAT(tree, IsOk());
  EXPECT_EQ(tree.value()->members().size(), 1u);
  const auto children = ListChildren(root.pid());
  ASSERT_THAT(children, IsOk());
  for (const pid_t child : children.value()) EXPECT_NE(StateOf(child), 't');
}

// Makes children without end, which make children and end.
void MultiplyForever() {
  Fork([] {});
  for (int i = 0; i < 3; ++i) {
    if (fork() != 0) continue;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (;;) {
      const pid_t child = fork();
      if (child == 0) _exit(fork() == 0 ? 0 : 1);
      waitpid(child, nullptr, 0);
    }
  }
}

TEST(FrozenTree, NobodyIsMissingWhileTheyMultiply) {
  const ForkedTracee root([] {
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    signal(SIGCHLD, SIG_IGN);  // Orphans are no zombies.
    MultiplyForever();
  });
  for (int round = 0; round < 20; ++round) {
    const auto tree = FrozenTree::Freeze(root.pid(), /*descendants=*/true, Soon());
    ASSERT_THAT(tree, IsOk());
    std::set<pid_t> known;
    for (const TreeMember& member : tree.value()->members()) known.insert(member.pid);
    EXPECT_GE(known.size(), 5u);
    for (const TreeMember& member : tree.value()->members()) {
      if (member.has_ended) continue;
      const auto children = ListChildren(member.pid);
      ASSERT_THAT(children, IsOk());
      for (const pid_t child : children.value()) EXPECT_TRUE(known.contains(child) || IsLeaving(child)) << child;
    }
    ASSERT_THAT(tree.value()->Leave(LeaveAs::kAsFound), IsOk());
  }
}

TEST(IsLeaving, IsTrueOfThoseWhoHaveEnded) {
  const ForkedTracee here;
  EXPECT_FALSE(IsLeaving(here.pid()));
  const pid_t zombie = fork();
  if (zombie == 0) _exit(0);
  siginfo_t info;
  ASSERT_EQ(waitid(P_PID, static_cast<id_t>(zombie), &info, WEXITED | WNOWAIT), 0);
  EXPECT_TRUE(IsLeaving(zombie));
  ASSERT_EQ(waitpid(zombie, nullptr, 0), zombie);
  EXPECT_TRUE(IsLeaving(zombie));
}

}  // namespace
}  // namespace tardigrade

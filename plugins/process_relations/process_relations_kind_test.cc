#include "plugins/process_relations/process_relations_kind.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/prctl.h>

#include <thread>

#include "tests/testing/matchers.h"
#include "tests/testing/practice_task.h"

namespace tardigrade::process_relations {
namespace {

using ::tardigrade::testing::FailsWith;
using ::tardigrade::testing::IsOk;
using ::tardigrade::testing::PracticeTask;

TEST(ProcessRelationsKind, AProcessOfItsOwnIsFine) {
  PracticeTask source;
  EXPECT_THAT(source.Collect(ProcessRelationsKind()), IsOk());
}

TEST(ProcessRelationsKind, AChildIsRefusedAlsoAsAZombie) {
  PracticeTask source([] {
    if (fork() == 0) _exit(0);
  });
  EXPECT_THAT(source.Collect(ProcessRelationsKind()), FailsWith(ErrorCode::kUnsupported, "--tree"));
}

TEST(ProcessRelationsKind, AThreadWithItsOwnDescriptorsIsRefused) {
  PracticeTask source([] {
    int ready[2];
    if (pipe(ready) != 0) abort();
    std::thread([&] {
      if (unshare(CLONE_FILES) != 0) abort();
      (void)!write(ready[1], "r", 1);
      for (;;) pause();
    }).detach();
    char c;
    (void)!read(ready[0], &c, 1);
  });
  EXPECT_THAT(source.Collect(ProcessRelationsKind()),
              FailsWith(ErrorCode::kUnsupported, "a descriptor table of its own"));
}

TEST(ProcessRelationsKind, SharingWithTheParentIsRefused) {
  alignas(16) static char stack[65536];
  const pid_t pid = clone(
      [](void*) -> int {
        for (;;) pause();
      },
      stack + sizeof(stack), CLONE_FS | SIGCHLD, nullptr);
  ASSERT_GT(pid, 0);
  TaskFacts facts;
  facts.pid = facts.tid = pid;
  facts.status = ReadFile(StrCat("/proc/", pid, "/status")).value();
  EXPECT_THAT(ProcessRelationsKind().Check(facts),
              FailsWith(ErrorCode::kUnsupported, "shares its working directory with its parent"));
  kill(pid, SIGKILL);
  waitpid(pid, nullptr, 0);
}

}  // namespace
}  // namespace tardigrade::process_relations

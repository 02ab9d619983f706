#include "plugins/process_relations/process_relations_kind.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <thread>

#include "supervisor/kernel/living_thread.h"
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

TEST(ProcessRelationsKind, AMainThreadThatHasExitedSharesNothing) {
  const pid_t pid = fork();
  if (pid == 0) {
    std::thread([] {
      for (;;) pause();
    }).detach();
    syscall(SYS_exit, 0);
  }
  TaskFacts facts;
  while ((facts.pid = LivingThread(pid).value()) == pid) usleep(1000);
  facts.tid = facts.pid;
  facts.status = ReadFile(StrCat("/proc/", facts.pid, "/status")).value();
  EXPECT_THAT(ProcessRelationsKind().Check(facts), IsOk());
  kill(pid, SIGKILL);
  waitpid(pid, nullptr, 0);
}

}  // namespace
}  // namespace tardigrade::process_relations

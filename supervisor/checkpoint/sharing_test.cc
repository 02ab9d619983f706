#include "supervisor/checkpoint/sharing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/kcmp.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <thread>

#include "tests/testing/forked_tracee.h"
#include "tests/testing/matchers.h"
#include "tests/testing/sharing_child.h"

namespace tardigrade {
namespace {

using ::tardigrade::testing::FailsWith;
using ::tardigrade::testing::ForkedTracee;
using ::tardigrade::testing::IsOk;
using ::tardigrade::testing::SharingChild;
using ::testing::ElementsAre;

constexpr unsigned long kCloneIo = 0x80000000;

struct Someone {
  pid_t pid;
  pid_t parent;  // If among them.
};

Survey SurveyOf(const std::vector<Someone>& people) {
  Survey survey;
  for (const Someone& someone : people) {
    ProcessSurvey& process = survey.processes.emplace_back();
    process.pid = process.inner_pid = process.stat.pid = someone.pid;
    process.inner_parent = someone.parent;
    process.threads.emplace_back().tid = someone.pid;
  }
  return survey;
}

class SharingTest : public ::testing::Test {
 protected:
  SharingTest() : blank_(ScopedBlankProcess::Create().value()) {}

  Status Check(Survey& survey, bool frozen = true) {
    FindSharing(survey, *blank_);
    return CheckSharing(survey, *blank_, frozen);
  }
  Status Check(Survey&& survey, bool frozen = true) { return Check(survey, frozen); }

  std::unique_ptr<ScopedBlankProcess> blank_;
};

TEST_F(SharingTest, OrdinaryChildrenShareNothing) {
  const ForkedTracee one, two, three;
  Survey survey = SurveyOf({{one.pid(), 0}, {two.pid(), 0}, {three.pid(), 0}});
  EXPECT_THAT(Check(survey), IsOk());
  EXPECT_THAT(Check(survey, /*frozen=*/false), IsOk());
  FindSharing(survey, *blank_);
  for (const ProcessSurvey& process : survey.processes) {
    EXPECT_EQ(process.shared.filesystem, 0);
    EXPECT_EQ(process.shared.semaphore_undo, 0);
    EXPECT_EQ(process.shared.io_context, 0);
  }
}

TEST_F(SharingTest, IsFoundByTheFirstThatHasTheSame) {
  const SharingChild one(CLONE_FILES), two(CLONE_FS | CLONE_SYSVSEM),
      three(CLONE_FILES | CLONE_FS | CLONE_SYSVSEM);
  Survey survey = SurveyOf({{one.pid(), 0}, {two.pid(), one.pid()}, {three.pid(), one.pid()}});
  FindSharing(survey, *blank_);
  EXPECT_EQ(survey.processes[2].shared.descriptors, one.pid());
  EXPECT_EQ(survey.processes[2].shared.filesystem, two.pid());
  EXPECT_EQ(survey.processes[2].shared.semaphore_undo, two.pid());
  EXPECT_EQ(survey.processes[1].shared.descriptors, 0);
  EXPECT_EQ(survey.processes[1].shared.filesystem, 0) << "it is the first";
  EXPECT_THAT(Check(survey), IsOk());
}

TEST_F(SharingTest, TablesAreSurveyedOnce) {
  const SharingChild one(CLONE_FILES), two(CLONE_FILES);
  const ForkedTracee other;
  const TreeMember members[] = {{.pid = other.pid()},
                                {.pid = one.pid()},
                                {.pid = 1 << 22, .parent = 1, .has_ended = true},
                                {.pid = two.pid()}};
  EXPECT_THAT(FindSharers(members, KCMP_FILES), ElementsAre(0, 0, 0, one.pid()));
}

TEST_F(SharingTest, ProcessesOutsideCount) {
  const SharingChild child(CLONE_FILES), undo(CLONE_SYSVSEM);
  Survey survey = SurveyOf({{child.pid(), 0}});
  EXPECT_THAT(Check(survey, /*frozen=*/false),
              FailsWith(ErrorCode::kUnsupported, "a descriptor table"));
  EXPECT_THAT(Check(SurveyOf({{undo.pid(), 0}}), /*frozen=*/false),
              FailsWith(ErrorCode::kUnsupported, "undo values"));
  EXPECT_THAT(Check(survey), IsOk()) << "it is not told who its parent is";
  survey.processes[0].stat.ppid = getpid();
  EXPECT_THAT(Check(survey), FailsWith(ErrorCode::kUnsupported, "a descriptor table"));
}

TEST_F(SharingTest, WhomAJobThatRunsHasMadeIsNotOutside) {
  int ready[2];
  ASSERT_EQ(pipe(ready), 0);
  // Its child is not surveyed.
  const ForkedTracee parent([&ready] {
    if (syscall(SYS_clone, CLONE_FS | SIGCHLD, 0, 0, 0, 0) == 0) {
      (void)!write(ready[1], "r", 1);
      for (;;) pause();
    }
  });
  char byte;
  ASSERT_EQ(read(ready[0], &byte, 1), 1);
  EXPECT_THAT(Check(SurveyOf({{parent.pid(), 0}}), /*frozen=*/false), IsOk());
}

TEST_F(SharingTest, MemoryIsSharedByWhomAnotherSharerHasMade) {
  alignas(16) static char stack[2][65536];
  const auto sleep = [](void*) -> int {
    for (;;) pause();
  };
  const pid_t one = clone(sleep, stack[0] + 65536, CLONE_VM | SIGCHLD, nullptr);
  const pid_t two = clone(sleep, stack[1] + 65536, CLONE_VM | SIGCHLD, nullptr);
  const ForkedTracee root, between;
  const pid_t pid = root.pid();
  EXPECT_THAT(Check(SurveyOf({{one, 0}, {two, one}})), IsOk());
  Survey siblings = SurveyOf({{pid, 0}, {one, pid}, {two, pid}});
  EXPECT_THAT(Check(siblings), IsOk());
  EXPECT_EQ(siblings.processes[2].shared.memory, one);
  EXPECT_EQ(siblings.processes[2].shared.signal_handlers, 0);
  siblings.processes[2].stat.exit_signal = SIGUSR1;
  EXPECT_THAT(CheckSharing(siblings, *blank_, true),
              FailsWith(ErrorCode::kUnsupported, "share memory, but not the signal"));
  EXPECT_THAT(
      Check(SurveyOf({{one, 0}, {pid, one}, {two, pid}})),
      FailsWith(ErrorCode::kUnsupported, "share memory, though those who made them do not"));
  EXPECT_THAT(Check(SurveyOf({{pid, 0}, {between.pid(), pid}, {one, pid}, {two, between.pid()}})),
              FailsWith(ErrorCode::kUnsupported, "share memory, though"));
  EXPECT_THAT(Check(SurveyOf({{one, 0}}), /*frozen=*/false),
              FailsWith(ErrorCode::kUnsupported, "share memory"))
      << "with this process, and the other";
  for (const pid_t pid : {one, two}) {
    kill(pid, SIGKILL);
    waitpid(pid, nullptr, 0);
  }
}

TEST_F(SharingTest, AnIoContextIsRefusedOfThreads) {
  if (syscall(SYS_ioprio_set, 1, 0, 2 << 13 | 4) != 0) GTEST_SKIP() << "no I/O priorities";
  int ready[2];
  ASSERT_EQ(pipe(ready), 0);
  pid_t tid = -1;
  std::thread thread([&] {
    (void)syscall(SYS_ioprio_set, 1, 0, 2 << 13 | 4);
    tid = gettid();
    const SharingChild child(kCloneIo);
    Survey survey = SurveyOf({{child.pid(), 0}, {getpid(), 0}});
    survey.processes[1].threads.emplace_back().tid = tid;
    EXPECT_THAT(Check(survey),
                FailsWith(ErrorCode::kUnsupported, StrCat("threads ", child.pid(), " and ", tid)));
  });
  thread.join();
  const SharingChild one(kCloneIo), two(kCloneIo), three(0);
  Survey survey = SurveyOf({{one.pid(), 0}, {two.pid(), one.pid()}, {three.pid(), one.pid()}});
  EXPECT_THAT(Check(survey), IsOk());
  FindSharing(survey, *blank_);
  EXPECT_EQ(survey.processes[1].shared.io_context, one.pid());
  EXPECT_EQ(survey.processes[2].shared.io_context, 0);
  // It cannot be given up once it was passed on.
  survey = SurveyOf({{three.pid(), 0}, {one.pid(), three.pid()}, {two.pid(), three.pid()}});
  EXPECT_THAT(Check(survey), FailsWith(ErrorCode::kUnsupported,
                                       "an I/O context, though those who made them do not"));
  (void)syscall(SYS_ioprio_set, 1, 0, 0);
}

TEST_F(SharingTest, WhatNoTreeCanHaveMadeIsRefused) {
  const SharingChild a(CLONE_FS), b(CLONE_FS);
  const ForkedTracee root, between;
  const pid_t pid = root.pid();
  // What two groups share cannot both come through one process.
  Survey survey = SurveyOf({{pid, 0},
                            {between.pid(), pid},
                            {a.pid(), between.pid()},
                            {b.pid(), pid},
                            {getpid(), between.pid()},
                            {getppid(), pid}});
  FindSharing(survey, *blank_);
  ASSERT_EQ(survey.processes[3].shared.filesystem, a.pid());
  survey.processes[5].shared.filesystem = getpid();
  survey.processes[4].shared.filesystem = 0;
  EXPECT_THAT(CheckSharing(survey, *blank_, true),
              FailsWith(ErrorCode::kUnsupported, "a working directory, though"));
}

}  // namespace
}  // namespace tardigrade

#include "plugins/sysv_sem/undo_values.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include "plugins/sysv_sem/sysv_sem_state.h"
#include "tests/testing/matchers.h"
#include "tests/testing/practice_task.h"
#include "tests/testing/sharing_child.h"

namespace tardigrade::sysv_sem {
namespace {

using ::tardigrade::testing::IsOk;
using ::tardigrade::testing::PracticeTask;
using ::tardigrade::testing::SharingChild;
using ::testing::ElementsAre;

constexpr int32_t kAdjustments[] = {0,     1,      -1,     2,     -2,     3,      100,   -100,
                                    16383, -16383, 16384,  -16384, 32766, -32766, 32767, -32767};
constexpr int32_t kValues[] = {0, 1, 100, 16383, 16384, 32766, 32767};

int Do(int set, std::vector<std::vector<sembuf>> calls) {
  for (std::vector<sembuf>& call : calls)
    if (semop(set, call.data(), call.size()) != 0) return errno;
  return 0;
}

// Has the practice task hold `adjustments`, one for each semaphore.
SyscallPlan Hold(int set, int32_t value, std::span<const int32_t> adjustments) {
  SyscallPlan plan;
  for (size_t i = 0; i < adjustments.size(); ++i) {
    for (const std::vector<sembuf>& call :
         OperationsThatUndo(static_cast<int32_t>(i), value, adjustments[i]))
      plan.Add("holding", SYS_semop,
               {set, Arg::Bytes(std::as_bytes(std::span(call))), call.size()});
  }
  return plan;
}

TEST(UndoValues, AreFoundAsTheyAreWithoutATrace) {
  constexpr int kCount = static_cast<int>(std::size(kAdjustments));
  for (const int32_t value : kValues) {
    const int set = semget(IPC_PRIVATE, kCount, 0600);
    ASSERT_GE(set, 0);
    std::vector<unsigned short> values(kCount, static_cast<unsigned short>(value));
    std::vector<UndoQuestion> questions;
    for (int i = 0; i < kCount; ++i) questions.push_back({.set = set, .semaphore = i, .value = value});
    semctl(set, 0, SETALL, values.data());
    Result<std::vector<int32_t>> found = std::vector<int32_t>();
    {
      PracticeTask task;
      ASSERT_THAT(task.Run(Hold(set, value, kAdjustments)).Check(), IsOk());
      found = FindUndoValues(questions, 0, [&task](size_t, const SyscallPlan& plan) {
        // The plan outlives what is returned.
        return Result<Outcome>(task.Run(plan));
      });
      semctl(set, 0, GETALL, values.data());
    }
    EXPECT_THAT(values, ::testing::Each(value));
    semctl(set, 0, IPC_RMID);
    ASSERT_THAT(found, IsOk());
    EXPECT_THAT(found.value(), ::testing::ElementsAreArray(kAdjustments)) << "of value " << value;
  }
}

TEST(UndoValues, AreDoneWhenTheProcessEnds) {
  const int set = semget(IPC_PRIVATE, 2, 0600);
  ASSERT_GE(set, 0);
  const pid_t child = fork();
  if (child == 0) {
    unsigned short values[] = {5, 32767};
    semctl(set, 0, SETALL, values);
    _exit(Do(set, OperationsThatUndo(0, 5, 3)) != 0 || Do(set, OperationsThatUndo(1, 32767, -30000)) != 0);
  }
  int status = -1;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(semctl(set, 0, GETVAL), 8);
  EXPECT_EQ(semctl(set, 1, GETVAL), 2767);
  semctl(set, 0, IPC_RMID);
}

TEST(MembersWithUndoList, AreThoseThatUsedIt) {
  const int set = semget(IPC_PRIVATE, 1, 0600);
  PracticeTask without, with;
  ASSERT_THAT(with.Run(Hold(set, 9, std::array<int32_t, 1>{-1})).Check(), IsOk());
  const pid_t pids[] = {without.pid(), with.pid()};
  JobFacts job;
  for (const pid_t& pid : pids) job.members.push_back({.pid = pid, .inner_pid = pid, .threads = {&pid, 1}, .mappings = {}});
  const Result<std::vector<size_t>> members = MembersWithUndoList(job);
  semctl(set, 0, IPC_RMID);
  ASSERT_THAT(members, IsOk());
  EXPECT_THAT(members.value(), ElementsAre(1));
}

TEST(MembersWithUndoList, AreTheFirstOfThoseThatShareOne) {
  const SharingChild one(CLONE_SYSVSEM), two(CLONE_SYSVSEM), three(0);
  const pid_t pids[] = {three.pid(), one.pid(), two.pid()};
  JobFacts job;
  for (const pid_t& pid : pids) job.members.push_back({.pid = pid, .inner_pid = pid, .threads = {&pid, 1}, .mappings = {}});
  const Result<std::vector<size_t>> members = MembersWithUndoList(job);
  ASSERT_THAT(members, IsOk());
  EXPECT_THAT(members.value(), ElementsAre(1));
}

}  // namespace
}  // namespace tardigrade::sysv_sem

#include "supervisor/restore/tree_board.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/testing/matchers.h"

namespace tardigrade {
namespace {

using ::tardigrade::testing::IsOk;

constexpr int kTickMs = 20;
constexpr uint32_t kTasks = 3;

bool Always() { return true; }

TEST(TreeBoard, TasksMeet) {
  const auto board = TreeBoard::Create();
  ASSERT_THAT(board, IsOk());
  pid_t tasks[kTasks];
  for (pid_t& task : tasks) {
    task = fork();
    if (task != 0) continue;
    board.value()->Arrive(TreeBoard::kBorn, kTasks);
    const bool met = board.value()->Await(TreeBoard::kBorn, kTasks, kTickMs, Always) &&
                     board.value()->Await(TreeBoard::kGo, 1, kTickMs, Always);
    _exit(met ? 0 : 1);
  }
  EXPECT_TRUE(board.value()->Await(TreeBoard::kBorn, kTasks, kTickMs, Always));
  EXPECT_EQ(board.value()->arrived(TreeBoard::kBorn), kTasks);
  EXPECT_EQ(board.value()->arrived(TreeBoard::kGo), 0u);
  EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), 0) << "nobody goes before the word";
  board.value()->Arrive(TreeBoard::kGo, 1);
  for (const pid_t task : tasks) {
    int status = -1;
    EXPECT_EQ(waitpid(task, &status, 0), task);
    EXPECT_EQ(status, 0);
  }
}

TEST(TreeBoard, WaitsNoLongerThanItMay) {
  const auto board = TreeBoard::Create();
  ASSERT_THAT(board, IsOk());
  board.value()->Arrive(TreeBoard::kJoined, 2);
  int asked = 0;
  EXPECT_FALSE(board.value()->Await(TreeBoard::kJoined, 2, /*tick_ms=*/1, [&] { return ++asked < 4; }));
  EXPECT_EQ(asked, 4);
  board.value()->Arrive(TreeBoard::kJoined, 2);
  EXPECT_TRUE(board.value()->Await(TreeBoard::kJoined, 2, kTickMs, [] { return false; })) << "all are there";
}

}  // namespace
}  // namespace tardigrade

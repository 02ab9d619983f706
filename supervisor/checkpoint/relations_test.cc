#include "supervisor/checkpoint/relations.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include "tests/testing/forked_tracee.h"
#include "tests/testing/matchers.h"

namespace tardigrade {
namespace {

using ::tardigrade::testing::FailsWith;
using ::tardigrade::testing::ForkedTracee;
using ::tardigrade::testing::IsOk;

TEST(CheckHasNoChildren, NamesThemAndTheWayOut) {
  const ForkedTracee alone;
  EXPECT_THAT(CheckHasNoChildren(alone.pid()), IsOk());
  const ForkedTracee parent([] {
    if (fork() == 0) _exit(0);
  });
  EXPECT_THAT(CheckHasNoChildren(parent.pid()), FailsWith(ErrorCode::kUnsupported, "--tree")) << "a zombie counts";
}

TEST(DescribeRelations, TakesTheInnermostIds) {
  ProcessSurvey process;
  process.inner_pid = 7;
  process.inner_parent = 3;
  process.stat.exit_signal = SIGCHLD;
  process.stat.exit_code = 9 << 8;
  process.shared.filesystem = 3;
  process.threads.emplace_back().status = "Name:\tx\nNSpgid:\t100\t7\nNSsid:\t90\t0\n";
  const auto running = DescribeRelations(process);
  ASSERT_THAT(running, IsOk());
  EXPECT_EQ(running.value().pid, 7);
  EXPECT_EQ(running.value().parent, 3);
  EXPECT_EQ(running.value().exit_signal, SIGCHLD);
  EXPECT_EQ(running.value().shared.filesystem, 3);
  EXPECT_EQ(running.value().process_group, 7);
  EXPECT_EQ(running.value().session, 0) << "it is outside the namespace";
  EXPECT_FALSE(running.value().exit_status.has_value());
  process.has_ended = true;
  const auto ended = DescribeRelations(process);
  ASSERT_THAT(ended, IsOk());
  EXPECT_EQ(ended.value().exit_status, 9 << 8);
}

}  // namespace
}  // namespace tardigrade

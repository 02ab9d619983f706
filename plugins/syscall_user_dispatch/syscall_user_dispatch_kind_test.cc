#include "plugins/syscall_user_dispatch/syscall_user_dispatch_kind.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>

#include "supervisor/resource/syscall_user_dispatch.h"
#include "tests/testing/matchers.h"
#include "tests/testing/practice_task.h"

namespace tardigrade::syscall_user_dispatch {
namespace {

using ::tardigrade::testing::FailsWith;
using ::tardigrade::testing::IsOk;
using ::tardigrade::testing::PracticeTask;

char g_selector = 0;  // SYSCALL_DISPATCH_FILTER_ALLOW

TEST(SyscallUserDispatchKind, ComesBackThroughPtrace) {
  const SyscallUserDispatchKind kind;
  PracticeTask source(
      [] { prctl(59 /* PR_SET_SYSCALL_USER_DISPATCH */, 1, 0x1000, 0x2000, &g_selector); });
  const Value saved = source.Collect(kind).value();
  const auto state = Decode<SyscallUserDispatchState>(saved, "").value();
  if (state.mode == 0) GTEST_SKIP() << "before Linux 6.4";
  EXPECT_EQ(state,
            (SyscallUserDispatchState{1, reinterpret_cast<uint64_t>(&g_selector), 0x1000, 0x2000}));
  PracticeTask restored;
  EXPECT_NE(restored.Collect(kind).value(), saved);
  ASSERT_THAT(restored.Frozen([&] { return SetSyscallUserDispatch(restored.pid(), state); }),
              IsOk());
  EXPECT_EQ(restored.Collect(kind).value(), saved);
}

TEST(SyscallUserDispatchKind, BadImagesAreRejected) {
  TaskPlan plan;
  EXPECT_THAT(
      SyscallUserDispatchKind().Restore(Encode(SyscallUserDispatchState{3, 0, 0, 0}), {}, plan),
      FailsWith(ErrorCode::kBadImage, "syscall_user_dispatch.mode"));
}

}  // namespace
}  // namespace tardigrade::syscall_user_dispatch

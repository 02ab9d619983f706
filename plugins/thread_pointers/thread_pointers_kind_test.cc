#include "plugins/thread_pointers/thread_pointers_kind.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "plugins/thread_pointers/thread_pointers_state.h"
#include "tests/testing/matchers.h"
#include "tests/testing/practice_task.h"

namespace tardigrade::thread_pointers {
namespace {

using ::tardigrade::testing::FailsWith;
using ::tardigrade::testing::IsOk;
using ::tardigrade::testing::PracticeTask;

uint64_t g_head[3];
int g_tid;
char g_stack[1 << 16];

TEST(ThreadPointersKind, PointersComeBack) {
  const ThreadPointersKind kind;
  PracticeTask source([] {
    const stack_t stack{
        .ss_sp = g_stack, .ss_flags = static_cast<int>(1U << 31), .ss_size = sizeof(g_stack)};
    if (sigaltstack(&stack, nullptr) != 0) abort();
    syscall(SYS_set_robust_list, g_head, sizeof(g_head));
    syscall(SYS_set_tid_address, &g_tid);
  });
  const Value saved = source.Collect(kind).value();
  const auto state = Decode<ThreadPointersState>(saved, "").value();
  EXPECT_EQ(state.signal_stack, reinterpret_cast<uint64_t>(g_stack));
  EXPECT_EQ(state.signal_stack_flags, 1U << 31);
  EXPECT_EQ(state.robust_list, reinterpret_cast<uint64_t>(g_head));
  EXPECT_EQ(state.clear_child_tid, reinterpret_cast<uint64_t>(&g_tid));
  PracticeTask restored;
  EXPECT_NE(restored.Collect(kind).value(), saved);
  ASSERT_THAT(restored.Restore(kind, saved), IsOk());
  EXPECT_EQ(restored.Collect(kind).value(), saved);
}

TEST(ThreadPointersKind, NoSignalStackComesBackAsNone) {
  const ThreadPointersKind kind;
  PracticeTask source;
  const Value saved = source.Collect(kind).value();
  EXPECT_EQ(Decode<ThreadPointersState>(saved, "").value().signal_stack_flags,
            uint32_t{SS_DISABLE});
  PracticeTask restored;
  ASSERT_THAT(restored.Restore(kind, saved), IsOk());
  EXPECT_EQ(restored.Collect(kind).value(), saved);
}

TEST(ThreadPointersKind, BadImagesAreRejected) {
  TaskPlan plan;
  ThreadPointersState state;
  state.signal_stack_flags = SS_ONSTACK;
  EXPECT_THAT(ThreadPointersKind().Restore(Encode(state), {}, plan),
              FailsWith(ErrorCode::kBadImage, "unknown flags"));
  state = {};
  state.robust_list_bytes = 5000;
  EXPECT_THAT(ThreadPointersKind().Restore(Encode(state), {}, plan),
              FailsWith(ErrorCode::kBadImage, "thread_pointers.robust_list_bytes is out of range"));
}

}  // namespace
}  // namespace tardigrade::thread_pointers

#include "plugins/memory_policy/memory_policy_kind.h"

#include <gtest/gtest.h>
#include <linux/mempolicy.h>
#include <sys/syscall.h>

#include "plugins/memory_policy/memory_policy_state.h"
#include "tests/testing/matchers.h"
#include "tests/testing/practice_task.h"

namespace tardigrade::memory_policy {
namespace {

using ::tardigrade::testing::FailsWith;
using ::tardigrade::testing::IsOk;
using ::tardigrade::testing::PracticeTask;

std::string PolicyOf(const Value& saved) { return Decode<MemoryPolicyState>(saved, "").value().policy; }

void SetPolicy(int mode) {
  const unsigned long node0 = 1;
  (void)syscall(SYS_set_mempolicy, mode, mode == MPOL_LOCAL ? nullptr : &node0, 64);
}

TEST(MemoryPolicyKind, EveryModeComesBack) {
  const MemoryPolicyKind kind;
  if (syscall(SYS_get_mempolicy, nullptr, nullptr, 0, nullptr, 0) != 0) GTEST_SKIP() << "no NUMA";
  const std::pair<int, std::string> modes[] = {{MPOL_PREFERRED, "prefer:0"},
                                               {MPOL_BIND | MPOL_F_STATIC_NODES, "bind=static:0"},
                                               {MPOL_INTERLEAVE, "interleave:0"},
                                               {MPOL_LOCAL, "local"},
                                               {MPOL_PREFERRED_MANY, "prefer (many):0"}};
  for (const auto& [mode, text] : modes) {
    PracticeTask source([mode = mode] { SetPolicy(mode); });
    const Value saved = source.Collect(kind).value();
    EXPECT_EQ(PolicyOf(saved), text);
    PracticeTask restored;
    ASSERT_THAT(restored.Restore(kind, saved), IsOk());
    EXPECT_EQ(restored.Collect(kind).value(), saved);
  }
}

TEST(MemoryPolicyKind, TheRestorersPolicyDoesNotStay) {
  const MemoryPolicyKind kind;
  PracticeTask source;
  const Value saved = source.Collect(kind).value();
  PracticeTask restored([] { SetPolicy(MPOL_BIND); });
  ASSERT_THAT(restored.Restore(kind, saved), IsOk());
  EXPECT_EQ(restored.Collect(kind).value(), saved);
}

TEST(MemoryPolicyKind, BadImagesAreRejected) {
  TaskPlan plan;
  MemoryPolicyState state;
  state.policy = "bind:0-99999";
  EXPECT_THAT(MemoryPolicyKind().Restore(Encode(state), {}, plan),
              FailsWith(ErrorCode::kBadImage, "not a memory policy"));
  EXPECT_THAT(MemoryPolicyKind().Restore(Value(7), {}, plan),
              FailsWith(ErrorCode::kBadImage, "memory_policy"));
}

}  // namespace
}  // namespace tardigrade::memory_policy

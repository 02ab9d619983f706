#include "plugins/rseq/rseq_kind.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "plugins/rseq/rseq_state.h"
#include "tests/testing/matchers.h"
#include "tests/testing/practice_task.h"

namespace tardigrade::rseq {
namespace {

using ::tardigrade::testing::FailsWith;
using ::tardigrade::testing::IsOk;
using ::tardigrade::testing::PracticeTask;

constexpr uint32_t kBytes = 32;
alignas(32) char g_area[kBytes];

// Takes back what the libc may have registered.
void Unregister(PracticeTask& task) {
  const auto state = Decode<RseqState>(task.Collect(RseqKind()).value(), "").value();
  if (state.address == 0) return;
  SyscallPlan plan;
  plan.Add("unregistering", SYS_rseq, {state.address, state.bytes, 1, state.signature});
  ASSERT_THAT(task.Run(plan).Check(), IsOk());
}

TEST(RseqKind, RegistrationComesBack) {
  const RseqKind kind;
  PracticeTask restored;
  Unregister(restored);
  const RseqState saved{.address = reinterpret_cast<uint64_t>(g_area),
                        .bytes = kBytes,
                        .signature = 0x1234,
                        .flags = 0};
  EXPECT_NE(restored.Collect(kind).value(), Encode(saved));
  ASSERT_THAT(restored.Restore(kind, Encode(saved)), IsOk());
  EXPECT_EQ(restored.Collect(kind).value(), Encode(saved));
}

TEST(RseqKind, NoRegistrationNeedsNoSteps) {
  PracticeTask source;
  Unregister(source);
  TaskPlan plan;
  ASSERT_THAT(RseqKind().Restore(source.Collect(RseqKind()).value(), {}, plan), IsOk());
  EXPECT_TRUE(plan[Phase::kThread].empty());
}

TEST(RseqKind, BadImagesAreRejected) {
  TaskPlan plan;
  EXPECT_THAT(RseqKind().Restore(Encode(RseqState{8, 32, 0, 1}), {}, plan),
              FailsWith(ErrorCode::kBadImage, "flags"));
  EXPECT_THAT(RseqKind().Restore(Value(Value::Object{}), {}, plan),
              FailsWith(ErrorCode::kBadImage, "rseq.address"));
}

}  // namespace
}  // namespace tardigrade::rseq

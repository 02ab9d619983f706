#include "plugins/rlimits/rlimits_kind.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include "plugins/rlimits/rlimits_state.h"
#include "tests/testing/matchers.h"
#include "tests/testing/practice_task.h"

namespace tardigrade::rlimits {
namespace {

using ::tardigrade::testing::FailsWith;
using ::tardigrade::testing::IsOk;
using ::tardigrade::testing::IsOkAnd;
using ::tardigrade::testing::PracticeTask;

TEST(RlimitsKind, LimitsComeBack) {
  const RlimitsKind kind;
  PracticeTask source([] {
    const rlimit files{.rlim_cur = 100, .rlim_max = 120};
    const rlimit core{.rlim_cur = 4096, .rlim_max = 8192};
    setrlimit(RLIMIT_NOFILE, &files);
    setrlimit(RLIMIT_CORE, &core);
  });
  const Value saved = source.Collect(kind).value();
  const auto state = Decode<RlimitsState>(saved, "").value();
  EXPECT_EQ(state.limits[RLIMIT_NOFILE], (LimitState{100, 120}));
  EXPECT_EQ(state.limits[RLIMIT_CORE], (LimitState{4096, 8192}));
  PracticeTask restored;
  EXPECT_NE(restored.Collect(kind).value(), saved);
  ASSERT_THAT(restored.Restore(kind, saved), IsOk());
  EXPECT_EQ(restored.Collect(kind).value(), saved);
}

TEST(Reachable, CapsTheHardLimitWhileTheSoftOneCanBeReached) {
  RlimitsState own;
  own.limits.fill({50, 100});
  RlimitsState saved = own;
  saved.limits[RLIMIT_NOFILE] = {80, 1000};
  EXPECT_THAT(Reachable(saved, own, true), IsOkAnd(saved));
  RlimitsState capped = saved;
  capped.limits[RLIMIT_NOFILE] = {80, 100};
  EXPECT_THAT(Reachable(saved, own, false), IsOkAnd(capped));
  saved.limits[RLIMIT_NOFILE] = {101, 1000};
  EXPECT_THAT(Reachable(saved, own, false), FailsWith(ErrorCode::kDenied, "Max open files"));
  saved.limits[RLIMIT_NOFILE] = {101, 100};
  EXPECT_THAT(Reachable(saved, own, true), FailsWith(ErrorCode::kBadImage, "limits[7].soft"));
}

TEST(ParseLimits, RefusesWhatItDoesNotKnow) {
  EXPECT_THAT(ParseLimits(""), FailsWith(ErrorCode::kInternal, "Max cpu time"));
  std::string text = ReadFile("/proc/self/limits").value();
  EXPECT_THAT(ParseLimits(text + "Max new thing  0  0\n"),
              FailsWith(ErrorCode::kUnsupported, "new thing"));
  EXPECT_THAT(ParseLimits(text.substr(0, text.size() / 2)), FailsWith(ErrorCode::kInternal, ""));
}

TEST(RlimitsKind, ABadImageIsRejected) {
  TaskPlan plan;
  EXPECT_THAT(
      RlimitsKind().Restore(Value(Value::Object{{"limits", Value(Value::Array{})}}), {}, plan),
      FailsWith(ErrorCode::kBadImage, "rlimits.limits has 0 elements"));
}

}  // namespace
}  // namespace tardigrade::rlimits

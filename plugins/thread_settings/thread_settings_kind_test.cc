#include "plugins/thread_settings/thread_settings_kind.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/personality.h>
#include <sys/prctl.h>

#include "plugins/thread_settings/thread_settings_state.h"
#include "tests/testing/matchers.h"
#include "tests/testing/practice_task.h"

namespace tardigrade::thread_settings {
namespace {

using ::tardigrade::testing::FailsWith;
using ::tardigrade::testing::IsOk;
using ::tardigrade::testing::PracticeTask;

TEST(ThreadSettingsKind, SettingsComeBack) {
  const ThreadSettingsKind kind;
  PracticeTask source([] {
    prctl(PR_SET_NAME, "odd\xff\nname");
    prctl(PR_SET_TIMERSLACK, 123456);
    prctl(PR_SET_PDEATHSIG, SIGHUP);
    personality(ADDR_NO_RANDOMIZE);
    prctl(PR_SET_TSC, PR_TSC_SIGSEGV);
    prctl(PR_MCE_KILL, PR_MCE_KILL_SET, PR_MCE_KILL_EARLY, 0, 0);
    prctl(PR_SET_SPECULATION_CTRL, PR_SPEC_STORE_BYPASS, PR_SPEC_DISABLE, 0, 0);
  });
  const Value saved = source.Collect(kind).value();
  const auto state = Decode<ThreadSettingsState>(saved, "").value();
  EXPECT_EQ(state.name[3], 0xff);
  EXPECT_EQ(state.timer_slack_ns, 123456u);
  EXPECT_EQ(state.parent_death_signal, SIGHUP);
  EXPECT_EQ(state.personality, uint32_t{ADDR_NO_RANDOMIZE});
  EXPECT_EQ(state.tsc, PR_TSC_SIGSEGV);
  EXPECT_EQ(state.mce_kill, PR_MCE_KILL_EARLY);
  PracticeTask restored;
  EXPECT_NE(restored.Collect(kind).value(), saved);
  ASSERT_THAT(restored.Restore(kind, saved), IsOk());
  EXPECT_EQ(restored.Collect(kind).value(), saved);
}

TEST(ThreadSettingsKind, WhatTheProcessorKeepsForAThreadIsRefused) {
  TaskFacts task;
  task.tid = getpid();
  task.status = "x86_Thread_features:\tshstk wrss\n";
  EXPECT_THAT(ThreadSettingsKind().Check(task), FailsWith(ErrorCode::kUnsupported, "shadow stack"));
  task.status = "untag_mask:\t0x81ffffffffffffff\n";
  EXPECT_THAT(ThreadSettingsKind().Check(task),
              FailsWith(ErrorCode::kUnsupported, "linear address masking"));
  task.status = "x86_Thread_features:\t\nuntag_mask:\t0xffffffffffffffff\n";
  EXPECT_THAT(ThreadSettingsKind().Check(task), IsOk());
}

TEST(ThreadSettingsKind, BadImagesAreRejected) {
  TaskPlan plan;
  ThreadSettingsState state;
  state.parent_death_signal = 65;
  EXPECT_THAT(
      ThreadSettingsKind().Restore(Encode(state), {}, plan),
      FailsWith(ErrorCode::kBadImage, "thread_settings.parent_death_signal is out of range"));
  state = {};
  state.personality = UINT32_MAX;  // Would only ask.
  EXPECT_THAT(ThreadSettingsKind().Restore(Encode(state), {}, plan),
              FailsWith(ErrorCode::kBadImage, "personality"));
}

}  // namespace
}  // namespace tardigrade::thread_settings

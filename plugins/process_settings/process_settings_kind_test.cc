#include "plugins/process_settings/process_settings_kind.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/membarrier.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "plugins/process_settings/process_settings_state.h"
#include "tests/testing/matchers.h"
#include "tests/testing/practice_task.h"

namespace tardigrade::process_settings {
namespace {

using ::tardigrade::testing::FailsWith;
using ::tardigrade::testing::IsOk;
using ::tardigrade::testing::PracticeTask;

TEST(ProcessSettingsKind, SettingsComeBack) {
  const ProcessSettingsKind kind;
  PracticeTask source([] {
    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
    syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0);
    syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ, 0, 0);
    if (!WriteFile("/proc/self/oom_score_adj", "321").has_value()) abort();
    if (!WriteFile("/proc/self/coredump_filter", "0x7").has_value()) abort();
  });
  const Value saved = source.Collect(kind).value();
  const auto state = Decode<ProcessSettingsState>(saved, "").value();
  EXPECT_TRUE(state.child_subreaper);
  EXPECT_EQ(state.thp_disable, 1u);
  EXPECT_EQ(state.oom_score_adj, 321);
  EXPECT_EQ(state.core_filter, 7u);
  EXPECT_EQ(state.membarrier, uint32_t{MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED |
                                       MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ});
  PracticeTask restored;
  EXPECT_NE(restored.Collect(kind).value(), saved);
  ASSERT_THAT(restored.Restore(kind, saved), IsOk());
  EXPECT_EQ(restored.Collect(kind).value(), saved);
}

TEST(ProcessSettingsKind, AnUndumpableProcessStaysSo) {
  if (geteuid() != 0) GTEST_SKIP() << "only root may look into an undumpable process";
  const ProcessSettingsKind kind;
  PracticeTask source([] { prctl(PR_SET_DUMPABLE, 0); });
  const Value saved = source.Collect(kind).value();
  EXPECT_EQ(Decode<ProcessSettingsState>(saved, "").value().dumpable, 0);
  PracticeTask restored;
  ASSERT_THAT(restored.Restore(kind, saved), IsOk());
  EXPECT_EQ(restored.Collect(kind).value(), saved);
}

TEST(ProcessSettingsKind, DenyWriteExecuteComesBack) {
  PracticeTask source([] { prctl(65 /* PR_SET_MDWE */, 1, 0, 0, 0); });
  const ProcessSettingsKind kind;
  const Value saved = source.Collect(kind).value();
  if (!Decode<ProcessSettingsState>(saved, "").value().mdwe.has_value())
    GTEST_SKIP() << "before Linux 6.3";
  PracticeTask restored;
  ASSERT_THAT(restored.Restore(kind, saved), IsOk());
  EXPECT_EQ(Decode<ProcessSettingsState>(restored.Collect(kind).value(), "").value().mdwe, 1u);
}

TEST(ProcessSettingsKind, BadImagesAreRejected) {
  TaskPlan plan;
  ProcessSettingsState state;
  state.oom_score_adj = 1001;
  EXPECT_THAT(ProcessSettingsKind().Restore(Encode(state), {}, plan),
              FailsWith(ErrorCode::kBadImage, "process_settings.oom_score_adj is out of range"));
  state = {};
  state.mdwe = 4;
  EXPECT_THAT(ProcessSettingsKind().Restore(Encode(state), {}, plan),
              FailsWith(ErrorCode::kBadImage, "process_settings.mdwe is out of range"));
}

}  // namespace
}  // namespace tardigrade::process_settings

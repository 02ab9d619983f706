#include "plugins/seccomp/seccomp_kind.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <bit>
#include <cstddef>

#include "plugins/seccomp/seccomp_state.h"
#include "tests/testing/matchers.h"
#include "tests/testing/practice_task.h"

namespace tardigrade::seccomp {
namespace {

using ::tardigrade::testing::FailsWith;
using ::tardigrade::testing::IsOk;
using ::tardigrade::testing::PracticeTask;

// Gives `action` for `number`, and allows all else.
void Install(uint32_t number, uint32_t action, unsigned flags) {
  sock_filter code[] = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
                        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1),
                        BPF_STMT(BPF_RET | BPF_K, action),
                        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
  const sock_fprog program{.len = std::size(code), .filter = code};
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program) < 0) abort();
}

bool MayRead() {
  PracticeTask task([] { Install(SYS_getppid, SECCOMP_RET_ALLOW, 0); });
  return task.Frozen(
      [&] { return ptrace(static_cast<__ptrace_request>(0x420c), task.pid(), 0, nullptr) > 0; });
}

TEST(SeccompKind, FiltersComeBackInOrder) {
  if (!MayRead()) GTEST_SKIP() << "needs CAP_SYS_ADMIN and no filter of one's own";
  const SeccompKind kind;
  PracticeTask source([] {
    Install(SYS_getppid, SECCOMP_RET_ERRNO | 77, SECCOMP_FILTER_FLAG_LOG);
    Install(SYS_getpgrp, SECCOMP_RET_ERRNO | 78, 0);
  });
  const Value saved = source.Collect(kind).value();
  const auto state = Decode<SeccompState>(saved, "").value();
  ASSERT_EQ(state.filters.size(), 2u);
  EXPECT_EQ(std::bit_cast<sock_filter>(state.filters[0].instructions[1]).k, uint32_t{SYS_getppid});
  EXPECT_EQ(state.filters[0].flags, uint64_t{SECCOMP_FILTER_FLAG_LOG});

  PracticeTask restored([] { prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); });
  EXPECT_NE(restored.Collect(kind).value(), saved);
  ASSERT_THAT(restored.Restore(kind, saved), IsOk());
  EXPECT_EQ(restored.Collect(kind).value(), saved);
  SyscallPlan plan;
  const size_t op = plan.Ask("calling what is filtered", SYS_getppid, {});
  EXPECT_EQ(restored.Run(plan).result(op), -77);
}

TEST(SeccompKind, AFilterWithAListenerIsRefused) {
  if (!MayRead()) GTEST_SKIP() << "needs CAP_SYS_ADMIN and no filter of one's own";
  PracticeTask source(
      [] { Install(SYS_getppid, SECCOMP_RET_USER_NOTIF, SECCOMP_FILTER_FLAG_NEW_LISTENER); });
  EXPECT_THAT(source.Collect(SeccompKind()), FailsWith(ErrorCode::kUnsupported, "listener"));
}

TEST(SeccompKind, StrictModeIsRefused) {
  TaskFacts task;
  task.status = "Seccomp:\t1\n";
  EXPECT_THAT(SeccompKind().Check(task), FailsWith(ErrorCode::kUnsupported, "strict"));
  task.status = "Seccomp:\t0\n";
  EXPECT_THAT(SeccompKind().Check(task), IsOk());
}

TEST(SeccompKind, BadImagesAreRejected) {
  TaskPlan plan;
  SeccompState state{{{.flags = SECCOMP_FILTER_FLAG_TSYNC, .instructions = {1}}}};
  EXPECT_THAT(SeccompKind().Restore(Encode(state), {}, plan),
              FailsWith(ErrorCode::kBadImage, "filters[0].flags"));
  state.filters[0] = {.flags = 0, .instructions = {}};
  EXPECT_THAT(SeccompKind().Restore(Encode(state), {}, plan),
              FailsWith(ErrorCode::kBadImage, "instructions"));
}

}  // namespace
}  // namespace tardigrade::seccomp

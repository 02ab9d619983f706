#include "supervisor/restore/interrupted_call.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/syscall.h>

namespace tardigrade {
namespace {

arch::Registers CaughtIn(int64_t number, int64_t result) {
  arch::Registers registers = {};
  registers.orig_rax = static_cast<uint64_t>(number);
  registers.rax = static_cast<uint64_t>(result);
  registers.rip = 0x1002;
  return registers;
}

size_t OpsFor(int64_t number, std::optional<int64_t> left, int64_t result = -arch::kErestartRestartblock) {
  SyscallPlan plan;
  PlanReplay(CaughtIn(number, result), left, plan);
  return plan.size();
}

TEST(PlanReplay, CallsWithADeadlineAreMadeOnceMore) {
  for (const int64_t call : {SYS_nanosleep, SYS_clock_nanosleep, SYS_poll, SYS_futex})
    EXPECT_EQ(OpsFor(call, 1'000'000), 1u) << call;
}

TEST(PlanReplay, ADeadlineThatHasPassedStillMakesTheCall) {
  EXPECT_EQ(OpsFor(SYS_nanosleep, 0), 1u);
  EXPECT_EQ(OpsFor(SYS_nanosleep, -5), 1u);
}

TEST(PlanReplay, NothingElseIs) {
  EXPECT_EQ(OpsFor(SYS_nanosleep, std::nullopt), 0u) << "its time is not known";
  EXPECT_EQ(OpsFor(SYS_nanosleep, 1000, -arch::kErestartsys), 0u) << "it owes no restart block";
  EXPECT_EQ(OpsFor(SYS_nanosleep, 1000, 0), 0u) << "it has returned";
  EXPECT_EQ(OpsFor(-1, 1000), 0u) << "it was in no call";
  EXPECT_EQ(OpsFor(SYS_read, 1000), 0u) << "it has no deadline";
}

TEST(FinishWithoutReplay, MakesTheWholeCallAgain) {
  arch::Registers registers = CaughtIn(SYS_poll, -arch::kErestartRestartblock);
  FinishWithoutReplay(registers);
  EXPECT_EQ(registers.rip, 0x1000u);
  EXPECT_EQ(registers.rax, static_cast<uint64_t>(SYS_poll));
  EXPECT_FALSE(arch::CallOf(registers).in_call);
}

TEST(FinishWithoutReplay, LeavesOthersAlone) {
  for (const arch::Registers& before : {CaughtIn(SYS_poll, 1), CaughtIn(-1, 0)}) {
    arch::Registers after = before;
    FinishWithoutReplay(after);
    EXPECT_EQ(after.rip, before.rip);
    EXPECT_EQ(after.rax, before.rax);
  }
}

}  // namespace
}  // namespace tardigrade

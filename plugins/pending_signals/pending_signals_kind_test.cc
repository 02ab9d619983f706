#include "plugins/pending_signals/pending_signals_kind.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <bit>

#include "plugins/pending_signals/pending_signals_state.h"
#include "tests/testing/matchers.h"
#include "tests/testing/practice_task.h"

namespace tardigrade::pending_signals {
namespace {

using ::tardigrade::testing::FailsWith;
using ::tardigrade::testing::IsOk;
using ::tardigrade::testing::PracticeTask;

constexpr int kMany = 150;  // More than one PTRACE_PEEKSIGINFO takes.

void SendToProcess() {
  kill(getpid(), SIGUSR1);
  for (int i = 0; i < kMany; ++i) sigqueue(getpid(), SIGRTMIN, {.sival_int = i});
}

PendingSignalsState StateOf(const Value& value) {
  return Decode<PendingSignalsState>(value, "").value();
}

siginfo_t InfoOf(const SignalInfo& info) { return std::bit_cast<siginfo_t>(info); }

TEST(PendingSignals, ThoseOfTheProcessComeBackInOrderWithTheirValues) {
  const ProcessPendingSignalsKind kind;
  PracticeTask source(SendToProcess);
  const Value saved = source.Collect(kind).value();
  const PendingSignalsState state = StateOf(saved);
  ASSERT_EQ(state.signals.size(), kMany + 1u);
  EXPECT_EQ(InfoOf(state.signals[0]).si_pid, source.pid());
  EXPECT_EQ(InfoOf(state.signals[kMany]).si_int, kMany - 1);
  PracticeTask restored;
  EXPECT_TRUE(StateOf(restored.Collect(kind).value()).signals.empty());
  ASSERT_THAT(restored.Restore(kind, saved), IsOk());
  EXPECT_EQ(restored.Collect(kind).value(), saved);
}

TEST(PendingSignals, ThoseOfAThreadStayItsOwn) {
  const ThreadPendingSignalsKind kind;
  PracticeTask source([] { raise(SIGHUP), syscall(SYS_tgkill, getpid(), getpid(), SIGRTMAX); });
  const Value saved = source.Collect(kind).value();
  EXPECT_EQ(StateOf(saved).signals.size(), 2u);
  EXPECT_TRUE(StateOf(source.Collect(ProcessPendingSignalsKind()).value()).signals.empty());
  PracticeTask restored;
  ASSERT_THAT(restored.Restore(kind, saved), IsOk());
  EXPECT_EQ(restored.Collect(kind).value(), saved);
  EXPECT_TRUE(StateOf(restored.Collect(ProcessPendingSignalsKind()).value()).signals.empty());
}

TEST(PendingSignals, AStopOnItsWayIsToldNotSaved) {
  // SIGSTOP is pending only between its sending and the next return to user mode: nothing that
  // can be held here, so what an image says is tried instead.
  TaskPlan plan;
  siginfo_t info{};
  for (int bad : {SIGSTOP, SIGKILL, 0, 65, -1}) {
    info.si_signo = bad;
    const PendingSignalsState state{{std::bit_cast<SignalInfo>(info)}};
    EXPECT_THAT(ProcessPendingSignalsKind().Restore(Encode(state), {}, plan),
                FailsWith(ErrorCode::kBadImage, StrCat("a pending signal is ", bad)));
    EXPECT_THAT(ThreadPendingSignalsKind().Restore(Encode(state), {}, plan),
                FailsWith(ErrorCode::kBadImage, "is"));
  }
}

TEST(PendingSignals, ASiginfoOfAnotherSizeIsRejected) {
  TaskPlan plan;
  const Value signals = Value(Value::Array{Value(Value::Array{Value(1)})});
  EXPECT_THAT(
      ProcessPendingSignalsKind().Restore(Value(Value::Object{{"signals", signals}}), {}, plan),
      FailsWith(ErrorCode::kBadImage, "pending_signals.signals[0] has 1 elements"));
}

}  // namespace
}  // namespace tardigrade::pending_signals

#include "plugins/sigactions/sigactions_kind.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include "plugins/sigactions/sigactions_state.h"
#include "tests/testing/matchers.h"
#include "tests/testing/practice_task.h"

namespace tardigrade::sigactions {
namespace {

using ::tardigrade::testing::FailsWith;
using ::tardigrade::testing::IsOk;
using ::tardigrade::testing::PracticeTask;

void Handler(int) {}

void Install(int signal, void (*handler)(int), int flags, int masked) {
  struct sigaction action = {};
  action.sa_handler = handler;
  action.sa_flags = flags;
  if (masked != 0) sigaddset(&action.sa_mask, masked);
  sigaction(signal, &action, nullptr);
}

TEST(SigactionsKind, HandlersComeBackWithMaskFlagsAndRestorer) {
  const SigactionsKind kind;
  PracticeTask source([] {
    Install(SIGUSR1, Handler, SA_RESTART | SA_ONSTACK, SIGHUP);
    Install(64, Handler, SA_NODEFER, 63);
    Install(SIGCHLD, SIG_DFL, SA_NOCLDWAIT, 0);
  });
  const Result<Value> saved = source.Collect(kind);
  ASSERT_THAT(saved, IsOk());
  const auto state = Decode<SigactionsState>(saved.value(), "").value();
  const auto usr1 = std::find_if(state.actions.begin(), state.actions.end(),
                                 [](const ActionState& a) { return a.signal == SIGUSR1; });
  ASSERT_NE(usr1, state.actions.end());
  EXPECT_EQ(usr1->handler, reinterpret_cast<uint64_t>(&Handler));
  EXPECT_EQ(usr1->mask, 1u << (SIGHUP - 1));
  EXPECT_NE(usr1->restorer, 0u);

  PracticeTask restored;
  EXPECT_NE(restored.Collect(kind).value(), saved.value());
  ASSERT_THAT(restored.Restore(kind, saved.value()), IsOk());
  EXPECT_EQ(restored.Collect(kind).value(), saved.value());
}

TEST(SigactionsKind, AnInheritedIgnoreDoesNotSurvive) {
  const SigactionsKind kind;
  PracticeTask source([] { signal(SIGPIPE, SIG_DFL); });
  PracticeTask restored([] { signal(SIGPIPE, SIG_IGN); });
  const Value saved = source.Collect(kind).value();
  ASSERT_THAT(restored.Restore(kind, saved), IsOk());
  EXPECT_EQ(restored.Collect(kind).value(), saved);
}

TEST(SigactionsKind, SignalsThatCannotBeHandledAreRejected) {
  TaskPlan plan;
  SigactionsState state{{{.signal = SIGKILL}}};
  EXPECT_THAT(SigactionsKind().Restore(Encode(state), {}, plan),
              FailsWith(ErrorCode::kBadImage, "signal 9"));
  state.actions = {{.signal = 10}, {.signal = 10}};
  EXPECT_THAT(SigactionsKind().Restore(Encode(state), {}, plan),
              FailsWith(ErrorCode::kBadImage, "signal 10"));
  state.actions = {{.signal = 65}};
  EXPECT_THAT(SigactionsKind().Restore(Encode(state), {}, plan),
              FailsWith(ErrorCode::kBadImage, "actions[0].signal is out of range"));
}

}  // namespace
}  // namespace tardigrade::sigactions

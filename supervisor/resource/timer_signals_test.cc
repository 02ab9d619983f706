#include "supervisor/resource/timer_signals.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace tardigrade {
namespace {

siginfo_t Info(int signal, int code, int timer, int overrun = 0) {
  siginfo_t info = {};
  info.si_signo = signal;
  info.si_code = code;
  info.si_timerid = timer;
  info.si_overrun = overrun;
  return info;
}

TEST(LoneTimerSignals, AreThoseThatShareTheirNumberWithNoOther) {
  EXPECT_TRUE(LoneTimerSignals({}).empty());
  const std::vector<siginfo_t> pending = {Info(34, SI_TIMER, 5),    Info(35, SI_TIMER, 6),
                                          Info(35, SI_QUEUE, 0),    Info(36, SI_QUEUE, 7),
                                          Info(40, SI_TIMER, 0, 3), Info(40, SI_TIMER, 0, 4),
                                          Info(41, SI_TIMER, 1),    Info(41, SI_TIMER, 2)};
  const auto timers = LoneTimerSignals(pending);
  ASSERT_EQ(timers.size(), 2u);
  EXPECT_EQ(timers.at(5).count, 1u);
  EXPECT_EQ(timers.at(0).count, 2u);
  EXPECT_EQ(timers.at(0).overruns, 7);
}

}  // namespace
}  // namespace tardigrade

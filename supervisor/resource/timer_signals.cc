#include "supervisor/resource/timer_signals.h"

#include <algorithm>

namespace tardigrade {

std::map<int32_t, TimerSignals> LoneTimerSignals(std::span<const siginfo_t> pending) {
  std::map<int32_t, TimerSignals> timers;
  for (const siginfo_t& info : pending) {
    const auto others = [&info](const siginfo_t& other) {
      return other.si_signo == info.si_signo &&
             (other.si_code != SI_TIMER || other.si_timerid != info.si_timerid);
    };
    if (info.si_code != SI_TIMER || std::any_of(pending.begin(), pending.end(), others)) continue;
    TimerSignals& signals = timers[info.si_timerid];
    ++signals.count;
    signals.overruns += std::max(info.si_overrun, 0);
  }
  return timers;
}

}  // namespace tardigrade

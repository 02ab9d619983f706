#include "plugins/posix_timers/posix_timers_state.h"

#include <signal.h>
#include <time.h>

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <string>

namespace tardigrade::posix_timers {
namespace {

// A negative clock id holds the complement of a pid and what is counted:
// include/linux/posix-timers_types.h, CPUCLOCK_*.
constexpr int kClockPidShift = 3;
constexpr int kClockPerThread = 4;
constexpr int kClockWhich = 3;
constexpr int kClockFd = 3;

std::string TakeLine(std::string_view& text) {
  const size_t size = std::min(text.find('\n'), text.size());
  std::string line(text.substr(0, size));
  text.remove_prefix(std::min(size + 1, text.size()));
  return line;
}

Result<int32_t> ParseNotify(const std::string& how, const std::string& whom) {
  int32_t notify = 0;
  if (how == "signal") {
    notify = SIGEV_SIGNAL;
  } else if (how == "none") {
    notify = SIGEV_NONE;
  } else if (how == "thread") {
    notify = SIGEV_THREAD;
  } else {
    return Error(ErrorCode::kUnsupported, StrCat("a timer's notification is not known: ", how));
  }
  return whom == "tid" ? notify | SIGEV_THREAD_ID : notify;
}

}  // namespace

Result<std::vector<TimerState>> ParseTimers(std::string_view text) {
  std::vector<TimerState> timers;
  while (!text.empty()) {
    const std::string id = TakeLine(text);
    const std::string signal = TakeLine(text);
    const std::string notify = TakeLine(text);
    const std::string clock = TakeLine(text);
    TimerState timer;
    char how[16] = {};
    char whom[4] = {};
    if (std::sscanf(id.c_str(), "ID: %" SCNd32, &timer.id) != 1 ||
        std::sscanf(signal.c_str(), "signal: %" SCNd32 "/%" SCNx64, &timer.signal, &timer.value) !=
            2 ||
        std::sscanf(notify.c_str(), "notify: %15[^/]/%3[^.].%" SCNd32, how, whom, &timer.thread) !=
            3 ||
        std::sscanf(clock.c_str(), "ClockID: %" SCNd32, &timer.clock) != 1)
      return Error(ErrorCode::kInternal, StrCat("/proc/PID/timers has \"", id, "\", \"", signal,
                                                "\", \"", notify, "\", \"", clock, "\""));
    ASSIGN_OR_RETURN(timer.notify, ParseNotify(how, whom));
    timers.push_back(timer);
  }
  std::sort(timers.begin(), timers.end(),
            [](const TimerState& a, const TimerState& b) { return a.id < b.id; });
  return timers;
}

Status CheckClock(const TimerState& timer, pid_t pid, uint64_t threads) {
  const auto refuse = [&](std::string_view what) {
    return Error(ErrorCode::kUnsupported,
                 StrCat("its POSIX timer ", timer.id, " runs on ", what,
                        ", which cannot be saved; delete the timer first"));
  };
  if (timer.clock >= 0) {
    if (timer.clock == CLOCK_THREAD_CPUTIME_ID && threads != 1)
      return refuse(
          "CLOCK_THREAD_CPUTIME_ID of one of several threads (the kernel does not tell of which)");
    return Ok();
  }
  if ((timer.clock & kClockWhich) == kClockFd) return refuse("the clock of a device");
  const pid_t owner = ~(timer.clock >> kClockPidShift);
  if (owner == 0 || owner == pid) {
    if (owner == 0 && (timer.clock & kClockPerThread) != 0 && threads != 1)
      return refuse("the CPU clock of one of several threads (the kernel does not tell of which)");
    return Ok();
  }
  if ((timer.clock & kClockPerThread) != 0) return Ok();  // Only a thread of its own is allowed.
  return refuse(StrCat("the CPU clock of process ", owner));
}

}  // namespace tardigrade::posix_timers

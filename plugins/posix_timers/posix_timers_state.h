#ifndef PLUGINS_POSIX_TIMERS_POSIX_TIMERS_STATE_H_
#define PLUGINS_POSIX_TIMERS_POSIX_TIMERS_STATE_H_

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "supervisor/image/fields.h"

namespace tardigrade::posix_timers {

struct TimerState {
  int32_t id = 0;
  int32_t clock = 0;   // clockid_t; negative for the CPU clock of a given process or thread.
  int32_t notify = 0;  // SIGEV_*, with SIGEV_THREAD_ID.
  int32_t signal = 0;
  uint64_t value = 0;   // sigev_value
  int32_t thread = 0;   // As the process sees it; with SIGEV_THREAD_ID.
  int64_t left_ns = 0;  // 0: not armed.
  int64_t interval_ns = 0;
  int64_t overrun = 0;  // timer_getoverrun(2), for people.
  // Its signal is pending, alone of its number, and would have told of so many overruns if it had
  // been taken at the snapshot.
  std::optional<int32_t> pending_overrun = {};

  template <typename Self, typename Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("id", self.id, Range<int32_t>{0, INT32_MAX});
    visit("clock", self.clock);
    visit("notify", self.notify, Range<int32_t>{0, 7});
    visit("signal", self.signal, Range<int32_t>{0, 64});
    visit("value", self.value);
    visit("thread", self.thread, Range<int32_t>{0, 1 << 22});
    visit("left_ns", self.left_ns, Range<int64_t>{0, INT64_MAX});
    visit("interval_ns", self.interval_ns, Range<int64_t>{0, INT64_MAX});
    visit("overrun", self.overrun);
    visit("pending_overrun", self.pending_overrun, Range<int32_t>{0, INT32_MAX});
  }
};

struct PosixTimersState {
  std::vector<TimerState> timers;  // By id.
  template <typename Self, typename Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("timers", self.timers, Range<size_t>{0, 1 << 20});
  }
};

// The text of /proc/<pid>/timers (fs/proc/base.c, show_timer()), by id.  `thread` is as the
// supervisor sees it; times are not in it.
Result<std::vector<TimerState>> ParseTimers(std::string_view text);

// Refuses clocks that would not be the same after a restore.  `pid` is the process as it sees
// itself.
Status CheckClock(const TimerState& timer, pid_t pid, uint64_t threads);

}  // namespace tardigrade::posix_timers

#endif  // PLUGINS_POSIX_TIMERS_POSIX_TIMERS_STATE_H_

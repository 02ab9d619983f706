#ifndef PLUGINS_TIMERFD_TIMERFD_STATE_H_
#define PLUGINS_TIMERFD_TIMERFD_STATE_H_

#include <cstdint>

#include "supervisor/base/result.h"
#include "supervisor/image/fields.h"
#include "supervisor/kernel/fdinfo.h"
#include "supervisor/resource/open_file.h"

namespace tardigrade::timerfd {

// What an image says of a timerfd.
struct TimerfdState {
  OpenFileState open;
  int32_t clock = 0;           // CLOCK_*, as given to timerfd_create(2).
  uint32_t settime_flags = 0;  // TFD_TIMER_*, as last given to settime.
  uint64_t unread_expirations = 0;
  int64_t remaining_ns = 0;  // To the next expiry; 0 means disarmed.
  int64_t interval_ns = 0;   // 0 means one-shot.
  // The clock's reading at the next expiry, for TFD_TIMER_ABSTIME on the wall clock; else 0.
  int64_t deadline_ns = 0;

  bool operator==(const TimerfdState&) const = default;
  template <typename Self, typename Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("open", self.open);
    visit("clock", self.clock, Range<int32_t>{0, 15});
    visit("settime_flags", self.settime_flags, Range<uint32_t>{0, 3});
    visit("unread_expirations", self.unread_expirations);
    visit("remaining_ns", self.remaining_ns, Range<int64_t>{0, INT64_MAX});
    visit("interval_ns", self.interval_ns, Range<int64_t>{0, INT64_MAX});
    visit("deadline_ns", self.deadline_ns, Range<int64_t>{0, INT64_MAX});
  }
};

// Parses what timerfd_show() prints; see fs/timerfd.c.  The kernel prints the time *remaining*
// even for a timer set with TFD_TIMER_ABSTIME.  Leaves `open` and `deadline_ns` alone.
Result<TimerfdState> ParseTimerfd(const FdInfo& info);

}  // namespace tardigrade::timerfd

#endif  // PLUGINS_TIMERFD_TIMERFD_STATE_H_

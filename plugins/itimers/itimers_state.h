#ifndef PLUGINS_ITIMERS_ITIMERS_STATE_H_
#define PLUGINS_ITIMERS_ITIMERS_STATE_H_

#include <array>
#include <cstdint>

#include "supervisor/image/fields.h"

namespace tardigrade::itimers {

struct ItimerState {
  uint64_t left_us = 0;  // 0: not armed.
  uint64_t interval_us = 0;
  template <typename Self, typename Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("left_us", self.left_us, Range<uint64_t>{0, INT64_MAX});
    visit("interval_us", self.interval_us, Range<uint64_t>{0, INT64_MAX});
  }
};

struct ItimersState {
  std::array<ItimerState, 3> timers;  // By ITIMER_*.
  template <typename Self, typename Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("timers", self.timers);
  }
};

}  // namespace tardigrade::itimers

#endif  // PLUGINS_ITIMERS_ITIMERS_STATE_H_

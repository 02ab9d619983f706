#ifndef PLUGINS_PENDING_SIGNALS_PENDING_SIGNALS_STATE_H_
#define PLUGINS_PENDING_SIGNALS_PENDING_SIGNALS_STATE_H_

#include <array>
#include <cstdint>
#include <vector>

#include "supervisor/image/fields.h"

namespace tardigrade::pending_signals {

// siginfo_t in the kernel's own form.
using SignalInfo = std::array<uint64_t, 16>;

struct PendingSignalsState {
  std::vector<SignalInfo> signals;  // First to be taken first.
  template <typename Self, typename Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("signals", self.signals, Range<size_t>{0, 1 << 20});
  }
};

}  // namespace tardigrade::pending_signals

#endif  // PLUGINS_PENDING_SIGNALS_PENDING_SIGNALS_STATE_H_

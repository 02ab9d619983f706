#ifndef PLUGINS_THREAD_SETTINGS_THREAD_SETTINGS_STATE_H_
#define PLUGINS_THREAD_SETTINGS_THREAD_SETTINGS_STATE_H_

#include <array>
#include <cstdint>
#include <optional>

#include "supervisor/image/fields.h"

namespace tardigrade::thread_settings {

struct ThreadSettingsState {
  std::array<uint8_t, 16> name{};   // PR_GET_NAME: any bytes, then NULs.
  uint64_t timer_slack_ns = 0;      // PR_GET_TIMERSLACK; 0 for real-time threads.
  int32_t parent_death_signal = 0;  // PR_GET_PDEATHSIG
  uint32_t personality = 0;
  int32_t tsc = 1;                                     // PR_GET_TSC
  int32_t mce_kill = 2;                                // PR_MCE_KILL_GET
  bool cpuid_faults = false;                           // ARCH_GET_CPUID is 0.
  bool io_flusher = false;                             // PR_GET_IO_FLUSHER
  std::array<std::optional<uint32_t>, 3> speculation;  // PR_GET_SPECULATION_CTRL, by PR_SPEC_*.

  template <typename Self, typename Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("name", self.name);
    visit("timer_slack_ns", self.timer_slack_ns, Range<uint64_t>{0, INT64_MAX});
    visit("parent_death_signal", self.parent_death_signal, Range<int32_t>{0, 64});
    visit("personality", self.personality, Range<uint32_t>{0, UINT32_MAX - 1});
    visit("tsc", self.tsc, Range<int32_t>{1, 2});
    visit("mce_kill", self.mce_kill, Range<int32_t>{0, 2});
    visit("cpuid_faults", self.cpuid_faults);
    visit("io_flusher", self.io_flusher);
    visit("store_bypass", self.speculation[0]);
    visit("indirect_branch", self.speculation[1]);
    visit("l1d_flush", self.speculation[2]);
  }
};

}  // namespace tardigrade::thread_settings

#endif  // PLUGINS_THREAD_SETTINGS_THREAD_SETTINGS_STATE_H_

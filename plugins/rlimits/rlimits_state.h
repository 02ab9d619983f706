#ifndef PLUGINS_RLIMITS_RLIMITS_STATE_H_
#define PLUGINS_RLIMITS_RLIMITS_STATE_H_

#include <array>
#include <cstdint>
#include <string_view>

#include "supervisor/image/fields.h"

namespace tardigrade::rlimits {

struct LimitState {
  uint64_t soft = 0;  // In the unit of getrlimit(2); UINT64_MAX: unlimited.
  uint64_t hard = 0;
  bool operator==(const LimitState&) const = default;
  template <typename Self, typename Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("soft", self.soft);
    visit("hard", self.hard);
  }
};

inline constexpr size_t kLimits = 16;

struct RlimitsState {
  std::array<LimitState, kLimits> limits;  // By RLIMIT_*.
  bool operator==(const RlimitsState&) const = default;
  template <typename Self, typename Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("limits", self.limits);
  }
};

// The text of /proc/<pid>/limits, which is in the order of RLIMIT_*: fs/proc/base.c,
// proc_pid_limits().
Result<RlimitsState> ParseLimits(std::string_view text);

// What a process whose own limits are `own` can make of `saved`.  Errors: kDenied, naming the
// limit.
Result<RlimitsState> Reachable(const RlimitsState& saved, const RlimitsState& own, bool may_raise);

}  // namespace tardigrade::rlimits

#endif  // PLUGINS_RLIMITS_RLIMITS_STATE_H_

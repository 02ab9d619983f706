#include "plugins/timerfd/timerfd_state.h"

#include <cinttypes>
#include <cstdio>
#include <string>

namespace tardigrade::timerfd {
namespace {

constexpr int64_t kNsPerSecond = 1'000'000'000;

// Reads "(seconds, nanoseconds)", at most what an int64_t of nanoseconds holds.
Result<int64_t> ParseTimespec(const FdInfo& info, std::string_view key) {
  ASSIGN_OR_RETURN(const std::string_view found, info.Find(key));
  const std::string text(found);
  int64_t seconds, nanoseconds;
  if (std::sscanf(text.c_str(), "(%" SCNd64 ", %" SCNd64 ")", &seconds, &nanoseconds) != 2)
    return Error(ErrorCode::kInternal, StrCat(key, " is not \"(s, ns)\": \"", text, "\""));
  if (seconds >= INT64_MAX / kNsPerSecond) return INT64_MAX;
  return seconds * kNsPerSecond + nanoseconds;
}

}  // namespace

Result<TimerfdState> ParseTimerfd(const FdInfo& info) {
  TimerfdState state;
  ASSIGN_OR_RETURN(const uint64_t clock, info.FindNumber("clockid", 10));
  state.clock = static_cast<int32_t>(clock);
  ASSIGN_OR_RETURN(const uint64_t flags, info.FindNumber("settime flags", 8));
  state.settime_flags = static_cast<uint32_t>(flags);
  ASSIGN_OR_RETURN(state.unread_expirations, info.FindNumber("ticks", 10));
  ASSIGN_OR_RETURN(state.remaining_ns, ParseTimespec(info, "it_value"));
  ASSIGN_OR_RETURN(state.interval_ns, ParseTimespec(info, "it_interval"));
  return state;
}

}  // namespace tardigrade::timerfd

#include "supervisor/restore/interrupted_call.h"

#include <linux/futex.h>
#include <sys/syscall.h>

#include <algorithm>
#include <ctime>

namespace tardigrade {

void PlanReplay(const arch::Registers& saved, std::optional<int64_t> time_left_ns, SyscallPlan& plan) {
  const arch::InterruptedCall call = arch::CallOf(saved);
  if (!call.in_call || call.result != -arch::kErestartRestartblock || !time_left_ns.has_value()) return;
  const int64_t left = std::max<int64_t>(*time_left_ns, 1);
  const timespec timeout{.tv_sec = left / 1'000'000'000, .tv_nsec = left % 1'000'000'000};
  const auto args = arch::CallArguments(saved);
  switch (call.number) {
    case SYS_nanosleep:
      plan.Ask("sleeping on", SYS_nanosleep, {Arg::Copy(timeout), args[1]});
      break;
    case SYS_clock_nanosleep:
      plan.Ask("sleeping on", SYS_clock_nanosleep, {args[0], args[1], Arg::Copy(timeout), args[3]});
      break;
    case SYS_poll:
      plan.Ask("polling on", SYS_poll, {args[0], args[1], (left + 999'999) / 1'000'000});
      break;
    case SYS_futex: {
      // The timeouts of the other waits are absolute.
      if ((static_cast<uint32_t>(args[1]) & FUTEX_CMD_MASK) != FUTEX_WAIT) break;
      plan.Ask("waiting on", SYS_futex, {args[0], args[1], args[2], Arg::Copy(timeout), args[4], args[5]});
      break;
    }
    default:
      break;
  }
}

void FinishWithoutReplay(arch::Registers& registers) {
  const arch::InterruptedCall call = arch::CallOf(registers);
  if (call.in_call && call.result == -arch::kErestartRestartblock) arch::ReissueCall(registers);
}

}  // namespace tardigrade

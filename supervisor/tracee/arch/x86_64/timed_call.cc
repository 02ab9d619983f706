#include "supervisor/tracee/arch/x86_64/timed_call.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>

#include <algorithm>

#include "supervisor/tracee/remote_memory.h"

namespace tardigrade::arch {
namespace {

constexpr int64_t kNsPerSecond = 1'000'000'000, kNsPerMs = 1'000'000;

std::optional<int64_t> ReadTimespecNs(pid_t pid, uint64_t address) {
  if (address == 0) return {};
  const auto time = ReadTraceeObject<timespec>(pid, address);
  if (!time.has_value() || time.value().tv_sec < 0 || time.value().tv_nsec < 0) return {};
  const int64_t seconds = std::min<int64_t>(time.value().tv_sec, INT64_MAX / kNsPerSecond - 1);
  return seconds * kNsPerSecond + time.value().tv_nsec;
}

std::optional<int64_t> Rest(std::optional<int64_t> whole, std::optional<int64_t> passed) {
  if (!whole || !passed) return {};
  return std::max<int64_t>(0, *whole - *passed);
}

// Whose time passes as that of the scheduler's clock does.  The others are processors' times, which
// stand still while the thread sleeps.
bool IsWallClock(int32_t clock) {
  return clock == CLOCK_REALTIME || clock == CLOCK_MONOTONIC || clock == CLOCK_BOOTTIME ||
         clock == CLOCK_REALTIME_ALARM || clock == CLOCK_BOOTTIME_ALARM || clock == CLOCK_TAI;
}

}  // namespace

std::optional<int64_t> TimeLeftNs(pid_t pid, const Registers& r,
                                  std::optional<int64_t> asleep_for_ns) {
  const InterruptedCall call = CallOf(r);
  if (!call.in_call || call.result != -kErestartRestartblock) return {};
  switch (call.number) {
    case SYS_nanosleep:
    case SYS_clock_nanosleep: {
      const bool has_clock = call.number == SYS_clock_nanosleep;
      const uint64_t request = has_clock ? r.rdx : r.rdi;
      const uint64_t rest = has_clock ? r.r10 : r.rsi;
      // The kernel has written the time left there (kernel/time/hrtimer.c, nanosleep_copyout()).
      if (rest != 0) return ReadTimespecNs(pid, rest);
      if (has_clock && !IsWallClock(static_cast<int32_t>(r.rdi))) return {};
      return Rest(ReadTimespecNs(pid, request), asleep_for_ns);
    }
    case SYS_poll: {
      const auto timeout_ms = static_cast<int32_t>(r.rdx);
      if (timeout_ms < 0) return {};
      return Rest(timeout_ms * kNsPerMs, asleep_for_ns);
    }
    case SYS_futex:
      // That of FUTEX_WAIT_BITSET is absolute: the call is simply made again.
      if ((r.rsi & FUTEX_CMD_MASK & UINT32_MAX) != FUTEX_WAIT) return {};
      return Rest(ReadTimespecNs(pid, r.r10), asleep_for_ns);
    default:
      return {};
  }
}

void ShortenTimeout(Registers& registers, int64_t asleep_for_ns) {
  // r10 of epoll_wait(2) and epoll_pwait(2); an argument register is dead after the call.
  if (registers.rax != SYS_epoll_wait && registers.rax != SYS_epoll_pwait) return;
  const auto timeout_ms = static_cast<int32_t>(registers.r10);
  if (timeout_ms <= 0) return;
  const int64_t left_ns = timeout_ms * kNsPerMs - asleep_for_ns;
  const int64_t left_ms = std::max<int64_t>(0, (left_ns + kNsPerMs - 1) / kNsPerMs);
  registers.r10 = static_cast<uint64_t>(std::min<int64_t>(left_ms, timeout_ms));
}

}  // namespace tardigrade::arch

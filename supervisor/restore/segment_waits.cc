#include "supervisor/restore/segment_waits.h"

#include <linux/futex.h>
#include <sys/syscall.h>

#include <ctime>

namespace tardigrade {
namespace {

using protocol::RestorerState;

RestorerState StateOf(Segment& segment, size_t thread) {
  return static_cast<RestorerState>(
      __atomic_load_n(reinterpret_cast<uint32_t*>(&segment.slot(thread).state), __ATOMIC_ACQUIRE));
}

bool IsThrough(Segment& segment) {
  for (size_t i = 0; i < segment.threads(); ++i) {
    const RestorerState state = StateOf(segment, i);
    if (state != RestorerState::kParked && state != RestorerState::kAwaitingSeccomp) return false;
  }
  return true;
}

void AwaitReport(const Segment& segment, uint32_t seen, Turn& turn) {
  const timespec tick{.tv_sec = 0, .tv_nsec = 20'000'000};
  (void)turn.Wait(SYS_futex, {reinterpret_cast<uint64_t>(segment.parked_word()), FUTEX_WAIT, seen,
                              reinterpret_cast<uint64_t>(&tick), 0, 0});
}

}  // namespace

void AwaitThrough(Segment& segment, Turn& turn) {
  for (uint32_t seen = segment.parked(); !IsThrough(segment); seen = segment.parked())
    AwaitReport(segment, seen, turn);
}

void AwaitEntered(Segment& segment, Turn& turn) {
  const auto entered = [&] { return StateOf(segment, 0) != RestorerState::kWaiting; };
  for (uint32_t seen = segment.parked(); !entered(); seen = segment.parked())
    AwaitReport(segment, seen, turn);
}

}  // namespace tardigrade

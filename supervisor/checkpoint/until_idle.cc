#include "supervisor/checkpoint/until_idle.h"

#include <algorithm>
#include <cerrno>
#include <thread>

namespace tardigrade {

Status UntilIdle(const std::function<Status()>& freeze, const std::function<void()>& thaw, std::chrono::steady_clock::time_point deadline) {
  constexpr auto kLongestPause = std::chrono::milliseconds(100);
  for (auto pause = std::chrono::milliseconds(1);; pause = std::min(2 * pause, kLongestPause)) {
    Status frozen = freeze();
    const bool busy = !frozen.has_value() && frozen.error().code() == ErrorCode::kUnsupported && frozen.error().errno_value() == EBUSY;
    if (!busy || std::chrono::steady_clock::now() + pause >= deadline) return frozen;
    thaw();
    std::this_thread::sleep_for(pause);
  }
}

}  // namespace tardigrade

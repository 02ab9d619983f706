#include "supervisor/image/write_behind.h"

#include <fcntl.h>

#include <algorithm>

#include "supervisor/base/helper_threads.h"

namespace tardigrade {
namespace {

constexpr uint64_t kStepBytes = 16 << 20;

}  // namespace

WriteBehind::~WriteBehind() {
  {
    std::lock_guard lock(mutex_);
    finished_ = true;
  }
  changed_.notify_all();
  for (std::thread& thread : thread_) thread.join();
}

void WriteBehind::Written(uint64_t end) {
  std::lock_guard lock(mutex_);
  written_ = std::max(written_, end);
  if (written_ < begun_ + kStepBytes) return;
  if (thread_.empty()) thread_ = StartHelperThreads(1, [this] { Run(); });
  changed_.notify_all();
}

void WriteBehind::Run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return finished_ || written_ >= begun_ + kStepBytes; });
    if (finished_) return;
    const uint64_t from = begun_, bytes = written_ - begun_;
    begun_ = written_;
    lock.unlock();
    // Only starts it, and waits for no more than a place in the device's queue.  A hint: what fails
    // here fails in fsync as well.
    (void)sync_file_range(fd_, static_cast<off64_t>(from), static_cast<off64_t>(bytes),
                          SYNC_FILE_RANGE_WRITE);
    lock.lock();
  }
}

}  // namespace tardigrade

#include "supervisor/restore/tree_board.h"

#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <climits>
#include <ctime>

namespace tardigrade {

Result<std::unique_ptr<TreeBoard>> TreeBoard::Create() {
  void* shared = mmap(nullptr, sizeof(Counters), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED) return Error::Errno("mapping memory shared with the tasks");
  return std::unique_ptr<TreeBoard>(new TreeBoard(new (shared) Counters{}));
}

TreeBoard::~TreeBoard() { munmap(counters_, sizeof(*counters_)); }

void TreeBoard::Arrive(Stage stage, uint32_t count) {
  if (__atomic_add_fetch(&counters_->arrived[stage], 1, __ATOMIC_RELEASE) < count) return;
  syscall(SYS_futex, &counters_->arrived[stage], FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0);
}

uint32_t TreeBoard::arrived(Stage stage) const { return __atomic_load_n(&counters_->arrived[stage], __ATOMIC_ACQUIRE); }

bool TreeBoard::Await(Stage stage, uint32_t count, int tick_ms, Turn& turn, const std::function<bool()>& may_wait) const {
  const timespec tick{.tv_sec = tick_ms / 1000, .tv_nsec = (tick_ms % 1000) * 1'000'000L};
  for (uint32_t seen = arrived(stage); seen < count; seen = arrived(stage)) {
    if (!may_wait()) return false;
    (void)turn.Wait(SYS_futex, {reinterpret_cast<uint64_t>(&counters_->arrived[stage]), FUTEX_WAIT, seen, reinterpret_cast<uint64_t>(&tick), 0, 0});
  }
  return true;
}

bool TreeBoard::Await(Stage stage, uint32_t count, int tick_ms, const std::function<bool()>& may_wait) const {
  Turn own;
  return Await(stage, count, tick_ms, own, may_wait);
}

}  // namespace tardigrade

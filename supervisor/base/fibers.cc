#include "supervisor/base/fibers.h"

#include <sys/mman.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <vector>

namespace tardigrade {
namespace {

constexpr size_t kGuardBytes = 4096;

void Sleep(std::chrono::nanoseconds time) {
  constexpr int64_t kPerSecond = 1'000'000'000;
  const timespec span = {.tv_sec = time.count() / kPerSecond, .tv_nsec = time.count() % kPerSecond};
  nanosleep(&span, nullptr);
}

// A stack that faults where it ends.
class Stack {
 public:
  Stack() {
    constexpr int kFlags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK | MAP_NORESERVE;
    void* const at = mmap(nullptr, kGuardBytes + kFiberStackBytes, PROT_NONE, kFlags, -1, 0);
    if (at == MAP_FAILED) return;
    memory_ = static_cast<char*>(at);
    usable_ = mprotect(memory_ + kGuardBytes, kFiberStackBytes, PROT_READ | PROT_WRITE) == 0;
  }
  ~Stack() {
    if (memory_ != nullptr) munmap(memory_, kGuardBytes + kFiberStackBytes);
  }
  Stack(const Stack&) = delete;
  Stack& operator=(const Stack&) = delete;

  bool usable() const { return usable_; }
  char* start() const { return memory_ + kGuardBytes; }

 private:
  char* memory_ = nullptr;
  bool usable_ = false;
};

struct Fiber {
  Stack stack;
  ucontext_t context = {};
  const std::function<void()>* body = nullptr;
  std::chrono::nanoseconds nap{0};
  bool done = false;
};

// Those of one thread.
struct Round {
  ucontext_t scheduler = {};
  std::vector<std::unique_ptr<Fiber>> fibers;
  Fiber* running = nullptr;
};

thread_local Round* round_of_thread = nullptr;

void Enter() {
  Fiber& fiber = *round_of_thread->running;
  (*fiber.body)();
  fiber.done = true;  // uc_link leads back to the scheduler.
}

bool Prepare(Round& round, const std::function<void()>& body) {
  auto fiber = std::make_unique<Fiber>();
  if (!fiber->stack.usable() || getcontext(&fiber->context) != 0) return false;
  fiber->context.uc_stack.ss_sp = fiber->stack.start();
  fiber->context.uc_stack.ss_size = kFiberStackBytes;
  fiber->context.uc_link = &round.scheduler;
  fiber->body = &body;
  makecontext(&fiber->context, Enter, 0);
  round.fibers.push_back(std::move(fiber));
  return true;
}

// Everybody once; then the shortest nap that anybody asked for.
void Schedule(Round& round) {
  while (!round.fibers.empty()) {
    auto nap = std::chrono::nanoseconds::max();
    for (const std::unique_ptr<Fiber>& fiber : round.fibers) {
      round.running = fiber.get();
      swapcontext(&round.scheduler, &fiber->context);
      if (!fiber->done) nap = std::min(nap, fiber->nap);
    }
    const size_t ended = std::erase_if(round.fibers, [](const std::unique_ptr<Fiber>& f) { return f->done; });
    if (ended == 0) Sleep(nap);
  }
}

}  // namespace

void RunAsFibers(std::span<const std::function<void()>> bodies) {
  Round round;
  size_t prepared = 0;
  // Fibers do not nest.
  const bool worth_it = bodies.size() > 1 && round_of_thread == nullptr;
  while (worth_it && prepared < bodies.size() && Prepare(round, bodies[prepared])) ++prepared;
  if (prepared > 0) {
    round_of_thread = &round;
    Schedule(round);
    round_of_thread = nullptr;
  }
  for (; prepared < bodies.size(); ++prepared) bodies[prepared]();
}

void Nap(std::chrono::nanoseconds time) {
  if (round_of_thread == nullptr) return Sleep(time);
  Fiber& fiber = *round_of_thread->running;
  fiber.nap = time;
  swapcontext(&fiber.context, &round_of_thread->scheduler);
}

}  // namespace tardigrade

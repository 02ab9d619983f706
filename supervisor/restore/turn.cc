#include "supervisor/restore/turn.h"

#include <linux/futex.h>
#include <linux/sched.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "protocols/freestanding/raw_syscall.h"
#include "protocols/freestanding/spawn_thread.h"

namespace tardigrade {
namespace {

using protocol::RawSyscall;

constexpr size_t kStackBytes = 8 << 20;  // As a main thread's; only what is used takes memory.

struct Newcomer {
  Turn* turn;
  std::function<void()> body;
};

// The new task's first function: without the turn it may not even look at errno.
void Begin(void* opaque) {
  auto* newcomer = static_cast<Newcomer*>(opaque);
  newcomer->turn->Take();
  newcomer->body();
  newcomer->turn->Leave();
  for (;;) (void)RawSyscall(SYS_exit_group, {127, 0, 0, 0, 0, 0});
}

// A task passes on an I/O context only if it has one: kernel/fork.c, copy_io().
void MakeIoContext() {
  constexpr int kWhoProcess = 1, kNoPriority = 0;  // IOPRIO_WHO_PROCESS, IOPRIO_CLASS_NONE
  (void)syscall(SYS_ioprio_set, kWhoProcess, 0, kNoPriority);
}

}  // namespace

void Turn::Take() {
  uint32_t none = 0;
  if (__atomic_compare_exchange_n(&word_, &none, 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
    return;
  while (__atomic_exchange_n(&word_, 2, __ATOMIC_ACQUIRE) != 0)
    (void)RawSyscall(SYS_futex,
                     {reinterpret_cast<uint64_t>(&word_), FUTEX_WAIT_PRIVATE, 2, 0, 0, 0});
}

void Turn::Leave() {
  if (__atomic_exchange_n(&word_, 0, __ATOMIC_RELEASE) == 2)
    (void)RawSyscall(SYS_futex,
                     {reinterpret_cast<uint64_t>(&word_), FUTEX_WAKE_PRIVATE, 1, 0, 0, 0});
}

int64_t Turn::Wait(uint32_t number, const uint64_t (&args)[6]) {
  Leave();
  const int64_t result = RawSyscall(number, args);
  Take();
  return result;
}

pid_t GiveBirth(Turn& turn, pid_t pid, int exit_signal, uint64_t sharing,
                std::function<void()> body) {
  constexpr uint64_t kCloneIo = 0x80000000;
  if ((sharing & kCloneIo) != 0) MakeIoContext();
  protocol::CloneArgs args = {};
  args.flags = sharing;
  args.exit_signal = (sharing & CLONE_PARENT) != 0 ? 0 : static_cast<uint64_t>(exit_signal);
  args.set_tid = reinterpret_cast<uint64_t>(&pid);
  args.set_tid_size = 1;
  if ((sharing & CLONE_VM) == 0) {
    const auto child = static_cast<pid_t>(syscall(SYS_clone3, &args, sizeof(args)));
    if (child != 0) return child;
    body();
    _exit(127);
  }
  void* const stack = mmap(nullptr, kStackBytes, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
  if (stack == MAP_FAILED) return -1;
  args.stack = reinterpret_cast<uint64_t>(stack);
  args.stack_size = kStackBytes;
  // Both are given back with all other memory, when that is made anew.
  const int64_t child = protocol::SpawnThread(args, Begin, new Newcomer{&turn, std::move(body)});
  if (child >= 0) return static_cast<pid_t>(child);
  errno = static_cast<int>(-child);
  return -1;
}

}  // namespace tardigrade

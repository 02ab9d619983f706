#ifndef PROTOCOLS_FREESTANDING_SPAWN_THREAD_H_
#define PROTOCOLS_FREESTANDING_SPAWN_THREAD_H_

#include <stdint.h>

namespace tardigrade::protocol {

// struct clone_args, as of CLONE_ARGS_SIZE_VER1 (include/uapi/linux/sched.h).
struct CloneArgs {
  uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid, set_tid_size;
};
static_assert(sizeof(CloneArgs) == 80);

// clone3(2) of a thread that runs entry(argument) on the new stack, and never returns from it.
// Returns the new tid, or -errno, in the calling thread.
inline int64_t SpawnThread(const CloneArgs& args, void (*entry)(void*), void* argument) {
#if defined(__x86_64__)
  constexpr uint64_t kClone3 = 435;
  int64_t result;
  register void (*r8)(void*) asm("r8") = entry;
  register void* r9 asm("r9") = argument;
  asm volatile(
      "syscall\n\t"
      "test %%rax, %%rax\n\t"
      "jnz 1f\n\t"
      "xor %%ebp, %%ebp\n\t"
      "mov %%r9, %%rdi\n\t"
      "call *%%r8\n\t"
      "hlt\n\t"
      "1:"
      : "=a"(result)
      : "a"(kClone3), "D"(&args), "S"(sizeof(args)), "r"(r8), "r"(r9)
      : "rcx", "r11", "memory");
  return result;
#else
#error "port SpawnThread to this architecture"
#endif
}

}  // namespace tardigrade::protocol

#endif  // PROTOCOLS_FREESTANDING_SPAWN_THREAD_H_

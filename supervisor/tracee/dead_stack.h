#ifndef SUPERVISOR_TRACEE_DEAD_STACK_H_
#define SUPERVISOR_TRACEE_DEAD_STACK_H_

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "supervisor/kernel/memory_map.h"
#include "supervisor/tracee/frozen_process.h"

namespace tardigrade {

// Stands first in the dead stack while it is in use.
inline constexpr std::string_view kDeadStackMark = "tardigrade frame";  // 16 bytes.
static_assert(kDeadStackMark.size() == 16);

// Stack that no thread uses: where a frame may lie that takes a thread home.
struct DeadStack {
  uint64_t start = 0;               // 16-byte aligned; 0 if there is none.
  std::vector<std::byte> contents;  // To be put back.
};

// Looks for `bytes` of it, in this order:
//  1. The low end of [stack] as long as it was never used: it holds zeros.
//  2. The low end of [stack], far below the stack pointer of a thread that is on it.
//  3. The same of the stack of a thread that its C library made: it has a guard below and the
//     thread's control block at its top.  Stacks of fibres and goroutines have neither.
// `neighbours`: stack pointers of others that have the same memory (CLONE_VM).
DeadStack FindDeadStack(pid_t pid, std::span<const FrozenThread> threads,
                        const std::vector<MemoryMapping>& maps, size_t bytes,
                        std::span<const uint64_t> neighbours = {});

// True if the thread is on the dead stack, where a supervisor that was killed sent it: about to go
// home by the frame there.
bool IsOnDeadStack(pid_t pid, const FrozenThread& thread);

}  // namespace tardigrade

#endif  // SUPERVISOR_TRACEE_DEAD_STACK_H_

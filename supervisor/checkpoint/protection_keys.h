#ifndef SUPERVISOR_CHECKPOINT_PROTECTION_KEYS_H_
#define SUPERVISOR_CHECKPOINT_PROTECTION_KEYS_H_

#include <cstddef>
#include <cstdint>

#include "supervisor/resource/syscall_plan.h"

namespace tardigrade {

// Asks which memory protection keys the process has allocated, which no file in /proc says.  Returns
// the index of the first op.  Changes nothing, neither a key nor a thread's rights.
size_t AddProtectionKeyQueries(SyscallPlan& plan);

// Bit k: key k is allocated (pkey_alloc(2)).  Key 0, which every process has, is left out, and so is
// the key that the kernel keeps for memory with PROT_EXEC alone.
uint32_t AllocatedProtectionKeys(const Outcome& answers, size_t first);

}  // namespace tardigrade

#endif  // SUPERVISOR_CHECKPOINT_PROTECTION_KEYS_H_

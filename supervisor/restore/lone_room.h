#ifndef SUPERVISOR_RESTORE_LONE_ROOM_H_
#define SUPERVISOR_RESTORE_LONE_ROOM_H_

#include <cstdint>
#include <utility>
#include <vector>

#include "supervisor/resource/syscall_plan.h"

namespace tardigrade {

// The end of what a 47-bit user address space can hold (TASK_SIZE_MAX, arch/x86/include/asm/page_64_types.h).
inline constexpr uint64_t kTaskSize = 0x7fff'ffff'f000;

using AddressRange = std::pair<uint64_t, uint64_t>;  // [first, second)

// Adds `making` while all of the address space is taken but `room`, for mappings whose place the kernel
// alone chooses: it has no choice then.  `taken` is what is mapped; the rest is free before and after.
void PlanInLoneRoom(const AddressRange& room, std::vector<AddressRange> taken, const SyscallPlan& making, SyscallPlan& plan);

}  // namespace tardigrade

#endif  // SUPERVISOR_RESTORE_LONE_ROOM_H_

#ifndef SUPERVISOR_KERNEL_NUMA_MAPS_H_
#define SUPERVISOR_KERNEL_NUMA_MAPS_H_

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "supervisor/base/result.h"

namespace tardigrade {

// The memory policy of each VMA, by its start address, as the kernel writes it: "default",
// "bind:0", "interleave=static:0-1", "prefer (many):0,2", ...
using NumaPolicies = std::map<uint64_t, std::string>;

// Parses /proc/PID/numa_maps; see fs/proc/task_mmu.c, show_numa_map(), and mm/mempolicy.c,
// mpol_to_str().  Kernels without CONFIG_NUMA do not have the file.  Errors: kInternal.
Result<NumaPolicies> ParseNumaMaps(std::string_view text);

}  // namespace tardigrade

#endif  // SUPERVISOR_KERNEL_NUMA_MAPS_H_

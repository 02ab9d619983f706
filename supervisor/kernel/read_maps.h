#ifndef SUPERVISOR_KERNEL_READ_MAPS_H_
#define SUPERVISOR_KERNEL_READ_MAPS_H_

#include <sys/types.h>

#include <vector>

#include "supervisor/base/result.h"
#include "supervisor/kernel/memory_map.h"

namespace tardigrade {

// The mappings of a process.  Errors: kSystem; as ParseMaps().
Result<std::vector<MemoryMapping>> ReadMaps(pid_t pid);

}  // namespace tardigrade

#endif  // SUPERVISOR_KERNEL_READ_MAPS_H_

#ifndef SUPERVISOR_RESOURCE_DESCRIBE_H_
#define SUPERVISOR_RESOURCE_DESCRIBE_H_

#include <string>
#include <string_view>

#include "supervisor/kernel/memory_map.h"
#include "supervisor/resource/fd_kind.h"

namespace tardigrade {

// What a descriptor is, for "fd 7 is ..., which cannot be saved": "an io_uring instance".
std::string DescribeFd(const FdFacts& file);

// Why that is so of one that cannot be saved, and what to do; begins after "which cannot be saved".
// `link` is what readlink shows of a descriptor, or the path of a mapping.
std::string WayOut(std::string_view link);

// The same of a mapping: "a System V shared memory segment".
std::string DescribeMapping(const MemoryMapping& mapping);

}  // namespace tardigrade

#endif  // SUPERVISOR_RESOURCE_DESCRIBE_H_

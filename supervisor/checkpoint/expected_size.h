#ifndef SUPERVISOR_CHECKPOINT_EXPECTED_SIZE_H_
#define SUPERVISOR_CHECKPOINT_EXPECTED_SIZE_H_

#include <cstdint>
#include <string_view>

namespace tardigrade {

// About how many bytes of pages a process will have in its image, to reserve them: its private
// memory, but never more than half of what this machine has left, as room may be memory.  `status`
// is the text of /proc/<pid>/status, `meminfo` that of /proc/meminfo.  0 if they do not tell.
uint64_t ExpectedPageBytes(std::string_view status, std::string_view meminfo);

// The same on this machine.
uint64_t ExpectedPageBytes(std::string_view status);

}  // namespace tardigrade

#endif  // SUPERVISOR_CHECKPOINT_EXPECTED_SIZE_H_

#ifndef SUPERVISOR_TRACEE_SYMBOLIZE_H_
#define SUPERVISOR_TRACEE_SYMBOLIZE_H_

#include <span>
#include <string>

#include "supervisor/image/documents.h"
#include "supervisor/kernel/memory_map.h"

namespace tardigrade {

// Fills in symbol, offset and module of stacks that StackUnwinder or TakeBacktrace() took, from
// the mapped files.  Needs no tracee: do it when the job was let go.  Every file is read once for
// all stacks.  Best effort: a frame in a file that is gone, replaced (another inode) or stripped
// gets its module, and `offset` is then in bytes into that file.
//
// `mappings`: by address.  `root` is where the tracee's "/" is: "" or "/proc/<pid>/root".
void Symbolize(std::span<ThreadDocument> threads, std::span<const MemoryMapping> mappings,
               const std::string& root = "");
void Symbolize(std::span<BacktraceFrame> stack, std::span<const MemoryMapping> mappings,
               const std::string& root = "");

}  // namespace tardigrade

#endif  // SUPERVISOR_TRACEE_SYMBOLIZE_H_

#ifndef SUPERVISOR_IMAGE_SHARED_STATE_H_
#define SUPERVISOR_IMAGE_SHARED_STATE_H_

#include <linux/kcmp.h>
#include <sched.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "supervisor/base/result.h"
#include "supervisor/image/documents.h"

namespace tardigrade {

// A part of SharedWith.
struct SharedState {
  int32_t SharedWith::*with;
  uint64_t clone_flag;
  int kcmp_type;
  const char* what;
  bool may_be_absent;  // Tasks get it when they first need it: those without compare as equal.
  bool can_unshare;    // By unshare(2), with clone_flag.
};

inline constexpr SharedState kSharedStates[] = {
    {&SharedWith::descriptors, CLONE_FILES, KCMP_FILES, "a descriptor table", false, true},
    {&SharedWith::filesystem, CLONE_FS, KCMP_FS, "a working directory", false, true},
    {&SharedWith::semaphore_undo, CLONE_SYSVSEM, KCMP_SYSVSEM, "undo values of semaphores", true,
     true},
    {&SharedWith::io_context, 0x80000000 /* CLONE_IO */, KCMP_IO, "an I/O context", true, false},
    {&SharedWith::memory, CLONE_VM, KCMP_VM, "memory", false, false},
    {&SharedWith::signal_handlers, CLONE_SIGHAND, KCMP_SIGHAND, "signal handlers", false, false},
};

// The kind of process state that belongs to an address space: of those that share one the first has
// it alone.
inline constexpr std::string_view kStateOfMemory = "memory_bounds";

inline constexpr size_t kNobody = ~size_t{0};

// What is shared passes from a process to those it makes.  `maker` is who makes each (kNobody:
// someone else), `group` which group of sharers each is in (kNobody: none). Returns for each the
// group whose state it has to be born with, its own or one that it only passes on; kNobody if none.
// Errors: kUnsupported if one would have to be born with that of two, or to pass on another than
// the one it was born with and keeps; kBadImage if somebody would have to make himself.
Result<std::vector<size_t>> GroupsAtBirth(std::span<const size_t> maker,
                                          std::span<const size_t> group);

// Memory and signal handlers, which nobody can give up, come from whoever makes a process.  So who
// shares them with a sibling, and not with its maker, is made by the first such sibling
// (CLONE_PARENT): changes `maker` for those, and returns which they are.
std::vector<bool> MakeBySiblings(std::vector<size_t>& maker, std::span<const size_t> memory,
                                 std::span<const size_t> signal_handlers);

}  // namespace tardigrade

#endif  // SUPERVISOR_IMAGE_SHARED_STATE_H_

#ifndef SUPERVISOR_CHECKPOINT_SURVEY_H_
#define SUPERVISOR_CHECKPOINT_SURVEY_H_

#include <sys/types.h>

#include <string>
#include <vector>

#include "supervisor/base/result.h"
#include "supervisor/base/scoped_fd.h"
#include "supervisor/kernel/memory_map.h"
#include "supervisor/resource/kind_list.h"

namespace tardigrade {

// Whether the process may be looked into at all.  Errors: kDenied, saying why not and the way out.
Status CheckMayLook(pid_t pid);

// What can be known of a process from outside, and which kind claims each part of it.  True of a
// frozen process; of a running one it is a first look that finds most reasons to refuse.
struct Survey {
  pid_t pid = -1;        // As seen here.
  pid_t inner_pid = -1;  // As the process sees itself.
  std::string comm;

  std::vector<TaskFacts> threads;  // Leader first.
  std::vector<MemoryMapping> mappings;
  std::vector<const MappingKind*> mapping_kinds;  // Per mapping.

  std::vector<FdFacts> descriptors;  // By number; local_fd is one of `local_fds`.
  std::vector<bool> close_on_exec;   // Per descriptor.
  std::vector<const FdKind*> fd_kinds;  // Per descriptor.
  std::vector<size_t> file_of;       // Per descriptor: index into `first_of`.
  std::vector<size_t> first_of;      // Per open file description: its first descriptor.
  std::vector<ScopedFd> local_fds;

  // Errors: kUnsupported, naming every kind of thing that nobody claims; kDenied; kTraceeGone.
  // `frozen`: all threads are in ptrace-stop under the calling thread.
  static Result<Survey> Take(pid_t pid, const KindList& kinds, bool frozen);

  // Asks every kind whether it can save what it claims.  Errors: kUnsupported, with the way out.
  Status Check(const KindList& kinds) const;
};

}  // namespace tardigrade

#endif  // SUPERVISOR_CHECKPOINT_SURVEY_H_

#ifndef PLUGINS_SYSV_SEM_UNDO_VALUES_H_
#define PLUGINS_SYSV_SEM_UNDO_VALUES_H_

#include <sys/sem.h>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "supervisor/base/result.h"
#include "supervisor/resource/job_kind.h"

namespace tardigrade::sysv_sem {

// A semaphore of which a process may hold an undo value.
struct UndoQuestion {
  int32_t set = 0;
  int32_t semaphore = 0;
  int32_t value = 0;  // Now; it must not change meanwhile.
};

// What a process would add to each semaphore when it ends.  No call tells; but semop(2) fails with
// ERANGE where an undo value would get out of its range, so operations that cannot succeed as a whole,
// and therefore change nothing, find it by bisection (ipc/sem.c, perform_atomic_semop()).
// A set that the process may not alter counts as without.
Result<std::vector<int32_t>> FindUndoValues(std::span<const UndoQuestion> questions, size_t member,
                                            const AskMember& ask);

// Processes of the job that may have undo values at all: those with a list of them (semadj), of those that
// share one (CLONE_SYSVSEM) the first.  A process with several threads always has one.  Errors:
// kUnsupported for lists of single threads.
Result<std::vector<size_t>> MembersWithUndoList(const JobFacts& job);

// Operations that leave a semaphore with its `value`, and the process that calls semop(2) with them
// with an undo value that is larger by `adjustment`.  May be more than one call's.
std::vector<std::vector<sembuf>> OperationsThatUndo(int32_t semaphore, int32_t value,
                                                    int32_t adjustment);

}  // namespace tardigrade::sysv_sem

#endif  // PLUGINS_SYSV_SEM_UNDO_VALUES_H_

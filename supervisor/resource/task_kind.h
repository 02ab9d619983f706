#ifndef SUPERVISOR_RESOURCE_TASK_KIND_H_
#define SUPERVISOR_RESOURCE_TASK_KIND_H_

#include <signal.h>
#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "supervisor/base/result.h"
#include "supervisor/image/value.h"
#include "supervisor/resource/contexts.h"
#include "supervisor/resource/fd_kind.h"
#include "supervisor/resource/moved_files.h"
#include "supervisor/resource/syscall_plan.h"

namespace tardigrade {

// A task at snapshot time: a thread, or, when the whole process is meant, the leader (the oldest of
// the others if it has exited).
struct TaskFacts {
  // Whom the supervisor asks about the process: /proc/<pid>.  Its pid, or that of a thread if the
  // leader has exited (see supervisor/kernel/living_thread.h).
  pid_t pid = -1;
  pid_t tid = -1;        // Thread, as seen by the supervisor: /proc/<pid>/task/<tid>.
  pid_t inner_pid = -1;  // Thread group and thread, as the tracee sees itself.
  pid_t inner_tid = -1;
  std::string proc_dir;  // "/proc/<pid>/task/<tid>".
  std::string status;    // The text of <proc_dir>/status.
  bool frozen = false;   // In ptrace-stop under this thread; else a first look at a running task.
  bool is_to_end = false;  // It will be killed when the image is whole.
  // Frozen, and the first task of the process: what is queued for the process, oldest first.
  std::vector<siginfo_t> process_pending;
  // Frozen: what the process has open, by number; it need not be asked again.  Owned by the engine.
  std::optional<std::span<const FdFacts>> descriptors;
  bool exited = false;   // A leader that has exited: see ThreadKind::SavesExited().
};

// Where a task is restored to.
struct RestoreFacts {
  bool new_user_namespace = false;  // Only the caller's own ids exist; setgroups() is denied.
  bool new_pid_namespace = false;
  uid_t caller_uid = 0;             // Of the user who restores, before any namespace.
  MovedFiles moved;                 // --set-file.
};

// When a restored task takes a step.  Memory, descriptors and all threads' stacks are there.
enum class Phase {
  kProcess,      // Leader only, before there are threads.
  kThread,       // Each thread (the leader too): what needs the old credentials.
  kLimits,       // Leader only, when all threads exist: rlimits and other things that hinder making them.
  kCredentials,  // Each thread: from here on it has the job's rights only.
  kArm,          // Each thread (process kinds: leader only): what runs from here on: timers, pending signals.
  kSeccomp,      // Each thread, last of all.
};
inline constexpr int kPhaseCount = 6;

// The steps of one task, by phase.
struct TaskPlan {
  SyscallPlan phases[kPhaseCount];
  SyscallPlan& operator[](Phase phase) { return phases[static_cast<int>(phase)]; }
};

// Kernel state of a process or of one thread that is neither memory nor a descriptor.
//
// Collecting: Check() before anything is injected; then AddQueries() says which syscalls the
// task is to make (they must not block, not change anything, and set no restart block: no
// nanosleep, no poll with timeout); then Collect() reads the answers and /proc.  Of a job that is to
// end they may take what they put back in the next op: should the snapshot fail, it goes on.
class TaskKind {
 public:
  virtual ~TaskKind() = default;

  // Names the kind in images and messages.  Never changes once released.
  virtual std::string_view name() const = 0;

  // Refuses (kUnsupported, with the way out) what this kind cannot save.  Before injection: once
  // while the task runs, once when it is frozen, and only then may ptrace(2) be asked.
  virtual Status Check(const TaskFacts& task) const {
    (void)task;
    return Ok();
  }

  // Returns the index of this kind's first op in `plan`, to be handed to Collect().
  virtual size_t AddQueries(const TaskFacts& task, SyscallPlan& plan) const {
    (void)task;
    return plan.size();
  }

  // `first` is what AddQueries() returned.
  virtual Result<Value> Collect(const TaskFacts& task, const Outcome& answers, size_t first,
                                CollectContext& context) const = 0;

  // Adds the steps that give a fresh task this state.  The fresh task has all signals blocked,
  // default handlers, no timers, and what else fork(2) gives a child of the restorer.
  // `state` comes from an image and is not to be trusted.
  virtual Status Restore(const Value& state, const RestoreFacts& facts, TaskPlan& plan) const = 0;
};

// Two interfaces, so that a process kind cannot be listed as a thread kind.
class ProcessKind : public TaskKind {
 public:
  // What the task does in hosted code, before any of its steps and when it has all its children: what needs
  // objects of the image.  `state` is not to be trusted.
  virtual Status DoInTask(const Value& state, CreateContext& context) const {
    (void)state, (void)context;
    return Ok();
  }
};
class ThreadKind : public TaskKind {
 public:
  // Whether this state of a leader that has exited still matters to the rest of its process.  Such a
  // leader is a zombie that can neither be visited nor traced: Check() and AddQueries() are not
  // called for it, and Collect() is with answers to nothing.
  virtual bool SavesExited() const { return false; }
};

}  // namespace tardigrade

#endif  // SUPERVISOR_RESOURCE_TASK_KIND_H_

#ifndef SUPERVISOR_RESTORE_LAUNCHER_H_
#define SUPERVISOR_RESTORE_LAUNCHER_H_

#include <sys/types.h>

#include <functional>
#include <memory>
#include <vector>

#include "supervisor/base/result.h"
#include "supervisor/base/scoped_fd.h"

namespace tardigrade {

// A task under construction: a fork of the restorer with a chosen pid.
struct LaunchedTask {
  pid_t pid = -1;       // As seen here.
  pid_t init_pid = -1;  // Of the namespace made for it, as seen here; -1 if there is none.
  bool new_user_namespace = false;
};

// Memory shared with the init, for what only it learns.
struct InitReport {
  int32_t launch_error = 0;  // errno of a failure before the task existed; 0.
  int32_t launch_step = 0;   // Which step that was.
  uint32_t set_free = 0;     // Futex: 1 when the init may outlive the restorer, 2 when it knows.
  uint32_t root_ended = 0;   // Futex: 1 when the root has ended.
  int32_t wait_status = 0;   // Its wait(2) status.
};

// Forks tasks.  `run` is executed in the task and must not return.
class Launcher {
 public:
  static Result<std::unique_ptr<Launcher>> Create();
  ~Launcher();

  // A process with this very pid, in the present namespaces: a child, or, `adopted`, one that has
  // lost its parent already, so that a restorer that exits is no death of a parent to it
  // (PR_SET_PDEATHSIG).  Errors: kDenied without the right (CAP_CHECKPOINT_RESTORE), kSystem with
  // EEXIST if the pid is taken.
  Result<LaunchedTask> WithSamePid(pid_t pid, bool adopted, const std::function<void()>& run);

  // The same in a fresh PID namespace, mount namespace with its own /proc, and, where the caller
  // may not make these, a user namespace in which the caller is itself.  `new_ipc_namespace`: and an
  // IPC namespace.
  Result<LaunchedTask> InNewNamespace(pid_t pid, bool new_ipc_namespace, const std::function<void()>& run);

  // Kills a task that is not to be, with its descendants, `others` with theirs, and its namespace, and
  // reaps what this process traces of them.
  void Abandon(const LaunchedTask& task, const std::vector<pid_t>& others = {});

  // The init dies with this process until this is called.
  void SetFree(const LaunchedTask& task);

  // Waits for the root to end; returns its wait(2) status.  Signals in `forwarded` (blocked by the
  // caller) that arrive meanwhile are passed on to it.
  Result<int> WaitForEnd(const LaunchedTask& task);

 private:
  explicit Launcher(InitReport* report) : report_(report) {}
  Result<LaunchedTask> FromIntermediate(pid_t pid, const std::function<void()>& run);
  // `restorer`: a pidfd of it.
  [[noreturn]] void RunInit(pid_t pid, const ScopedFd& restorer, bool user_namespace, uid_t uid, gid_t gid,
                            const std::function<void()>& run);
  InitReport* report_;
};

}  // namespace tardigrade

#endif  // SUPERVISOR_RESTORE_LAUNCHER_H_

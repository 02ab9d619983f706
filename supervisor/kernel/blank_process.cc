#include "supervisor/kernel/blank_process.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "supervisor/base/scoped_fd.h"
#include "supervisor/kernel/kcmp.h"

namespace tardigrade {
namespace {

constexpr int kWhoProcess = 1;  // IOPRIO_WHO_PROCESS

pid_t Clone(unsigned long flags) {
  return static_cast<pid_t>(syscall(SYS_clone, flags, 0, 0, 0, 0));
}

void Reap(pid_t pid) {
  while (waitpid(pid, nullptr, __WALL) < 0 && errno == EINTR) {
  }
}

// A child gets an I/O context of its own if its maker's has a priority (block/blk-ioc.c,
// __copy_io()): so its maker is a process between that sets none, and makes it this process's
// child.
[[noreturn]] void MakeBlank(int out, pid_t maker) {
  (void)syscall(SYS_ioprio_set, kWhoProcess, 0, 0);
  const pid_t blank = Clone(CLONE_PARENT);
  if (blank == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != maker) _exit(0);  // It was killed before that.
    (void)setsid();  // Nobody is to take it for an orphan of the job's.
    close(out);
    for (;;) pause();
  }
  const pid_t said = blank > 0 ? blank : -errno;
  (void)!write(out, &said, sizeof(said));
  _exit(0);
}

}  // namespace

Result<std::unique_ptr<ScopedBlankProcess>> ScopedBlankProcess::Create() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return Error::Errno("making a pipe");
  const ScopedFd in(ends[0]);
  ScopedFd out(ends[1]);
  const pid_t maker = getpid();
  const pid_t between = Clone(SIGCHLD);
  if (between < 0) return Error::Errno("making a process to compare others with");
  if (between == 0) MakeBlank(out.get(), maker);
  out.Reset();
  pid_t pid = -ESRCH;
  while (read(in.get(), &pid, sizeof(pid)) < 0 && errno == EINTR) {
  }
  Reap(between);
  if (pid < 0)
    return Error::Syscall(ErrorCode::kSystem, -pid, "making a process to compare others with");
  return std::unique_ptr<ScopedBlankProcess>(new ScopedBlankProcess(pid));
}

ScopedBlankProcess::~ScopedBlankProcess() {
  kill(pid_, SIGKILL);
  Reap(pid_);
}

bool ScopedBlankProcess::Lacks(pid_t task, int type) const {
  return CompareTasks(task, pid_, type) == 0;
}

}  // namespace tardigrade

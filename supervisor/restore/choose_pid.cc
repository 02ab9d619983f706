#include "supervisor/restore/choose_pid.h"

#include <linux/sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <string>

#include "supervisor/base/file_io.h"
#include "supervisor/base/str_cat.h"
#include "supervisor/kernel/proc_stat.h"

namespace tardigrade {
namespace {

std::string ProcDir(pid_t pid) { return StrCat("/proc/", pid); }

// Lets the kernel go as far as to take the pid, but makes nobody: it gives up where it has to say
// the new pidfd, for which there is no place (kernel/fork.c, copy_process()).  Returns the errno.
int TryToTake(pid_t pid) {
  clone_args args = {};
  args.flags = CLONE_VM | CLONE_PIDFD;  // CLONE_VM: nothing is copied.
  args.pidfd = ~uint64_t{0} - 4095;     // Never a program's.
  args.exit_signal = SIGCHLD;
  args.set_tid = reinterpret_cast<uintptr_t>(&pid);
  args.set_tid_size = 1;
  return syscall(SYS_clone3, &args, sizeof(args)) < 0 ? errno : 0;
}

}  // namespace

// Asked with a pid that is taken it says EEXIST to those who may, EPERM to others.
bool MayChoosePids() { return TryToTake(getpid()) == EEXIST; }

bool IsPidFree(pid_t pid) {
  return access(ProcDir(pid).c_str(), F_OK) != 0 && TryToTake(pid) != EEXIST;
}

bool IsPidOfTheDead(pid_t pid) {
  const Result<std::string> text = ReadFile(ProcDir(pid) + "/stat");
  if (!text.has_value()) return true;  // As a group's or session's at most.
  const Result<ProcStat> stat = ParseProcStat(text.value());
  return stat.has_value() && (stat.value().state == 'Z' || stat.value().state == 'X') &&
         stat.value().num_threads <= 1;
}

}  // namespace tardigrade

#include "supervisor/restore/release_guard.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <vector>

#include "supervisor/base/file_io.h"

namespace tardigrade {
namespace {

// All signals are blocked here, as in the restorer.
[[noreturn]] void Watch(int word, const std::vector<ScopedFd>& processes) {
  char byte;
  ssize_t got;
  while ((got = read(word, &byte, 1)) < 0 && errno == EINTR) {
  }
  if (got == 1) _exit(0);
  for (const ScopedFd& process : processes) syscall(SYS_pidfd_send_signal, process.get(), SIGKILL, nullptr, 0);
  _exit(1);
}

}  // namespace

Result<std::unique_ptr<ReleaseGuard>> ReleaseGuard::Create(std::span<const pid_t> pids) {
  std::unique_ptr<ReleaseGuard> guard(new ReleaseGuard);
  std::vector<ScopedFd> processes;
  for (const pid_t pid : pids) {
    processes.emplace_back(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
    if (!processes.back().valid()) return Error::Errno("pidfd_open of process ", pid);
  }
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return Error::Errno("making a pipe");
  const ScopedFd ear(ends[0]);
  guard->word_ = ScopedFd(ends[1]);
  guard->guard_ = fork();
  if (guard->guard_ < 0) return Error::Errno("making the guard of the release");
  if (guard->guard_ != 0) return guard;
  close(ends[1]);
  Watch(ends[0], processes);
}

ReleaseGuard::~ReleaseGuard() { AwaitEnd(); }

void ReleaseGuard::Dismiss() {
  (void)!write(word_.get(), "x", 1);
  AwaitEnd();
}

void ReleaseGuard::AwaitEnd() {
  word_.Reset();
  if (guard_ < 0) return;
  while (waitpid(guard_, nullptr, 0) < 0 && errno == EINTR) {
  }
  guard_ = -1;
}

}  // namespace tardigrade

// pidfds of the process itself and of a child that is gone.
#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "tests/e2e/programs/e2e.h"

static int is_ended(int fd) {
  struct pollfd end = {.fd = fd, .events = POLLIN};
  return poll(&end, 1, 0) == 1;
}

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  long self = syscall(SYS_pidfd_open, getpid(), O_NONBLOCK);
  EXPECT(self >= 0);
  long copy = fcntl(self, F_DUPFD, 30), again = syscall(SYS_pidfd_open, getpid(), 0);
  pid_t child = fork();
  if (child == 0) _exit(5);
  long gone = syscall(SYS_pidfd_open, child, 0);
  EXPECT(gone >= 0);
  EXPECT_EQ(waitpid(child, NULL, 0), child);
  e2e_ready_and_wait();
  char path[64];
  snprintf(path, sizeof path, "/proc/self/fdinfo/%ld", self);
  EXPECT_EQ(e2e_proc_field(path, "Pid:"), getpid());
  EXPECT_EQ(fcntl(self, F_GETFL) & O_NONBLOCK, O_NONBLOCK);
  EXPECT_EQ(fcntl(copy, F_GETFL) & O_NONBLOCK, O_NONBLOCK);
  EXPECT_EQ(fcntl(again, F_GETFL) & O_NONBLOCK, 0);
  EXPECT_EQ(fcntl(again, F_GETFD), FD_CLOEXEC);
  EXPECT_EQ(fcntl(copy, F_GETFD), 0);
  EXPECT(!is_ended(self) && is_ended(gone));
  EXPECT_EQ(syscall(SYS_pidfd_send_signal, self, 0, NULL, 0), 0);
  EXPECT(syscall(SYS_pidfd_send_signal, gone, 0, NULL, 0) == -1 && errno == ESRCH);
  return e2e_ok();
}

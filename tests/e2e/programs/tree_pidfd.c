// pidfds across a tree: of parent, child, a zombie; one description in several processes; one in an
// epoll instance that wakes up when the child ends.
#include <poll.h>
#include <sys/epoll.h>

#include "tests/e2e/programs/tree.h"

static long open_pidfd(pid_t pid) {
  long fd = syscall(SYS_pidfd_open, pid, 0);
  EXPECT(fd >= 0);
  return fd;
}

static long long pid_of(long fd) {
  char path[64];
  snprintf(path, sizeof path, "/proc/self/fdinfo/%ld", fd);
  return e2e_proc_field(path, "Pid:");
}

static int shared_fd;  // Of the root: its child has it too.

static void child_body(long parent) {
  long fd = open_pidfd((pid_t)parent);
  tree_set_up_and_wait();
  EXPECT_EQ(pid_of(fd), parent);
  EXPECT_EQ(pid_of(shared_fd), parent);
  // One description in both.
  EXPECT_EQ(fcntl(shared_fd, F_SETFL, O_NONBLOCK), 0);
}

static void end_at_once(long status) { _exit((int)status); }

int main(int argc, char** argv) {
  tree_start(argc, argv);
  shared_fd = (int)open_pidfd(getpid());
  pid_t child = tree_fork(child_body, getpid());
  pid_t zombie = tree_fork(end_at_once, 7);
  tree_await_end(zombie);
  long of_child = open_pidfd(child), of_zombie = open_pidfd(zombie);
  int epoll = epoll_create1(0);
  struct epoll_event event = {.events = EPOLLIN, .data.u64 = 77};
  EXPECT_EQ(epoll_ctl(epoll, EPOLL_CTL_ADD, (int)of_child, &event), 0);
  tree_ready_and_wait(1);
  EXPECT_EQ(pid_of(of_child), child);
  EXPECT_EQ(pid_of(of_zombie), zombie);
  EXPECT_EQ(pid_of(shared_fd), getpid());
  siginfo_t info = {0};
  EXPECT_EQ(waitid((idtype_t)3, (id_t)of_zombie, &info, WEXITED | WNOWAIT), 0);
  EXPECT_EQ(info.si_status, 7);
  EXPECT_EQ(waitid((idtype_t)3, (id_t)of_zombie, &info, WEXITED), 0);
  EXPECT(syscall(SYS_pidfd_send_signal, of_zombie, 0, NULL, 0) == -1 && errno == ESRCH);
  EXPECT_EQ(epoll_wait(epoll, &event, 1, 20000), 1);
  EXPECT_EQ(event.data.u64, 77);
  tree_reap(child);
  EXPECT_EQ(fcntl(shared_fd, F_GETFL) & O_NONBLOCK, O_NONBLOCK);
  return e2e_ok();
}

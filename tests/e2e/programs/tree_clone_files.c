// A process and its child have one descriptor table (CLONE_FILES); another child has its own.
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

#include "tests/e2e/programs/clone.h"

enum { kPipeIn = 60, kPipeOut, kEpoll, kNew, kLocked, kOwn };

static int* word;

static void lock(int fd, int type, off_t start) {
  struct flock lock = {.l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = 10};
  EXPECT_EQ(fcntl(fd, F_SETLK, &lock), 0);
}

static pid_t holder(int fd, off_t at) {
  struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = at, .l_len = 1};
  EXPECT_EQ(fcntl(fd, F_GETLK, &lock), 0);
  return lock.l_type == F_UNLCK ? 0 : lock.l_pid;
}

static void await(int value) {
  while (__atomic_load_n(word, __ATOMIC_ACQUIRE) != value) e2e_pause_ms(1);
}

static void say(int value) { __atomic_store_n(word, value, __ATOMIC_RELEASE); }

// Shares the table, and waits in a call with a deadline for a descriptor of it.
static void sharer(long unused) {
  (void)unused;
  lock(kLocked, F_WRLCK, 100);
  tree_set_up();
  struct pollfd in = {.fd = kPipeIn, .events = POLLIN};
  EXPECT_EQ(poll(&in, 1, 100000), 1);
  EXPECT_EQ(in.revents, POLLIN);
  await(1);
  char byte = 0;
  EXPECT_EQ(read(kPipeIn, &byte, 1), 1);
  EXPECT_EQ(byte, 'p');
  EXPECT_EQ(dup3(kPipeIn, kNew, O_CLOEXEC), kNew);
  EXPECT_EQ(close(kPipeOut), 0);
  say(2);
  await(3);
  // The parent's table is this one: its lock goes with any number of the file, this one's does too.
  EXPECT_EQ(fcntl(kOwn, F_GETFD), -1);
}

// Has a table of its own, and looks at the locks of the others.
static void other(long sharing) {
  EXPECT_EQ(dup2(kPipeIn, kOwn), kOwn);
  tree_set_up_and_wait();
  EXPECT_EQ(holder(kLocked, 5), getppid());
  EXPECT_EQ(holder(kLocked, 105), sharing);
  EXPECT_EQ(fcntl(kOwn, F_GETFD), 0);
  EXPECT_EQ(fcntl(kNew, F_GETFD), -1);
}

int main(int argc, char** argv) {
  tree_start(argc, argv);
  word = tree_memory(4096);
  int ends[2], locked = open(e2e_file("locked"), O_RDWR | O_CREAT, 0600), gone = eventfd(1, 0);
  EXPECT_EQ(pipe(ends), 0);
  EXPECT_EQ(dup2(ends[0], kPipeIn), kPipeIn);
  EXPECT_EQ(dup3(ends[1], kPipeOut, O_CLOEXEC), kPipeOut);
  close(ends[0]);
  close(ends[1]);
  EXPECT_EQ(dup2(locked, kLocked), kLocked);
  close(locked);
  EXPECT_EQ(dup2(epoll_create1(0), kEpoll), kEpoll);
  struct epoll_event event = {.events = EPOLLIN, .data.u64 = 7};
  EXPECT_EQ(epoll_ctl(kEpoll, EPOLL_CTL_ADD, kPipeIn, &event), 0);
  lock(kLocked, F_WRLCK, 0);
  pid_t sharing = clone_fork(CLONE_FILES, sharer, 0);
  tree_await(1);
  pid_t apart = tree_fork(other, sharing);
  tree_ready_and_wait(1);
  EXPECT(clone_same(getpid(), sharing, KCMP_FILES));
  EXPECT(!clone_same(getpid(), apart, KCMP_FILES));
  EXPECT(!clone_same(getpid(), sharing, KCMP_FS));
  EXPECT_EQ(fcntl(kPipeOut, F_GETFD), FD_CLOEXEC);
  EXPECT_EQ(fcntl(kPipeIn, F_GETFD), 0);
  tree_reap(apart);
  EXPECT_EQ(write(kPipeOut, "p", 1), 1);
  EXPECT_EQ(epoll_wait(kEpoll, &event, 1, 0), 1);
  EXPECT_EQ(event.data.u64, 7);
  say(1);
  await(2);
  EXPECT_EQ(fcntl(kNew, F_GETFD), FD_CLOEXEC);
  EXPECT_EQ(fcntl(kPipeOut, F_GETFD), -1);
  char byte;
  EXPECT_EQ(read(kNew, &byte, 1), 0);  // Nobody else has the other end.
  say(3);
  tree_await_end(sharing);
  uint64_t count;
  EXPECT_EQ(read(gone, &count, sizeof count), (ssize_t)sizeof count);
  // The table lives, and with it the lock of who has ended.
  int status = -1;
  pid_t looker = fork();
  if (looker == 0) _exit(holder(kLocked, 105) != sharing);
  EXPECT_EQ(waitpid(looker, &status, 0), looker);
  EXPECT_EQ(status, 0);
  tree_reap(sharing);
  return e2e_ok();
}

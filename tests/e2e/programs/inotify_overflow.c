// inotify: a queue that has overflowed, read in part, and what came after that.
#include <sys/inotify.h>

#include "tests/e2e/programs/e2e.h"

enum { kRead = 10, kAfter = 3 };

static int next(int fd, struct inotify_event* event) {
  return read(fd, event, sizeof *event) == sizeof *event;
}

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  char limit[32];
  e2e_read_file("/proc/sys/fs/inotify/max_queued_events", limit, sizeof limit);
  const long most = atol(limit);
  if (most > 200000) e2e_skip("the queue is too large to fill");
  int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  int file = open(e2e_file("watched"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  EXPECT_EQ(inotify_add_watch(fd, e2e_file("watched"), IN_MODIFY | IN_ATTRIB), 1);
  for (long i = 0; i < most + 5; ++i) EXPECT_EQ(i % 2 ? fchmod(file, 0600) : ftruncate(file, 0), 0);
  struct inotify_event event;
  for (int i = 0; i < kRead; ++i) EXPECT(next(fd, &event));
  for (int i = 0; i < kAfter; ++i) EXPECT_EQ(i % 2 ? ftruncate(file, 0) : fchmod(file, 0600), 0);
  e2e_ready_and_wait();

  EXPECT_EQ(ftruncate(file, 5), 0);
  for (long i = kRead; i < most; ++i) {
    EXPECT(next(fd, &event));
    EXPECT_EQ(event.mask, i % 2 ? IN_ATTRIB : IN_MODIFY);
  }
  EXPECT(next(fd, &event));
  EXPECT_EQ(event.mask, IN_Q_OVERFLOW);
  EXPECT_EQ(event.wd, -1);
  for (int i = 0; i < kAfter + 1; ++i) {
    EXPECT(next(fd, &event));
    EXPECT_EQ(event.wd, 1);
    EXPECT_EQ(event.mask, i % 2 ? IN_MODIFY : IN_ATTRIB);
  }
  EXPECT(!next(fd, &event));
  return e2e_ok();
}

// inotify: its watches, with their numbers and masks, report what happens afterwards.
#include <sys/inotify.h>

#include "tests/e2e/programs/e2e.h"

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  char dir[PATH_MAX], path[PATH_MAX + 16];
  snprintf(dir, sizeof dir, "%s", e2e_file("dir"));
  EXPECT_EQ(mkdir(dir, 0755), 0);
  int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  int first = inotify_add_watch(fd, "/tmp", IN_DELETE_SELF);
  int watch = inotify_add_watch(fd, dir, IN_CREATE | IN_DELETE);
  EXPECT(first > 0 && watch > first);
  EXPECT_EQ(inotify_rm_watch(fd, first), 0);
  char drain[4096];
  while (read(fd, drain, sizeof drain) > 0) {
  }
  e2e_ready_and_wait();
  snprintf(path, sizeof path, "%s/made", dir);
  close(open(path, O_CREAT | O_WRONLY, 0600));
  char buffer[4096] __attribute__((aligned(8)));
  ssize_t n = read(fd, buffer, sizeof buffer);
  EXPECT(n > 0);
  struct inotify_event* event = (struct inotify_event*)buffer;
  EXPECT_EQ(event->wd, watch);
  EXPECT_EQ(event->mask, IN_CREATE);
  EXPECT(strcmp(event->name, "made") == 0);
  EXPECT_EQ(n, sizeof *event + event->len);  // One event, none twice.
  EXPECT_EQ(inotify_rm_watch(fd, watch), 0);
  return e2e_ok();
}

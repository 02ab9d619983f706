// fanotify: a group with file handles, which needs no privilege; its marks report what happens
// afterwards.
#include <sys/fanotify.h>

#include "tests/e2e/programs/e2e.h"

// The lines about the group, as the kernel shows them.
static void read_lines(int fd, char* lines, size_t size) {
  char path[64], text[8192];
  snprintf(path, sizeof path, "/proc/self/fdinfo/%d", fd);
  e2e_read_file(path, text, sizeof text);
  char* at = strstr(text, "fanotify flags:");
  EXPECT(at != NULL);
  snprintf(lines, size, "%s", at);
}

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  int fd = fanotify_init(FAN_CLASS_NOTIF | FAN_REPORT_DFID_NAME | FAN_NONBLOCK, O_RDONLY);
  if (fd < 0) e2e_skip("no fanotify here");
  char dir[PATH_MAX], path[PATH_MAX + 16], before[8192], after[8192];
  snprintf(dir, sizeof dir, "%s", e2e_file("dir"));
  EXPECT_EQ(mkdir(dir, 0755), 0);
  int file = open(e2e_file("watched"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fanotify_mark(fd, FAN_MARK_ADD, FAN_MODIFY, AT_FDCWD, e2e_file("watched")) != 0)
    e2e_skip("a file system without file handles");
  EXPECT_EQ(fanotify_mark(fd, FAN_MARK_ADD, FAN_CREATE | FAN_ONDIR, AT_FDCWD, dir), 0);
  EXPECT_EQ(fanotify_mark(fd, FAN_MARK_ADD | FAN_MARK_IGNORED_MASK | FAN_MARK_IGNORED_SURV_MODIFY,
                          FAN_ATTRIB, AT_FDCWD, dir),
            0);
  read_lines(fd, before, sizeof before);
  e2e_ready_and_wait();

  read_lines(fd, after, sizeof after);
  if (strcmp(before, after) != 0) e2e_fail("was:\n%s\nis:\n%s", before, after);
  char events[4096] __attribute__((aligned(8)));
  EXPECT_EQ(read(fd, events, sizeof events), -1);
  EXPECT_EQ(errno, EAGAIN);
  EXPECT_EQ(write(file, "x", 1), 1);
  snprintf(path, sizeof path, "%s/sub", dir);
  EXPECT_EQ(mkdir(path, 0700), 0);
  ssize_t n = read(fd, events, sizeof events);
  struct fanotify_event_metadata* event = (struct fanotify_event_metadata*)events;
  EXPECT(FAN_EVENT_OK(event, n));
  EXPECT_EQ(event->mask, FAN_MODIFY);
  EXPECT_EQ(event->fd, FAN_NOFD);
  EXPECT_EQ(event->pid, getpid());
  event = FAN_EVENT_NEXT(event, n);
  EXPECT(FAN_EVENT_OK(event, n));
  EXPECT_EQ(event->mask, FAN_CREATE | FAN_ONDIR);
  event = FAN_EVENT_NEXT(event, n);
  EXPECT(!FAN_EVENT_OK(event, n));
  return e2e_ok();
}

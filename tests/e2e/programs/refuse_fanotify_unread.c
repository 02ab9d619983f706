// Events of a fanotify group that nobody has read yet; they stay where they are.
#include <sys/fanotify.h>

#include "tests/e2e/programs/e2e.h"

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  int fd = fanotify_init(FAN_CLASS_NOTIF | FAN_REPORT_FID | FAN_NONBLOCK, O_RDONLY);
  if (fd < 0) e2e_skip("no fanotify here");
  int file = open(e2e_file("watched"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fanotify_mark(fd, FAN_MARK_ADD, FAN_MODIFY, AT_FDCWD, e2e_file("watched")) != 0)
    e2e_skip("a file system without file handles");
  EXPECT_EQ(write(file, "x", 1), 1);
  e2e_ready_and_wait();
  char event[4096];
  EXPECT(read(fd, event, sizeof event) > 0);
  return e2e_ok();
}

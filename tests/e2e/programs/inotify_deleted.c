// inotify: a watch of a file that has no name any more, but is open.
#include <sys/inotify.h>

#include "tests/e2e/programs/e2e.h"

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  int fd = inotify_init1(IN_NONBLOCK);
  int file = open(e2e_file("watched"), O_RDWR | O_CREAT, 0600);
  EXPECT_EQ(inotify_add_watch(fd, e2e_file("watched"), IN_MODIFY | IN_DELETE_SELF), 1);
  EXPECT_EQ(unlink(e2e_file("watched")), 0);
  e2e_ready_and_wait();
  struct inotify_event event;
  EXPECT_EQ(write(file, "x", 1), 1);
  EXPECT_EQ(read(fd, &event, sizeof event), sizeof event);
  EXPECT_EQ(event.mask, IN_MODIFY);
  close(file);
  EXPECT_EQ(read(fd, &event, sizeof event), sizeof event);
  EXPECT_EQ(event.mask, IN_DELETE_SELF);
  EXPECT_EQ(event.wd, 1);
  EXPECT_EQ(read(fd, &event, sizeof event), sizeof event);
  EXPECT_EQ(event.mask, IN_IGNORED);
  return e2e_ok();
}

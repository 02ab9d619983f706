// A fanotify group that is asked before a file is opened: while it is frozen, others would wait.
#include <sys/fanotify.h>

#include "tests/e2e/programs/e2e.h"

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  int fd = fanotify_init(FAN_CLASS_CONTENT | FAN_NONBLOCK, O_RDONLY);
  if (fd < 0) e2e_skip("takes CAP_SYS_ADMIN");
  int file = open(e2e_file("watched"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  uint64_t mask = FAN_MODIFY | FAN_OPEN_PERM;
  EXPECT_EQ(fanotify_mark(fd, FAN_MARK_ADD, mask, AT_FDCWD, e2e_file("watched")), 0);
  e2e_ready_and_wait();
  char event[4096];
  EXPECT_EQ(write(file, "x", 1), 1);
  EXPECT(read(fd, event, sizeof event) > 0);
  return e2e_ok();
}

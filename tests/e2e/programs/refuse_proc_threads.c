// A file of /proc that shows a thread.
#include "tests/e2e/programs/e2e.h"

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  char path[64], text[64];
  snprintf(path, sizeof path, "/proc/self/task/%d/comm", (int)getpid());
  int fd = open(path, O_RDONLY);
  EXPECT(fd >= 0);
  e2e_ready_and_wait();
  EXPECT(read(fd, text, sizeof text) > 0);
  return e2e_ok();
}

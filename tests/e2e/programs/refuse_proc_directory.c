// An open directory that shows a running process.
#include "tests/e2e/programs/e2e.h"

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  int fd = open("/proc/self", O_RDONLY | O_DIRECTORY);
  EXPECT(fd >= 0);
  e2e_ready_and_wait();
  EXPECT(openat(fd, "status", O_RDONLY) >= 0);
  return e2e_ok();
}

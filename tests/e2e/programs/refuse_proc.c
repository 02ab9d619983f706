// A view of a process that is not of the job cannot be saved; the job must not notice the attempt.
#include "tests/e2e/programs/e2e.h"

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/stat", getppid());
  int fd = open(path, O_RDONLY);
  EXPECT(fd >= 0);
  e2e_ready_and_wait();
  char text[512];
  EXPECT(read(fd, text, sizeof text) > 0);
  return e2e_ok();
}

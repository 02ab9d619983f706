// A descriptor of a namespace.
#include "tests/e2e/programs/e2e.h"

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  int fd = open("/proc/self/ns/uts", O_RDONLY);
  EXPECT(fd >= 0);
  e2e_ready_and_wait();
  EXPECT(fcntl(fd, F_GETFD) >= 0);
  return e2e_ok();
}
